//! The read side: what people and their tools look at, in a file of its own beside the store.
//!
//! It follows the journal and the committed effects with a reader, so it never makes the writer wait, and it is deleted and
//! built anew whenever it is damaged or of another format. The views in `views.sql` are what is promised. Left out: keeping
//! it current (`daemon::views` calls [`Views::follow`]), and whatever needs the engine's state.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, Params, Transaction, params};

use crate::engine::effect::{Effect, Firing, Outcome, What};
use crate::engine::input::{Human, HumanAction, Input, Target};
use crate::engine::record::Record;
use crate::engine::ruleset::RuleSet;
use crate::engine::store::{Harmed, Hash, Kind, Reader, Row, RowState, StoreError};
use crate::id::{EffectId, Position};
use crate::signal::Signal;
use crate::store::private;
use crate::store::sqlite::open::explain;
use crate::value::Value;
use crate::vocabulary::text::fold;
use crate::vocabulary::{Type, builtin};

/// The file in a data folder.
pub const FILE: &str = "views.sqlite";
/// Another number: the file is built anew.
pub(super) const FORMAT: i32 = 6;
/// How many open rows of the outbox are looked at in one go.
const REFRESHED: usize = 500;

/// The read side of a data folder.
#[derive(Debug)]
pub struct Views {
    path: PathBuf,
    connection: Connection,
    /// Which rule set decides from behind which position, as far as it was read.
    versions: Vec<(Position, Hash)>,
}

/// What following came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// How many inputs were followed.
    pub inputs: usize,
    /// How far the views have come.
    pub position: Position,
}

impl Views {
    /// Opens the views of a data folder; they begin anew where they are missing, damaged or of another format.
    pub fn open(folder: &Path) -> Result<Views, StoreError> {
        let path = folder.join(FILE);
        if let Some(connection) = opened(&path) {
            return Ok(Views { path, connection, versions: vec![] });
        }
        Views::begin_anew(folder)
    }

    /// Begins the views of a data folder anew; nobody may have them open for writing.
    pub fn begin_anew(folder: &Path) -> Result<Views, StoreError> {
        let path = folder.join(FILE);
        let silences = silences_of(&path);
        Views::remove(folder)?;
        private::ready(&path).map_err(|error| StoreError::Failed(format!("{}: {error}", path.display())))?;
        let create = || -> rusqlite::Result<Connection> {
            let mut connection = Connection::open(&path)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // Whoever reads meanwhile sees nothing, or all of it.
            let transaction = connection.transaction()?;
            transaction.execute_batch(include_str!("views.sql"))?;
            transaction.execute("INSERT INTO follows VALUES (1, 0, 0)", [])?;
            // Who asked for one that is still in force may stand nowhere else: the journal forgets what is old.
            for (position, at, by, playbook, rule, until) in &silences {
                let sql = "INSERT INTO silence VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
                transaction.execute(sql, params![position, at, by, playbook, rule, until])?;
            }
            transaction.pragma_update(None, "user_version", FORMAT)?;
            transaction.commit()?;
            Ok(connection)
        };
        create().map_err(|error| explain(&path, error))?;
        let connection = opened(&path);
        let connection =
            connection.ok_or_else(|| StoreError::Failed(format!("{} cannot be opened", path.display())))?;
        Ok(Views { path, connection, versions: vec![] })
    }

    /// Takes the views of a data folder away.
    fn remove(folder: &Path) -> Result<(), StoreError> {
        for end in ["", "-wal", "-shm"] {
            let path = folder.join(format!("{FILE}{end}"));
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::Failed(format!("{}: {error}", path.display())));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Follows at most `limit` more inputs; where no more are left, looks at rows of the outbox that were open.
    /// `rules` gives the rule set with a hash (`daemon::rules`).
    pub fn follow<E: From<StoreError>>(
        &mut self,
        store: &dyn Reader,
        limit: usize,
        mut rules: impl FnMut(Hash) -> Result<std::sync::Arc<RuleSet>, E>,
    ) -> Result<Followed, E> {
        let Views { path, connection, versions } = self;
        let failed = |error| explain(path, error);
        let from = connection.query_row("SELECT position FROM follows", [], |row| row.get::<_, i64>(0));
        let from = from.map_err(failed)? as u64;
        // Only what is folded: effects and inputs stay together.
        let ends = store.ends()?;
        let upto = ends.cursor.0.min(from.max(ends.trimmed.0) + limit as u64);
        let records = store.records(Position(from + 1), limit)?;
        let records: Vec<&Record> = records.iter().filter(|record| record.position.0 <= upto).collect();
        let effects = store.effects(Position(from + 1), records.len())?;
        if versions.is_empty() || records.iter().any(|record| matches!(record.input, Input::Switch(_))) {
            *versions = store.versions()?.iter().map(|version| (version.from, version.hash)).collect();
        }
        let decided = |position: Position| versions.iter().rfind(|(from, _)| *from <= position).map(|(_, hash)| *hash);
        let transaction = connection.transaction().map_err(failed)?;
        let mut effects = effects.iter().peekable();
        // What an input asked for stands before the next input: who closes a case finds it.
        for record in &records {
            if let Some(hash) = decided(record.position) {
                add_record(&transaction, record, &*rules(hash)?).map_err(failed)?;
            }
            // What came of a message is read again at once; what else happens to rows, once there is nothing to follow.
            if let Input::Delivery(delivery) = &record.input {
                for row in store.rows(delivery.effect)? {
                    add_row(&transaction, &row).map_err(failed)?;
                }
            }
            while effects.next_if(|(position, _)| *position < record.position).is_some() {}
            let asked_for = effects.next_if(|(position, _)| *position == record.position);
            let asked_for = asked_for.map_or(&[][..], |(_, effects)| effects);
            for effect in asked_for {
                let ruleset = decided(record.position).map(&mut rules).transpose()?;
                add_effect(&transaction, effect, ruleset.as_deref()).map_err(failed)?;
                for row in store.rows(effect.id)? {
                    add_row(&transaction, &row).map_err(failed)?;
                }
            }
            // Behind what it asked for: a step that it stopped was not acknowledged, it did not come to that.
            if let Input::Human(Human { action: HumanAction::Acknowledge(target), by }) = &record.input {
                acknowledged(&transaction, target, asked_for, (&record.now.to_string(), by)).map_err(failed)?;
            }
        }
        if records.len() < limit {
            for effect in open_rows(&transaction).map_err(failed)? {
                for row in store.rows(effect)? {
                    add_row(&transaction, &row).map_err(failed)?;
                }
            }
            // Of a damaged one only that is known.
            for harmed in store.harmed()? {
                let Harmed::Message(id) = harmed else { continue };
                let sql = "UPDATE outbox SET state = 'damaged' WHERE effect_id = ?1 AND recipient = ?2";
                run(&transaction, sql, params![id.effect.to_string(), id.recipient]).map_err(failed)?;
            }
        }
        if let Some(last) = records.last() {
            let moved = transaction.execute("UPDATE follows SET position = ?1", [last.position.0 as i64]);
            moved.map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        let position = records.last().map_or(Position(from), |record| record.position);
        Ok(Followed { inputs: records.len(), position })
    }

    /// Forgets what came before `before`.
    pub fn trim(&mut self, before: Timestamp) -> Result<(), StoreError> {
        let path = &self.path;
        let old = before.to_string();
        for sql in [
            "DELETE FROM signal WHERE received_at < ?1",
            "DELETE FROM firing WHERE at < ?1",
            "DELETE FROM alert WHERE at < ?1",
            "DELETE FROM \"case\" WHERE status = 'closed' AND closed_at < ?1",
            "DELETE FROM contact WHERE at < ?1",
            // What was said about a case is kept as long as the case.
            "DELETE FROM comment WHERE at < ?1 AND case_id NOT IN (SELECT case_id FROM \"case\")",
            "DELETE FROM silence WHERE until < ?1",
            "DELETE FROM outbox WHERE at < ?1 AND state IN ('sent', 'withdrawn', 'dead', 'silenced')",
        ] {
            self.connection.execute(sql, [&old]).map_err(|error| explain(path, error))?;
        }
        Ok(())
    }
}

/// Opens what is there, if it is whole and of this format.
fn opened(path: &Path) -> Option<Connection> {
    if !path.exists() {
        return None;
    }
    let connection = Connection::open(path).ok()?;
    let whole = || -> rusqlite::Result<bool> {
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        // What is lost when the power goes is followed again.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let format: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        connection.query_row("SELECT position FROM follows", [], |row| row.get::<_, i64>(0))?;
        Ok(format == FORMAT && check == "ok")
    };
    match whole() {
        Ok(whole) => whole.then_some(connection),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Some(connection),
        Err(_) => None,
    }
}

/// A row of `silence`: position, when, by whom, playbook and rule, until when.
type SilenceRow = (i64, String, String, Option<String>, Option<String>, String);

/// Returns the silences that views hold which are about to begin anew, as far as they can be read.
fn silences_of(path: &Path) -> Vec<SilenceRow> {
    let read = || -> rusqlite::Result<Vec<SilenceRow>> {
        let connection = Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let sql = "SELECT position, at, silenced_by, playbook, rule, until FROM silence";
        let mut statement = connection.prepare(sql)?;
        let row =
            |row: &rusqlite::Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?));
        statement.query_map([], row)?.collect()
    };
    if path.exists() { read().unwrap_or_default() } else { vec![] }
}

type Done = rusqlite::Result<()>;

fn run(transaction: &Transaction, sql: &str, params: impl Params) -> Done {
    transaction.prepare_cached(sql)?.execute(params).map(|_| ())
}

fn add_record(transaction: &Transaction, record: &Record, rules: &RuleSet) -> Done {
    let (at, position) = (record.now.to_string(), record.position.0 as i64);
    match &record.input {
        Input::Signal(signal) | Input::History(signal) => {
            let sql = "INSERT INTO signal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1) \
                       ON CONFLICT(source, signal_id) DO UPDATE \
                       SET times = times + 1, fields = json_patch(excluded.fields, fields) WHERE excluded.position > position";
            let imported = matches!(record.input, Input::History(_));
            let kind = rules.vocabulary.signal_type(signal.kind);
            let id = &signal.id;
            let fields = fields(signal, rules);
            run(
                transaction,
                sql,
                params![position, &*id.source, &*id.id, &*kind.name, signal.at.to_string(), at, fields, imported],
            )
        }
        Input::Human(human) => add_human(transaction, human, position, &at),
        _ => Ok(()),
    }
}

/// Returns the fields of a signal as JSON, without what is personal.
fn fields(signal: &Signal, rules: &RuleSet) -> String {
    let kind = rules.vocabulary.signal_type(signal.kind);
    let pairs = kind.fields.iter().zip(&signal.fields).filter(|(field, value)| !field.personal && !value.is_missing());
    let pairs = pairs.map(|(field, value)| (field.name.to_string(), json(value)));
    serde_json::Value::Object(pairs.collect()).to_string()
}

fn add_human(transaction: &Transaction, human: &Human, position: i64, at: &str) -> Done {
    let by = &*human.by;
    let on_case = |target: &Target, set: &str, value: &str, only: &str| match target {
        Target::Case(case) => {
            let sql = format!("UPDATE \"case\" SET {set} WHERE case_id = ?1 AND {only}");
            run(transaction, &sql, params![&**case, value, at, by])
        }
        Target::Rule { rule, key } => {
            let sql = format!(
                "UPDATE \"case\" SET {set} WHERE playbook = ?5 AND rule = ?6 AND key = ?7 AND {only} AND ?1 IS NULL"
            );
            let none: Option<&str> = None;
            run(transaction, &sql, params![none, value, at, by, &*rule.playbook, &*rule.rule, key_text(key)])
        }
    };
    // Every statement binds the same four: the case, the value, when and by whom.
    const ALL: &str = "(?2 IS ?2 AND ?3 IS ?3 AND ?4 IS ?4)";
    match &human.action {
        HumanAction::Acknowledge(target) => {
            let set = "acknowledged_at = coalesce(acknowledged_at, ?3)";
            on_case(target, set, "", &format!("{ALL} AND status = 'open'"))
        }
        HumanAction::Close { target, outcome } => {
            let set = "status = 'closed', closed_at = ?3, closed_by = ?4, outcome = nullif(?2, '')";
            on_case(target, set, outcome, &format!("{ALL} AND status = 'open'"))
        }
        HumanAction::Reopen(target) => {
            let set = "status = 'open', closed_at = NULL, closed_by = NULL, outcome = NULL";
            on_case(target, set, "", &format!("{ALL} AND status = 'closed'"))
        }
        HumanAction::Assign { target, to } => on_case(target, "owner = ?2", to, ALL),
        HumanAction::Contact { target, customer } => {
            let case = match target {
                Some(Target::Case(case)) => Some(case.to_string()),
                _ => None,
            };
            let sql = "INSERT OR REPLACE INTO contact VALUES (?1, ?2, ?3, ?4, \
                       coalesce(?5, (SELECT customer FROM \"case\" WHERE case_id = ?4)))";
            run(transaction, sql, params![position, at, by, case, customer.as_deref()])
        }
        HumanAction::Comment { target: Target::Case(case), text } => {
            let sql = "INSERT OR REPLACE INTO comment VALUES (?1, ?2, ?3, ?4, ?5)";
            run(transaction, sql, params![position, at, by, &**case, &**text])
        }
        HumanAction::Comment { target: Target::Rule { rule, key }, text } => {
            let sql = "INSERT OR REPLACE INTO comment SELECT ?1, ?2, ?3, case_id, ?4 FROM \"case\" \
                       WHERE playbook = ?5 AND rule = ?6 AND key = ?7 ORDER BY status = 'open' DESC, opened_at DESC LIMIT 1";
            run(transaction, sql, params![position, at, by, &**text, &*rule.playbook, &*rule.rule, key_text(key)])
        }
        HumanAction::Silence { rule, until } => {
            let sql = "INSERT OR REPLACE INTO silence VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let rule = rule.as_ref().map(|rule| (&*rule.playbook, &*rule.rule)).unzip();
            run(transaction, sql, params![position, at, by, rule.0, rule.1, until.to_string()])
        }
    }
}

/// Notes by whom alerts were acknowledged: those that went, of the ladder that was stopped, and of the open case that was
/// meant. An acknowledgement that met neither acknowledges nothing.
fn acknowledged(transaction: &Transaction, target: &Target, asked_for: &[Effect], (at, by): (&str, &str)) -> Done {
    const SET: &str = "UPDATE alert SET acknowledged_at = ?1, acknowledged_by = ?2 \
                       WHERE acknowledged_at IS NULL AND outcome = 'sent'";
    let stopped = asked_for.iter().filter(|effect| effect.outcome == Outcome::Cancelled && effect.step > 0);
    for firing in stopped.filter_map(|effect| effect.firing.as_deref()) {
        let key: Vec<Value> = firing.key.iter().map(|(_, value)| value.clone()).collect();
        let sql = format!("{SET} AND playbook = ?3 AND rule = ?4 AND key = ?5 AND substr(at, 1, 19) >= ?6");
        // To the second: a fraction is written where there is one.
        let (rule, since) = (&firing.rule, firing.at.strftime("%Y-%m-%dT%H:%M:%S").to_string());
        run(transaction, &sql, params![at, by, &*rule.playbook, &*rule.rule, key_text(&key), since])?;
    }
    let open = "SELECT case_id FROM \"case\" WHERE status = 'open'";
    match target {
        Target::Case(case) => {
            run(transaction, &format!("{SET} AND case_id IN ({open} AND case_id = ?3)"), params![at, by, &**case])
        }
        Target::Rule { rule, key } => {
            let sql = format!("{SET} AND case_id IN ({open} AND playbook = ?3 AND rule = ?4 AND key = ?5)");
            run(transaction, &sql, params![at, by, &*rule.playbook, &*rule.rule, key_text(key)])
        }
    }
}

fn add_effect(transaction: &Transaction, effect: &Effect, rules: Option<&RuleSet>) -> Done {
    let Some(firing) = &effect.firing else { return Ok(()) };
    // One that the limit refused, or its chain, came to nothing: it did not fire.
    if effect.what == What::Firing {
        return Ok(());
    }
    let key: Vec<Value> = firing.key.iter().map(|(_, value)| value.clone()).collect();
    let key = key_text(&key);
    let rule = (&*firing.rule.playbook, &*firing.rule.rule);
    let case = match &firing.values.case {
        Value::Id(case) => Some(case.to_string()),
        _ => None,
    };
    let signal = firing.signal.as_ref();
    run(
        transaction,
        "INSERT OR IGNORE INTO firing VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            firing.position.0 as i64,
            rule.0,
            rule.1,
            key,
            firing.at.to_string(),
            signal.map(|id| id.source.to_string()),
            signal.map(|id| id.id.to_string()),
            firing.signals_total as i64,
            firing.late,
            case,
            hex(&firing.ruleset),
        ],
    )?;
    let (at, due) = (effect.at.to_string(), effect.due.map(|due| due.to_string()));
    match &effect.what {
        What::Alert { text, .. } => run(
            transaction,
            "INSERT INTO alert VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, NULL, NULL) \
             ON CONFLICT DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason, at = excluded.at, \
             text = excluded.text, due = coalesce(excluded.due, due)",
            params![
                effect.id.to_string(),
                rule.0,
                rule.1,
                key,
                effect.step,
                &*effect.to,
                &**text,
                effect.outcome.word(),
                &*effect.reason,
                at,
                due,
                case
            ],
        ),
        What::Withdraw => run(
            transaction,
            "UPDATE alert SET outcome = 'cancelled', reason = ?2 WHERE effect_id = ?1",
            params![effect.id.to_string(), &*effect.reason],
        ),
        What::OpenCase { case, joined: false, priority, reason } if effect.outcome.word() == "sent" => run(
            transaction,
            "INSERT OR IGNORE INTO \"case\" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'open', ?8, NULL, NULL, NULL, NULL, NULL)",
            params![&**case, rule.0, rule.1, key, customer(firing, rules), &**priority, reason.as_ref().map(shown), at],
        ),
        What::OpenCase { case, joined: true, priority, .. } => {
            run(transaction, "UPDATE \"case\" SET priority = ?2 WHERE case_id = ?1", params![&**case, &**priority])
        }
        _ => Ok(()),
    }
}

/// Returns the customer a firing is about: of its key, else of its signal.
fn customer(firing: &Firing, rules: Option<&RuleSet>) -> Option<String> {
    let of_key = firing.key.iter().find(|(name, _)| &**name == builtin::CUSTOMER).map(|(_, value)| value);
    let of_signal = || {
        let (rules, signal) = (rules?, firing.values.signal.as_ref()?);
        let thing = rules.vocabulary.thing(builtin::CUSTOMER)?;
        let kind = rules.vocabulary.signal_type(signal.kind);
        let mut fields = kind.fields.iter().zip(&signal.fields);
        fields.find(|(field, _)| field.ty == Type::Thing(thing)).map(|(_, value)| value)
    };
    of_key.or_else(of_signal).and_then(Value::present).map(shown)
}

fn add_row(transaction: &Transaction, row: &Row) -> Done {
    let state = match row.state {
        RowState::Waiting => "waiting",
        RowState::Leased { .. } => "leased",
        RowState::Sent => "sent",
        RowState::Dead => "dead",
        RowState::Withdrawn => "withdrawn",
        RowState::Silenced => "silenced",
    };
    let kind = match row.kind {
        Kind::Mail => "mail",
        Kind::Webhook => "webhook",
    };
    run(
        transaction,
        "INSERT OR REPLACE INTO outbox VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            row.id.effect.to_string(),
            row.id.recipient,
            kind,
            row.effect.what.word(),
            state,
            row.attempt,
            row.not_before.to_string(),
            row.give_up.to_string(),
            &*row.why,
            row.thread.as_deref(),
            row.effect.at.to_string(),
        ],
    )
}

/// Returns effects with rows that were not at their end when they were last looked at.
fn open_rows(transaction: &Transaction) -> rusqlite::Result<Vec<EffectId>> {
    let sql = "SELECT DISTINCT effect_id FROM outbox WHERE state IN ('waiting', 'leased', 'dead', 'damaged') \
               ORDER BY random() LIMIT ?1";
    let mut statement = transaction.prepare_cached(sql)?;
    let found = statement.query_map([REFRESHED as i64], |row| row.get::<_, String>(0))?;
    let ids: rusqlite::Result<Vec<String>> = found.collect();
    Ok(ids?.iter().filter_map(|id| effect_id(id)).collect())
}

fn effect_id(text: &str) -> Option<EffectId> {
    let number = u128::from_str_radix(text, 16).ok()?;
    Some(EffectId(number.to_be_bytes()))
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a key as it is compared: texts folded, in the order of the rule's key.
fn key_text(key: &[Value]) -> String {
    let folded = key.iter().map(|value| match value {
        Value::Text(text) => serde_json::Value::String(fold(text).into_owned()),
        other => json(other),
    });
    serde_json::Value::Array(folded.collect()).to_string()
}

fn json(value: &Value) -> serde_json::Value {
    let text = |text: String| serde_json::Value::String(text);
    match value {
        Value::Missing => serde_json::Value::Null,
        Value::Text(words) | Value::Id(words) => text(words.to_string()),
        Value::Number(number) => {
            let written = number.to_string();
            serde_json::from_str(&written).unwrap_or_else(|_| text(written))
        }
        Value::YesNo(yes) => serde_json::Value::Bool(*yes),
        Value::Duration(duration) => serde_json::json!(duration.as_secs_f64()),
        Value::Money(amount, currency) => text(format!("{amount} {currency}")),
        Value::Date(date) => text(date.to_string()),
        Value::Time(time) => text(time.to_string()),
    }
}

fn shown(value: &Value) -> String {
    match json(value) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::looked::Looked;

    /// The journal may have forgotten who asked for a silence that is still in force.
    #[test]
    fn who_asked_for_a_silence_is_kept_when_views_begin_anew() {
        let folder = std::env::temp_dir().join(format!("touchline-views-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let views = Views::open(&folder).unwrap();
        let sql =
            "INSERT INTO silence VALUES (7, '2026-03-01T00:00:00Z', 'ana', 'care', 'each', '2027-01-01T00:00:00Z')";
        views.connection.execute(sql, []).unwrap();
        views.connection.execute("UPDATE follows SET position = 9", []).unwrap();
        views.connection.pragma_update(None, "user_version", FORMAT - 1).unwrap();
        drop(views);
        let views = Views::open(&folder).unwrap();
        let position = views.connection.query_row("SELECT position FROM follows", [], |row| row.get::<_, i64>(0));
        assert_eq!(position, Ok(0), "they begin anew");
        let looked = Looked::at(&folder, Position(0), std::time::Duration::ZERO).unwrap().unwrap();
        let told = looked.silence(Some(("care", "each")), "2027-01-01T00:00:00Z").unwrap();
        assert_eq!(told.map(|(_, by)| by).as_deref(), Some("ana"));
        drop((views, looked));
        // So after an erasure, which has them begin anew whatever they are.
        let views = Views::begin_anew(&folder).unwrap();
        let looked = Looked::at(&folder, Position(0), std::time::Duration::ZERO).unwrap().unwrap();
        assert!(looked.silence(Some(("care", "each")), "2027-01-01T00:00:00Z").unwrap().is_some());
        drop((views, looked));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
