//! The shipped playbooks of the retail trade and their feed, within the binary: the demonstration runs in any folder.
//!
//! Left out: their scenarios and snapshots, which belong to whoever works on them.

use std::io;
use std::path::Path;

use crate::store::private;

macro_rules! retail {
    ($($path:literal)*) => {
        &[$(($path, include_bytes!(concat!("../../playbooks/retail/", $path)))),*]
    };
}

/// Path below the folder, and content.
const RETAIL: &[(&str, &[u8])] = retail! {
    "directory.yaml"
    "emails/delivery_apology/en/body.html"
    "emails/delivery_apology/en/body.txt"
    "emails/delivery_apology/en/subject.txt"
    "emails/delivery_apology/lt/body.html"
    "emails/delivery_apology/lt/body.txt"
    "emails/delivery_apology/lt/subject.txt"
    "emails/delivery_apology/pl/body.html"
    "emails/delivery_apology/pl/body.txt"
    "emails/delivery_apology/pl/subject.txt"
    "emails/delivery_apology/ru/body.html"
    "emails/delivery_apology/ru/body.txt"
    "emails/delivery_apology/ru/subject.txt"
    "emails/delivery_apology/template.yaml"
    "emails/detractor_followup/en/body.html"
    "emails/detractor_followup/en/body.txt"
    "emails/detractor_followup/en/subject.txt"
    "emails/detractor_followup/lt/body.html"
    "emails/detractor_followup/lt/body.txt"
    "emails/detractor_followup/lt/subject.txt"
    "emails/detractor_followup/pl/body.html"
    "emails/detractor_followup/pl/body.txt"
    "emails/detractor_followup/pl/subject.txt"
    "emails/detractor_followup/ru/body.html"
    "emails/detractor_followup/ru/body.txt"
    "emails/detractor_followup/ru/subject.txt"
    "emails/detractor_followup/template.yaml"
    "emails/thank_you/en/body.html"
    "emails/thank_you/en/body.txt"
    "emails/thank_you/en/subject.txt"
    "emails/thank_you/lt/body.html"
    "emails/thank_you/lt/body.txt"
    "emails/thank_you/lt/subject.txt"
    "emails/thank_you/pl/body.html"
    "emails/thank_you/pl/body.txt"
    "emails/thank_you/pl/subject.txt"
    "emails/thank_you/ru/body.html"
    "emails/thank_you/ru/body.txt"
    "emails/thank_you/ru/subject.txt"
    "emails/thank_you/template.yaml"
    "emails/we_miss_you/en/body.html"
    "emails/we_miss_you/en/body.txt"
    "emails/we_miss_you/en/subject.txt"
    "emails/we_miss_you/lt/body.html"
    "emails/we_miss_you/lt/body.txt"
    "emails/we_miss_you/lt/subject.txt"
    "emails/we_miss_you/pl/body.html"
    "emails/we_miss_you/pl/body.txt"
    "emails/we_miss_you/pl/subject.txt"
    "emails/we_miss_you/ru/body.html"
    "emails/we_miss_you/ru/body.txt"
    "emails/we_miss_you/ru/subject.txt"
    "emails/we_miss_you/template.yaml"
    "feed/eight_weeks.jsonl"
    "queue_and_counter.play"
    "recovery.play"
    "retail_care.play"
    "vocabulary.yaml"
    "voice_of_customer.play"
};

/// Writes them into a folder.
pub fn write(to: &Path) -> io::Result<()> {
    for (path, content) in RETAIL {
        let file = to.join(path);
        file.parent().map_or(Ok(()), private::folder)?;
        std::fs::write(file, content)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn everything_that_ships_is_in_the_binary_but_what_belongs_to_its_makers() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/retail");
        let (mut found, mut folders) = (BTreeSet::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                let name = path.file_name().unwrap().to_str().unwrap();
                match path.is_dir() {
                    true if name != "snapshots" && name != "reload" => folders.push(path),
                    false if !name.ends_with(".test.yaml") && !name.ends_with(".py") => drop(found.insert(path)),
                    _ => {}
                }
            }
        }
        let shipped: BTreeSet<PathBuf> = RETAIL.iter().map(|(path, _)| root.join(path)).collect();
        assert_eq!(shipped, found);
    }
}
