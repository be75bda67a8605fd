//! Command lines, exit codes and JSON keys in the documents are those of the program. `help.rs` compares the variables.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::{code, documents, file, files};
use crate::support::world::World;

#[test]
fn the_program_accepts_every_command_line_in_the_documents() {
    let world = World::new();
    let mut lines = 0;
    for (name, text) in documents() {
        for span in code(&text).flat_map(|code| code.split(['\n', '|', ';'])).flat_map(|span| span.split("&& ")) {
            let line = span.split(['#', '<', ')', '…']).next().unwrap_or_default().trim().trim_start_matches("$ ");
            let Some(arguments) = line.rsplit("$(").next().unwrap_or(line).strip_prefix("quay-auth ") else { continue };
            let arguments = arguments.replace("UUID", "0a1b2c3d-0000-4000-8000-000000000000");
            // Names that stand for any command, format or shell.
            let arguments = arguments.replace("COMMAND", "login").replace("SHELL", "bash");
            let words = shlex::split(&arguments).unwrap_or_else(|| panic!("{name}: quotes: {line}"));
            // Everything before `--help` is parsed; behind `--` it would be another command's.
            let ours = words.iter().take_while(|word| *word != "--");
            let words: Vec<&str> = ours.map(String::as_str).chain(["--help"]).collect();
            world.run(words).prints("Usage:").succeeds();
            lines += 1;
        }
    }
    assert!(lines > 60, "{lines}");
}

#[test]
fn the_program_has_every_message_on_the_troubleshooting_page() {
    let said_by = |name: &String| {
        name.starts_with("src/")
            || name.starts_with("static/")
            || name.starts_with("tests/quay_standin/") && name.ends_with(".rs")
    };
    let sources: String = files().iter().filter(|name| said_by(name)).map(|name| file(name)).collect();
    // A text may continue on the next line.
    let sources = sources.replace("\\\"", "\"").split("\\\n").map(str::trim_start).collect::<String>();
    let text = file("docs/troubleshooting.md");
    let mut quotes = 0;
    for row in text.lines().filter(|line| line.starts_with('|')) {
        for quote in code(row.split('|').nth(1).unwrap()).flat_map(|quote| quote.split('…')).map(str::trim) {
            assert!(sources.contains(quote), "`{quote}` is printed nowhere");
            quotes += 1;
        }
    }
    assert!(quotes > 20, "{quotes}");
}

/// The rows of the first table below this heading of docs/reference.md, cell by cell.
fn table(heading: &str) -> Vec<Vec<String>> {
    let text = file("docs/reference.md");
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading}"));
    let rows = rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn the_reference_and_the_help_have_the_same_exit_codes() {
    let help = World::new().run(["help", "exit-codes"]).prints("Exit codes:").succeeds().stdout;
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let (codes, _) = codes.split_once("\n\n").unwrap();
    // A line without a code continues the one before.
    let codes = codes.split("\n  ").map(|line| line.trim_start_matches(' ').to_owned());
    let mut lines: Vec<String> = Vec::new();
    for line in codes {
        match lines.last_mut() {
            Some(last) if !line.starts_with(|c: char| c.is_ascii_digit()) => *last += &format!(" {line}"),
            _ => lines.push(line),
        }
    }
    let rows = table("## Exit codes");
    assert_eq!((lines.len(), rows.len()), (15, 15));
    for (line, row) in lines.iter().zip(rows) {
        let (code, meaning) = line.split_once(' ').unwrap();
        assert_eq!(code, row[0]);
        assert!(row[1].starts_with(meaning.trim_start()), "{code}: the help says {meaning}, the reference {}", row[1]);
    }
}

/// The keys that this table of docs/reference.md names.
fn documented_keys(heading: &str, table_number: usize) -> BTreeSet<String> {
    let text = file("docs/reference.md");
    let (_, rest) = text.split_once(&format!("\n### `{heading}`\n")).unwrap_or_else(|| panic!("{heading}"));
    let section = rest.split("\n### ").next().unwrap();
    let tables: Vec<&str> = section.split("| --- | --- |\n").skip(1).collect();
    let rows = tables[table_number].lines().take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| code(row.split('|').nth(1).unwrap()).map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The keys of a JSON object.
fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap_or_else(|| panic!("{value}")).keys().cloned().collect()
}

#[test]
fn the_reference_names_every_json_key() {
    let world = World::new();
    world.complete(world.login(&["--scopes", "org:admin,repo:read"]).start());
    fs::create_dir(world.home().join(".docker")).unwrap();
    fs::write(
        world.home().join(".docker/config.json"),
        "{\"auths\": {\"HOST\": {\"auth\": \"eA==\"}}}".replace("HOST", &world.quay.address().to_string()),
    )
    .unwrap();
    let json = |words: &[&str], code: i32| -> Value {
        let run = words.iter().chain(&["--json"]);
        let printed = world.run(run).env("QUAY_AUTH_STORE", "file").prints("").stderr("").fails(code).stdout;
        serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{words:?}: {printed}"))
    };

    assert_eq!(keys(&json(&["print-token"], 0)), documented_keys("print-token --json", 0));
    let status = json(&["status"], 0);
    assert_eq!(keys(&status), documented_keys("status --json", 0));
    assert_eq!(keys(&status["profiles"][0]), documented_keys("status --json", 1));
    let created = json(&["tokens", "create", "--name", "ci", "--scopes", "repo:read", "--expires", "1d"], 0);
    let listed = json(&["tokens", "list"], 0);
    assert_eq!(keys(&listed), BTreeSet::from(["tokens".to_owned()]));
    let of_a_token = documented_keys("tokens list --json", 0);
    assert_eq!(keys(&listed["tokens"][0]), of_a_token);
    assert_eq!(keys(&created), of_a_token.into_iter().chain(["token".to_owned()]).collect());
    let scopes = json(&["scopes"], 0);
    assert_eq!(keys(&scopes), BTreeSet::from(["scopes".to_owned()]));
    assert_eq!(keys(&scopes["scopes"][0]), documented_keys("scopes --json", 0));
    assert_eq!(keys(&json(&["doctor"], 0)[0]), documented_keys("doctor --json", 0));
    let docker = json(&["docker", "status"], 1);
    assert_eq!(keys(&docker), documented_keys("docker status --json", 0));
    let mut of_a_host = keys(&docker["hosts"][0]);
    // What an obstacle is made of stands in the same row.
    of_a_host.extend(keys(&docker["hosts"][0]["obstacles"][0]));
    let documented: BTreeSet<String> = documented_keys("docker status --json", 1);
    assert_eq!(of_a_host.len(), 7);
    assert!(documented.iter().all(|key| of_a_host.contains(key)), "{documented:?} {of_a_host:?}");
}
