//! The import rule of docs/architecture.md: a module of `src/` imports only from the lines below its own.

use super::{file, files};

/// The modules from top to bottom, with the line that each is on.
fn layers() -> Vec<(String, usize)> {
    let text = file("docs/architecture.md");
    let rule = text.split("## The import rule").nth(1).expect("the section");
    let block = rule.split("```text\n").nth(1).expect("the list").split("```").next().expect("its end");
    let lines = block.lines().enumerate();
    lines.flat_map(|(line, names)| names.split(' ').map(move |name| (name.to_owned(), line))).collect()
}

/// The modules that a source file names behind `crate::`, tests at its end included.
fn imported(source: &str) -> impl Iterator<Item = &str> {
    source.split("crate::").skip(1).flat_map(|rest| {
        let list = rest.strip_prefix('{').map(|rest| rest.split('}').next().unwrap_or_default());
        let names = list.map_or_else(|| vec![rest], |list| list.split(',').map(str::trim).collect());
        names
            .into_iter()
            .map(|name| name.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or_default())
    })
}

/// What breaks the rule in a source file of that module.
fn violations(module: &str, source: &str, layers: &[(String, usize)]) -> Vec<String> {
    let line = |name: &str| layers.iter().find(|(module, _)| module == name).map(|(_, line)| *line);
    // `lib.rs` ties everything together, and the fuzzer reaches everything; nothing imports them.
    if ["lib", "main", "fuzzing", "bin", "hardening"].contains(&module) {
        return Vec::new();
    }
    let own = line(module).unwrap_or_else(|| panic!("docs/architecture.md does not list {module}"));
    let others = imported(source).filter(|name| !name.is_empty() && *name != module);
    others.filter(|name| line(name).is_none_or(|line| line <= own)).map(|name| format!("{module} -> {name}")).collect()
}

#[test]
fn imports_go_down_only() {
    let layers = layers();
    let mut wrong = Vec::new();
    let mut read = 0;
    for name in files().iter().filter(|name| name.starts_with("src/") && name.ends_with(".rs")) {
        let module = name["src/".len()..].split(['/', '.']).next().expect("a module");
        // Windows' keyboard is a part of the keyboard.
        let module = if module == "keyboard_windows" { "keyboard" } else { module };
        wrong.extend(violations(module, &file(name), &layers).into_iter().map(|what| format!("{name}: {what}")));
        read += 1;
    }
    assert!(read > 100, "only {read} files were read");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_upward_or_sideways_import_is_found() {
    let layers = layers();
    let found = |source: &str| violations("quay", source, &layers);
    assert_eq!(found("use crate::store::Vault;"), ["quay -> store"]);
    assert_eq!(found("use crate::{domain::Host, error::Error};"), ["quay -> error"]);
    assert_eq!(found("let x = crate::commands::run();"), ["quay -> commands"]);
    assert_eq!(found("use crate::nosuch;"), ["quay -> nosuch"]);
    assert!(found("use crate::domain::Host;\nuse crate::files;\nuse crate::quay::Client;").is_empty());
}
