//! Compiling whole folders: the shipped playbooks come out without a problem.

use std::path::Path;

use touchline::compile::{Options, Project, project};
use touchline::lang::render::{Look, human};
use touchline::lang::source::Sources;

/// Adds every file of a folder, with paths from there.
pub fn add_folder(sources: &mut Sources, folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository can be read") {
            let path = entry.expect("its entries too").path();
            if path.is_dir() { folders.push(path) } else { paths.push(path) }
        }
    }
    paths.sort();
    for path in paths {
        let name = path.strip_prefix(folder).expect("it is inside").to_string_lossy().replace('\\', "/");
        sources.add(name, &std::fs::read(&path).expect("a file can be read"));
    }
}

/// Compiles a folder of the repository.
pub fn compiled(folder: &str) -> (Sources, Project) {
    let mut sources = Sources::default();
    add_folder(&mut sources, &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let project = project(&sources, &Options::default());
    (sources, project)
}

#[test]
fn the_shipped_playbooks_have_no_problem() {
    let (sources, project) = compiled("playbooks");
    let told = human(&sources, &project.diagnostics, Look::PLAIN);
    assert!(project.diagnostics.is_empty(), "{told}");
}
