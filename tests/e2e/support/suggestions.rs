//! Every command that the program suggests in any test of the suite: the program accepts it, and a login has what it needs.
//!
//! `program` and `pty` call `check` with all that a run printed. In messages, a command that runs as it stands follows `: ` or begins the
//! line. One with placeholders is in backticks.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// What stands for a value in a template, and a value.
const PLACEHOLDERS: [(&str, &str); 10] = [
    ("COMMAND", "firefox"),
    ("FILE", "x"),
    ("FILE.pem", "x.pem"),
    ("HOST", "quay.io"),
    ("ID", "ABCDEFGHIJKLMNOPQRST"),
    ("NAME", "x"),
    ("SCOPES", "repo:read"),
    ("TIME", "1h"),
    ("URI", "http://127.0.0.1:7829/callback"),
    ("UUID", "0a1b2c3d-0000-4000-8000-000000000000"),
];

/// Variables that a shell may not have when a command is pasted later.
const SETTINGS: [&str; 8] = [
    "QUAY_AUTH_ALLOW_HTTP",
    "QUAY_AUTH_CA_FILE",
    "QUAY_AUTH_CLIENT_ID",
    "QUAY_AUTH_HOST",
    "QUAY_AUTH_PROFILE",
    "QUAY_AUTH_REDIRECT_URI",
    "QUAY_AUTH_SCOPES",
    "QUAY_AUTH_STORE",
];

/// The commands. Other words after `quay-auth` are prose.
pub(crate) const COMMANDS: [&str; 16] = [
    "api",
    "completions",
    "docker",
    "doctor",
    "exec",
    "export",
    "help",
    "login",
    "logout",
    "man",
    "print-token",
    "scopes",
    "share",
    "status",
    "switch",
    "tokens",
];

/// What a command follows in a line. A hint without a purpose follows `; ` if the whole error is one line.
const FOLLOWS: [&str; 3] = [": ", "; ", "&& "];

/// How the program was started.
#[derive(Default)]
pub(crate) struct Started {
    is_quay_auth: bool,
    words: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
}

impl Started {
    pub(crate) fn by(command: &Command) -> Started {
        let set = |(name, value): (&OsStr, Option<&OsStr>)| Some((name.to_owned(), value?.to_owned()));
        Started {
            is_quay_auth: Path::new(command.get_program()).ends_with("quay-auth"),
            words: command.get_args().map(OsStr::to_owned).collect(),
            variables: command.get_envs().filter_map(set).collect(),
        }
    }

    fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }

    /// Whether it prints hints as results: `doctor` does, for people.
    pub(crate) fn prints_hints(&self) -> bool {
        let has = |option: &str| self.words.iter().any(|word| word == option);
        has("doctor") && !has("--json") && !has("--report")
    }

    /// Help and manual pages have examples, whose names stand for others.
    fn prints_help(&self) -> bool {
        self.words.iter().any(|word| word == "--help" || word == "-h" || word == "help" || word == "man")
    }

    fn knows_a_client_id(&self) -> bool {
        self.words.iter().any(|word| word == "--client-id") || self.variable("QUAY_AUTH_CLIENT_ID").is_some()
    }
}

/// Checks every command in these messages.
pub(crate) fn check(messages: &str, started: &Started) {
    // Other programs quote its messages.
    if !started.is_quay_auth || started.prints_help() {
        return;
    }
    let messages = without_colours(messages);
    for line in messages.lines().map(str::trim_end) {
        for (start, _) in line.match_indices("quay-auth ") {
            let (before, command) = line.split_at(start);
            if !COMMANDS.contains(&command.split(' ').nth(1).unwrap_or_default()) {
                continue;
            }
            if before.ends_with('`') {
                assert_accepted(&filled(command.split('`').next().unwrap_or_default()), line);
            } else if before.trim().is_empty() || FOLLOWS.iter().any(|end| before.ends_with(end)) {
                let has_placeholder =
                    command.split(' ').any(|word| PLACEHOLDERS.iter().any(|(placeholder, _)| *placeholder == word));
                assert!(!has_placeholder, "a command with a placeholder must be in backticks: {line}");
                assert_accepted(command, line);
                if command.starts_with("quay-auth login ") && started.knows_a_client_id() {
                    assert_complete(command, line, started);
                }
            }
        }
    }
}

/// The text without the codes for colours, and without what moves the cursor.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').get(1..).unwrap_or_default()
    })
}

/// The template with values in place of its placeholders.
fn filled(template: &str) -> String {
    let value = |word: &str| {
        let known = PLACEHOLDERS.iter().find(|(placeholder, _)| *placeholder == word);
        known.map_or(word.to_owned(), |(_, value)| (*value).to_owned())
    };
    template.split(" < ").next().unwrap_or_default().split(' ').map(value).collect::<Vec<_>>().join(" ")
}

/// Bash with the program as `quay-auth`, and an empty stdin.
fn bash(script: &str) -> Command {
    let mut bash = Command::new("bash");
    bash.args([
        "-c",
        &format!("quay-auth() {{ timeout 30 \"{}\" \"$@\"; }}\n{script}", env!("CARGO_BIN_EXE_quay-auth")),
    ]);
    bash.stdin(Stdio::null());
    bash
}

/// Everything before `--help` is parsed.
fn assert_accepted(command: &str, line: &str) {
    static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let kind = command.chars().filter(|c| !c.is_ascii_digit()).collect();
    if command.ends_with(" --help") || !SEEN.lock().expect("the set").insert(kind) {
        return;
    }
    let output = bash(&format!("{command} --help")).output().expect("bash");
    assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs the login with a copy of the profiles, in a CI job without a browser, where it ends as soon as it has all settings.
fn assert_complete(command: &str, line: &str, started: &Started) {
    let Some(home) = started.variable("HOME") else { return };
    // With a browser, or explicitly without, it would go on. With other folders, profiles are elsewhere.
    if command.contains(" --browser ") || started.variables.iter().any(|(name, _)| name == "XDG_DATA_HOME") {
        return;
    }
    let copy = tempfile::tempdir().expect("a folder");
    for folder in [".config/quay-auth", ".local/share/quay-auth"] {
        let (from, to) = (Path::new(home).join(folder), copy.path().join(folder));
        // Fails where there is none.
        let _ = std::fs::create_dir_all(&to);
        let _ = Command::new("cp").args(["-a", "--"]).arg(from.join(".")).arg(to).stderr(Stdio::null()).status();
    }
    let mut words: Vec<&str> = command.split(' ').filter(|word| *word != "--no-browser").collect();
    if let Some(listen) = words.iter().position(|word| *word == "--listen") {
        words.drain(listen..listen + 2);
    }
    let mut login = bash(&words.join(" "));
    login.env_clear().envs(started.variables.iter().map(|(name, value)| (name, value)));
    for name in SETTINGS {
        login.env_remove(name);
    }
    login.env("HOME", copy.path()).env("CI", "true").env_remove("BROWSER").env_remove("QUAY_AUTH_BROWSER");
    let output = login.output().expect("bash");
    let messages = String::from_utf8_lossy(&output.stderr);
    let missing = ["no client ID is known", "several hosts have a profile", "without encryption"];
    let is_complete = missing.iter().all(|missing| !messages.contains(missing));
    assert!(is_complete, "{line}\n{messages}");
}
