//! The documents are true: their commands run, their tables match the program, and what they name exists.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `example` | `cargo run --example first-login` works |
//! | `first_use` | the README shows what the program prints, and its pictures |
//! | `imports` | imports in `src/` go down only |
//! | `recipes` | each recipe runs as it is written |
//! | `reference` | command lines, exit codes, variables and JSON keys are those of the program |
//! | `links` | links, file names and recorded cases lead somewhere |
//! | `suggestions` | suggested commands are built in one file |
//! | `threats` | each threat has its tests |
//! | `package` | README, `Cargo.toml`, the sources and the release agree |

mod example;
mod first_use;
mod imports;
mod links;
mod package;
mod recipes;
mod reference;
mod suggestions;
mod threats;

use std::fs;
use std::path::{Path, PathBuf};

/// The text of one of the project's files.
fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap_or_else(|_| panic!("{name}"))
}

/// Every file of the project, named from its root.
fn files() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            // What is built, what the fuzzer finds and what git keeps is not the project.
            if ["target", ".git", "fuzz/target", "fuzz/corpus", "fuzz/artifacts"].contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() { folders.push(path) } else { files.push(name) }
        }
    }
    files
}

/// Every document: name and text.
fn documents() -> Vec<(String, String)> {
    let names = files().into_iter().filter(|name| name.ends_with(".md") && !name.starts_with("tests/"));
    let documents: Vec<_> = names.map(|name| (name.clone(), file(&name))).collect();
    assert!(documents.len() > 10);
    documents
}

/// The parts of a document that are code: between backticks, three as well as one.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The folder of a document.
fn folder_of(name: &str) -> PathBuf {
    Path::new(name).parent().unwrap().to_owned()
}
