//! A directory as a table: one row for each role that somebody fills, or for each place.
//!
//! ```csv
//! thing,id,role,address,person,language,name,region,time_zone,calendar
//! company,,owner,cx@example.test,,,,,,
//! region,R1,director,director.r1@example.test,Ana Ruiz,es,Centre,,,
//! store,S7,manager,manager.s7@example.test,,,Atocha,R1,Europe/Madrid,business_hours
//! store,S7,team_lead,lead.s7@example.test,,,,,,
//! ```
//!
//! `thing` is needed, and `id` for everything but `company`. `role` and `address` fill a role; `person` and `language` say
//! who answers at the address. Every other column is a fact of the thing, or `time_zone` or `calendar`; an empty
//! cell says nothing, so that a second row of a place need not repeat its facts. Columns are parted by commas or
//! semicolons (as the first line has them); quotes as in every CSV.

use crate::lang::codes;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::mixed;
use crate::lang::source::{FileNo, Offsets, Slice, Sources, Span};
use crate::lang::yaml::node::Key;
use crate::lang::yaml::parse::MAX_BYTES;
use crate::suggest::nearest;
use crate::value::Str;
use crate::vocabulary::directory::Directory;
use crate::vocabulary::typed::is_language;
use crate::vocabulary::{Vocabulary, builtin};

use super::directory::{Entry, References, new_place};
use super::{Reader, bad_language, fingerprint};

/// The columns that are no facts.
const COLUMNS: [&str; 6] = ["thing", "id", "role", "address", "person", "language"];

/// Reads a directory from CSV.
pub fn directory_csv(sources: &Sources, file: FileNo, vocabulary: &Vocabulary) -> (Directory, Vec<Diagnostic>) {
    let mut reader = Reader { file, diagnostics: Vec::new(), lost: vocabulary.lost.clone(), skipped: false };
    let mut directory = Directory { fingerprint: fingerprint(sources, file), ..Directory::default() };
    let text = &sources.file(file).text;
    reader.diagnostics.extend(mixed::warnings(&Slice { text, file, offsets: Offsets::Shift(0) }));
    reader.table(text, vocabulary, &mut directory);
    directory.unread = reader.lost_a_part();
    (directory, reader.finish())
}

fn bad(span: Span, message: &str) -> Diagnostic {
    Diagnostic::error(codes::BAD_CSV, span, message)
}

impl Reader {
    fn table(&mut self, text: &str, vocabulary: &Vocabulary, directory: &mut Directory) {
        if text.len() > MAX_BYTES {
            let help = "use directory.yaml and leave out what no rule needs";
            return self.say(Diagnostic::too_large(self.file, text.len(), help));
        }
        let mut rows = rows(text, self.file, self).into_iter();
        let Some(header) = rows.next() else {
            self.say(
                bad(Span::new(self.file, 0, 0), "the file holds nothing")
                    .help("begin with the names of the columns: `thing,id,role,address`"),
            );
            return;
        };
        if !header.iter().any(|cell| cell.text == "thing") {
            let span = header.first().map_or(Span::new(self.file, 0, 0), |cell| cell.span);
            let near = nearest("thing", header.iter().map(|cell| cell.text.as_str()));
            self.say(bad(span, "the first line has no column `thing`").help(match near {
                Some(near) => format!("rename the column `{near}` to `thing`"),
                None => "begin with the names of the columns: `thing,id,role,address`".to_owned(),
            }));
            return;
        }
        let mut references = References::default();
        for row in rows {
            if row.len() > header.len() {
                let span = row[header.len()].span;
                let message = format!("the row has {} cells, the first line {} columns", row.len(), header.len());
                self.say(bad(span, &message).help("put a cell that holds a comma in quotes"));
                continue;
            }
            self.row(&header, &row, vocabulary, directory, &mut references);
        }
        self.check_references(&references, vocabulary, directory);
    }

    fn row(
        &mut self,
        header: &[Cell],
        row: &[Cell],
        vocabulary: &Vocabulary,
        directory: &mut Directory,
        references: &mut References,
    ) {
        let cell = |name: &str| header.iter().zip(row).find(|(column, _)| column.text == name).map(|(_, cell)| cell);
        let filled = |name: &str| cell(name).filter(|cell| !cell.text.is_empty());
        let Some(kind) = filled("thing") else {
            let span = row.first().map_or_else(Span::default, |cell| cell.span);
            self.say(bad(span, "the row does not say its `thing`").help("write `company`, `store` or another thing"));
            return;
        };
        let address = filled("address");
        if let Some(address) = address {
            self.address(&address.text, address.span);
            self.person(address, filled("person"), filled("language"), directory);
        }
        let role = filled("role");
        if let Some(role) = role {
            self.name(&Key { text: role.text.clone(), span: role.span }, "role");
        }
        let fills = role.zip(address).map(|(role, address)| (Str::from(&*role.text), Str::from(&*address.text)));
        if kind.text == "company" {
            match fills {
                Some((role, address)) if &*role == "owner" => directory.owner = Some(address),
                Some((role, address)) => directory.company_roles.entry(role).or_default().push(address),
                None => self.say(bad(kind.span, "a `company` row needs `role` and `address`").help("fill both")),
            }
            return;
        }
        let Some(thing) = vocabulary.thing(&kind.text).filter(|_| kind.text != builtin::CASE) else {
            if self.lost.contains(kind.text.as_str()) {
                self.skipped = true;
                return;
            }
            let unknown = self.unknown_kind(&kind.text, kind.span, vocabulary);
            self.say(unknown);
            return;
        };
        let id = cell("id").unwrap_or(kind);
        let Some(number) = self.place_id(if std::ptr::eq(id, kind) { "" } else { &id.text }, id.span) else { return };
        let mut place =
            directory.places.remove(&(thing, number.clone())).unwrap_or_else(|| new_place(thing, vocabulary));
        for (column, cell) in header.iter().zip(row) {
            if COLUMNS.contains(&column.text.as_str()) || cell.text.is_empty() {
                continue;
            }
            let entry = Entry { key: &column.text, key_span: column.span, text: &cell.text, span: cell.span };
            self.place_entry(entry, thing, vocabulary, &mut place, references);
        }
        if let Some((role, address)) = fills {
            place.roles.entry(role).or_default().push(address);
        }
        directory.places.insert((thing, number), place);
    }

    fn person(&mut self, address: &Cell, name: Option<&Cell>, language: Option<&Cell>, directory: &mut Directory) {
        if name.is_none() && language.is_none() {
            return;
        }
        let person = directory.people.entry(address.text.as_str().into()).or_default();
        if let Some(name) = name {
            person.name = Some(name.text.as_str().into());
        }
        match language {
            Some(code) if is_language(&code.text) => person.language = Some(code.text.as_str().into()),
            Some(code) => self.say(bad_language(&code.text, code.span)),
            None => {}
        }
    }
}

/// A cell with its place, quotes taken off.
struct Cell {
    text: String,
    span: Span,
}

/// Cuts a text into rows of cells; blank lines are left out.
fn rows(text: &str, file: FileNo, reader: &mut Reader) -> Vec<Vec<Cell>> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let first_line = text[start..].lines().next().unwrap_or("");
    let comma = if first_line.matches(';').count() > first_line.matches(',').count() { ';' } else { ',' };
    let (mut rows, mut row) = (Vec::new(), Vec::new());
    let mut chars = text[start..].char_indices().map(|(at, c)| (start + at, c)).peekable();
    loop {
        let from = chars.peek().map_or(text.len(), |(at, _)| *at);
        let mut cell = String::new();
        let quoted = chars.next_if(|(_, c)| *c == '"').is_some();
        if quoted {
            let mut closed = false;
            while let Some((_, c)) = chars.next() {
                if c != '"' {
                    cell.push(c);
                } else if chars.next_if(|(_, c)| *c == '"').is_some() {
                    cell.push('"');
                } else {
                    closed = true;
                    break;
                }
            }
            if !closed {
                let span = Span::new(file, from, from + 1);
                reader.say(bad(span, "the quote is never closed").help("add the closing `\"` at the end of the cell"));
            }
        }
        while let Some((_, c)) = chars.next_if(|(_, c)| *c != comma && *c != '\n') {
            cell.push(c);
        }
        let to = chars.peek().map_or(text.len(), |(at, _)| *at);
        row.push(Cell {
            text: cell.trim().to_owned(),
            span: Span::new(file, from, from.max(from + text[from..to].trim_end().len())),
        });
        let ended = !matches!(chars.next(), Some((_, c)) if c == comma);
        if ended {
            if row.len() > 1 || row.iter().any(|cell| !cell.text.is_empty()) {
                rows.push(std::mem::take(&mut row));
            }
            row.clear();
            if chars.peek().is_none() {
                return rows;
            }
        }
    }
}
