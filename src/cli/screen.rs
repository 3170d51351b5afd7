//! The terminal: standard output and error with their colour and width.
//!
//! Everything is written with ANSI styles; `anstream` takes them out for pipes, `NO_COLOR` and dumb terminals. A progress
//! bar steps aside for whatever is written meanwhile.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};
use std::rc::Rc;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::ProgressBar;
use similar::{ChangeTag, TextDiff};
use terminal_size::{Width, terminal_size_of};

/// Lines are never wider than this, however wide the terminal.
const WIDEST: usize = 100;
/// Nor narrower than this, however narrow.
const NARROWEST: usize = 40;

/// What has happened or is to be read first.
pub const BOLD: Style = Style::new().bold();
/// What only helps to find the way.
pub const DIM: Style = Style::new().dimmed();
/// What went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What did not.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What wants a second look.
pub const WARN: Style = AnsiColor::Yellow.on_default();

/// Where the command writes.
pub struct Screen {
    /// Standard output, buffered.
    pub out: AutoStream<Box<dyn Write>>,
    /// Standard error.
    pub err: AutoStream<io::Stderr>,
    /// How wide a line of standard output may be.
    pub width: usize,
    /// How wide a line of standard error may be; `None` where no terminal shows it.
    pub err_width: Option<usize>,
    /// Whether standard output shows colours.
    pub colour: bool,
    /// Whether a person watches standard error.
    pub watched: bool,
    bar: Bar,
}

/// The progress bar on standard error, while there is one.
type Bar = Rc<RefCell<Option<ProgressBar>>>;

impl Screen {
    /// Returns the screen of this process.
    pub fn of_terminal() -> Screen {
        let choice = AutoStream::choice(&io::stdout());
        let bar = Bar::default();
        let most = if io::stdout().is_terminal() { WATCHED } else { UNWATCHED };
        let out: Box<dyn Write> = Box::new(Paper::new(io::stdout(), most, bar.clone()));
        let columns = |size: Option<(Width, _)>| size.map(|(width, _)| usize::from(width.0).clamp(NARROWEST, WIDEST));
        Screen {
            out: AutoStream::new(out, choice),
            err: AutoStream::auto(io::stderr()),
            width: columns(terminal_size_of(io::stdout())).unwrap_or(WIDEST),
            err_width: columns(terminal_size_of(io::stderr())),
            colour: choice != ColorChoice::Never,
            watched: io::stderr().is_terminal(),
            bar,
        }
    }

    /// Returns a screen that writes to `out`, as a pipe that nobody watches.
    #[cfg(test)]
    pub fn on_paper(out: Box<dyn Write>) -> Screen {
        let (choice, bar) = (ColorChoice::Never, Bar::default());
        let err = AutoStream::new(io::stderr(), choice);
        let out = AutoStream::new(out, choice);
        Screen { out, err, width: WIDEST, err_width: None, colour: false, watched: false, bar }
    }

    /// Lets a bar show how far the work has come.
    pub fn show(&mut self, bar: ProgressBar) {
        *self.bar.borrow_mut() = Some(bar);
    }

    /// Says one line on standard error, cut at spaces where a terminal shows it; all of it stands as far in as it begins.
    pub fn say(&mut self, line: &str, style: Style) -> io::Result<()> {
        let indent = line.len() - line.trim_start().len();
        let lines = match self.err_width {
            Some(width) => wrap(line, width.saturating_sub(indent)),
            None => vec![line.trim_start().to_owned()],
        };
        let err = &mut self.err;
        let mut write = |line: &String| writeln!(err, "{:indent$}{style}{line}{style:#}", "");
        aside(&self.bar, || lines.iter().try_for_each(&mut write))
    }

    /// Writes out what is buffered.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        self.err.flush()
    }

    /// Says on standard error why the command could not run.
    pub fn complain(&mut self, error: &anyhow::Error) {
        let _ = self.out.flush();
        // Nothing is left to be done where standard error is gone too.
        let _ = writeln!(self.err, "{BAD}error{BAD:#}: {error:#}");
    }
}

/// Does something while the bar, if there is one, is not drawn.
fn aside<T>(bar: &Bar, act: impl FnOnce() -> T) -> T {
    match &*bar.borrow() {
        Some(bar) => bar.suspend(act),
        None => act(),
    }
}

/// Standard output in whole lines, so that a bar is never drawn after half of one.
struct Paper<W: Write> {
    to: W,
    held: Vec<u8>,
    most: usize,
    bar: Bar,
}

/// How much is held back where a person watches.
const WATCHED: usize = 1 << 12;
/// How much where a file or a pipe takes it.
const UNWATCHED: usize = 1 << 16;

impl<W: Write> Paper<W> {
    fn new(to: W, most: usize, bar: Bar) -> Paper<W> {
        Paper { to, held: Vec::with_capacity(most), most, bar }
    }

    fn put(&mut self, length: usize) -> io::Result<()> {
        if length == 0 {
            return Ok(());
        }
        let (to, held) = (&mut self.to, &self.held[..length]);
        let put = aside(&self.bar, || to.write_all(held).and_then(|()| to.flush()));
        self.held.drain(..length);
        put
    }
}

impl<W: Write> Write for Paper<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= self.most {
            let lines = self.held.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            self.put(lines)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.put(self.held.len())
    }
}

/// Returns `count` with the noun it counts: `1 signal`, `2,041 signals`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { one } else { many })
}

/// Returns a number with a comma after every third digit.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Breaks `text` into lines of at most `width` characters, at spaces where there are any.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![];
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut length = 0;
        for word in paragraph.split_whitespace() {
            let word_length = word.chars().count();
            if length > 0 && length + 1 + word_length > width {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
            length += word_length;
        }
        if length > 0 {
            lines.push(line);
        }
    }
    lines
}

/// Breaks `text` as [`wrap`] does into one text whose lines but the first begin with `indent` blanks: what stands in
/// the first `indent` columns is the caller's.
pub fn hang(text: &str, indent: usize, width: usize) -> String {
    wrap(text, width.saturating_sub(indent)).join(&format!("\n{:indent$}", ""))
}

/// Prints what has changed, three lines of context around it.
pub fn difference(screen: &mut Screen, accepted: &str, drawn: &str) -> anyhow::Result<()> {
    let (accepted, drawn) = (format!("{}\n", accepted.trim_end()), format!("{}\n", drawn.trim_end()));
    let diff = TextDiff::from_lines(&accepted, &drawn);
    for (place, group) in diff.grouped_ops(3).iter().enumerate() {
        if place > 0 {
            writeln!(screen.out, "    {DIM}…{DIM:#}")?;
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (style, sign) = match change.tag() {
                ChangeTag::Delete => (BAD, '-'),
                ChangeTag::Insert => (GOOD, '+'),
                ChangeTag::Equal => (DIM, ' '),
            };
            if change.value().trim().is_empty() && accepted.trim().is_empty() && sign == '-' {
                continue;
            }
            writeln!(screen.out, "    {style}{sign} {}{style:#}", change.value().trim_end_matches('\n'))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_go_out_before_the_end() {
        let mut paper = Paper::new(Vec::new(), 8, Bar::default());
        write!(paper, "one\ntwo").expect("a vector takes everything");
        assert!(paper.to.is_empty(), "too little to go out yet");
        write!(paper, " three").expect("a vector takes everything");
        assert_eq!(paper.to, b"one\n", "half a line waits");
        write!(paper, "{}", "x".repeat(20)).expect("a vector takes everything");
        assert_eq!(paper.to, b"one\n", "however long it is");
        paper.flush().expect("a vector takes everything");
        assert_eq!(paper.to, [b"one\ntwo three", &b"x".repeat(20)[..]].concat());
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let grouped: Vec<String> = [0, 999, 1000, 12345, 1234567].into_iter().map(thousands).collect();
        assert_eq!(grouped, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a verylongword b", 6), ["a", "verylongword", "b"]);
        assert!(wrap("  ", 10).is_empty());
        assert_eq!(hang("one two three", 2, 9), "one two\n  three");
    }
}
