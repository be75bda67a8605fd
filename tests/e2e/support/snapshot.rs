//! Texts that are kept in `snapshots/`, because users read them.
#![allow(clippy::disallowed_methods, reason = "tests read UPDATE_SNAPSHOTS")]

use std::fs;
use std::path::{Path, PathBuf};

/// The folder `snapshots/`.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/snapshots")
}

/// The files of the help texts. Other texts are in folders.
pub(crate) fn help_texts() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.is_file()).collect()
}

/// Compares the text with this snapshot. With `UPDATE_SNAPSHOTS` set, it becomes the snapshot.
pub(crate) fn assert_is(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, text).expect("write the snapshot");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{} differs:\n{}\nif this is intended, run the test with UPDATE_SNAPSHOTS=1",
        path.display(),
        difference(&expected, text)
    );
}

/// The lines between the first and the last that differ.
fn difference(expected: &str, text: &str) -> String {
    let [mut old, mut new] = [expected, text].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let common = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    old.drain(..common);
    new.drain(..common);
    while old.last().is_some_and(|line| new.last() == Some(line)) {
        old.pop();
        new.pop();
    }
    let shown = |mark: &str, lines: &[&str]| lines.iter().map(|line| format!("{mark}{line:?}\n")).collect::<String>();
    format!("line {}:\n{}{}", common + 1, shown("- ", &old), shown("+ ", &new))
}
