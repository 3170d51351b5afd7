//! The terminal: standard output and error with their colour and width.
//!
//! Everything is written with ANSI styles; `anstream` takes them out for pipes, `NO_COLOR` and dumb terminals.

use std::io::{self, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

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
    /// Whether standard output shows colours.
    pub colour: bool,
    /// Whether a person watches standard error.
    pub watched: bool,
}

impl Screen {
    /// Returns the screen of this process.
    pub fn of_terminal() -> Screen {
        let choice = AutoStream::choice(&io::stdout());
        let out: Box<dyn Write> = Box::new(io::BufWriter::with_capacity(1 << 16, io::stdout()));
        let columns = terminal_size::terminal_size().map(|(width, _)| width.0);
        Screen {
            out: AutoStream::new(out, choice),
            err: AutoStream::auto(io::stderr()),
            width: columns.map_or(WIDEST, usize::from).clamp(NARROWEST, WIDEST),
            colour: choice != ColorChoice::Never,
            watched: io::stderr().is_terminal(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

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
    }
}
