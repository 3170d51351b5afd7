//! Reload reports on disk: `reloads.jsonl` in the data folder, one report a line, so that those of earlier runs can be read.
//!
//! A line is added when a report is made, and once more where something was learnt of it later: of several lines with one
//! number the last counts. A line that broke off is passed over. Beside it stands since when what runs is not what is on disk. Left out: what a report says (`report`).

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::store::private;

/// The file in a data folder.
pub const FILE: &str = "reloads.jsonl";
/// The outcome of a report that was written down before its switch: what came of it is said under the same number.
pub const SWITCHING: &str = "switching";
/// How many reports are kept at most.
const MOST: usize = 1_000;
/// How many bytes of them.
const MOST_BYTES: usize = 8 << 20;

/// Since when what runs is not what is on disk: a file in the data folder, for a restart does not begin that anew.
pub const SINCE: &str = "out_of_step_since";

/// Since when what runs is not what is on disk; nothing where it is.
#[derive(Debug, Default)]
pub(super) struct Since {
    /// `None` in a test.
    file: Option<PathBuf>,
    at: Option<Timestamp>,
}

impl Since {
    /// Reads what a data folder holds.
    pub fn open(data: &Path) -> Since {
        let file = data.join(SINCE);
        let at = fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok());
        Since { file: Some(file), at }
    }

    /// Returns it.
    pub fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// Keeps it.
    pub fn keep(&mut self, at: Option<Timestamp>) {
        if std::mem::replace(&mut self.at, at) == at {
            return;
        }
        let Some(file) = &self.file else { return };
        let write = || -> io::Result<()> {
            let Some(at) = at else { return fs::remove_file(file) };
            let aside = file.with_extension("new");
            let mut written = private::file(&aside)?;
            written.write_all(format!("{at}\n").as_bytes())?;
            written.sync_all()?;
            fs::rename(&aside, file)
        };
        if let Err(error) = write() {
            tracing::warn!(%error, "since when what runs is not what is on disk could not be kept");
        }
    }
}

/// Reports of this run and those before it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// `None` in a test.
    file: Option<PathBuf>,
    /// By number, as they are written down.
    reports: VecDeque<(u64, String)>,
    bytes: usize,
    /// How many bytes the file has.
    written: usize,
}

impl Kept {
    /// Reads what a data folder holds.
    pub fn open(data: &Path) -> Kept {
        let file = data.join(FILE);
        let bytes = fs::read(&file).unwrap_or_default();
        let mut kept = Kept { file: None, ..Kept::default() };
        for line in bytes.split(|byte| *byte == b'\n') {
            let Ok(text) = std::str::from_utf8(line) else { continue };
            let report: Option<Json> = serde_json::from_str(text).ok();
            if let Some(number) = report.and_then(|report| report["number"].as_u64()) {
                kept.put(number, text.to_owned());
            }
        }
        (kept.file, kept.written) = (Some(file), bytes.len());
        // What breaks off must not run into the next line.
        if bytes.last().is_some_and(|byte| *byte != b'\n') {
            kept.write_anew();
        }
        kept
    }

    /// Returns the number of the latest report, 0 where there is none.
    pub fn latest(&self) -> u64 {
        self.reports.back().map_or(0, |(number, _)| *number)
    }

    /// Keeps a report, in the place of the one with its number where there is one.
    pub fn add(&mut self, number: u64, report: &Json) {
        let line = report.to_string();
        self.put(number, line.clone());
        if self.written > 2 * MOST_BYTES {
            return self.write_anew();
        }
        let Some(file) = &self.file else { return };
        let append = || -> io::Result<()> {
            private::ready(file)?;
            let mut opened = File::options().append(true).open(file)?;
            opened.write_all(format!("{line}\n").as_bytes())?;
            opened.sync_data()
        };
        match append() {
            Ok(()) => self.written += line.len() + 1,
            Err(error) => tracing::warn!(%error, "the report of a reload could not be kept"),
        }
    }

    /// Returns reports behind `after`, oldest first, at most `limit`. One whose switch is under way is not among them.
    pub fn after(&self, after: u64, limit: usize) -> Vec<Json> {
        let behind = self.reports.iter().filter(|(number, _)| *number > after);
        let read = behind.filter_map(|(_, line)| serde_json::from_str::<Json>(line).ok());
        read.filter(|report| report["outcome"] != SWITCHING).take(limit).collect()
    }

    /// Returns the latest report, where it was written down before its switch and nothing was said of it since.
    pub fn unsettled(&self) -> Option<(u64, Json)> {
        let (number, line) = self.reports.back()?;
        let report: Json = serde_json::from_str(line).ok()?;
        (report["outcome"] == SWITCHING).then_some((*number, report))
    }

    fn put(&mut self, number: u64, line: String) {
        self.bytes += line.len();
        let place = self.reports.partition_point(|(of, _)| *of < number);
        match self.reports.get_mut(place).filter(|(of, _)| *of == number) {
            Some((_, before)) => self.bytes -= std::mem::replace(before, line).len(),
            None => self.reports.insert(place, (number, line)),
        }
        while self.reports.len() > MOST || (self.bytes > MOST_BYTES && self.reports.len() > 1) {
            self.bytes -= self.reports.pop_front().map_or(0, |(_, line)| line.len());
        }
    }

    /// Writes what is kept, and nothing else.
    fn write_anew(&mut self) {
        let Some(file) = &self.file else { return };
        let text: String = self.reports.iter().map(|(_, line)| format!("{line}\n")).collect();
        let write = || -> io::Result<()> {
            let aside = file.with_extension("jsonl.new");
            let mut written = private::file(&aside)?;
            written.write_all(text.as_bytes())?;
            written.sync_all()?;
            fs::rename(&aside, file)
        };
        match write() {
            Ok(()) => self.written = text.len(),
            Err(error) => tracing::warn!(%error, "the reports of reloads could not be kept"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reports_are_there_after_a_restart_also_where_the_last_line_broke_off() {
        let data = std::env::temp_dir().join(format!("touchline-reloads-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        let mut kept = Kept::open(&data);
        assert_eq!(kept.latest(), 0);
        kept.add(1, &json!({"number": 1, "outcome": "switched"}));
        kept.add(2, &json!({"number": 2}));
        kept.add(1, &json!({"number": 1, "outcome": "switched", "actions": 3}));
        File::options().append(true).open(data.join(FILE)).unwrap().write_all(b"{\"number\": 3, \"ou").unwrap();
        let mut kept = Kept::open(&data);
        assert_eq!(kept.after(0, 9), [json!({"number": 1, "outcome": "switched", "actions": 3}), json!({"number": 2})]);
        kept.add(3, &json!({"number": 3}));
        let kept = Kept::open(&data);
        assert_eq!((kept.latest(), kept.after(1, 1)), (3, vec![json!({"number": 2})]));
        fs::remove_dir_all(&data).unwrap();
    }

    #[test]
    fn the_oldest_reports_go_first() {
        let mut kept = Kept::default();
        (1..=MOST as u64 + 2).for_each(|number| kept.add(number, &json!({"number": number})));
        assert_eq!((kept.after(0, 1), kept.reports.len()), (vec![json!({"number": 3})], MOST));
        let large = "x".repeat(MOST_BYTES / 2);
        (2_000..2_003).for_each(|number| kept.add(number, &json!({"number": number, "why": large})));
        assert_eq!(kept.reports.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2_002]);
    }
}
