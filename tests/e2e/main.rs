//! The end-to-end tests. They run the built programs with real browsers, keyrings and container tools. Only Quay is a stand-in.
//!
//! A test is found by the command, or by the threat, that it is about: `cargo test --test e2e login::`.
//!
//! | file or folder | what belongs there |
//! | --- | --- |
//! | `login/`, `logout/`, `switch`, `share`, `status/`, `print_token`, `exec`, `export`, `api/`, `tokens`, `tokens_refused`, `scopes`, `docker/`, `doctor`, `completions`, `man` | one command each: what it prints, changes and refuses |
//! | `command_line` | other names of commands, and errors in a command line |
//! | `help` | every help text, compared with `snapshots/` |
//! | `everyday` | what everyday commands print at three widths, compared with `snapshots/everyday/` |
//! | `settings` | where a setting comes from: flag, variable, `config.toml`, the last login, the default |
//! | `narrow` | what a terminal of 80 columns shows |
//! | `quiet` | `--quiet`, with every command |
//! | `security/` | what an attacker, or a mistake, could do |
//! | `robustness/` | what happens when something fails, or when many things happen at once |
//! | `tools/` | other programs that get their token from quay-auth |
//! | `windows/` | the Windows program, run by `tests/windows.sh` |
//! | `docs/` | the documents are true |
//! | `support/` | what the tests are built from |
//! | `../quay_standin/` | the stand-in for Quay, and the recordings that it is checked against |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot be set up or understood fails the test that needs it"
)]

mod api;
mod command_line;
mod completions;
mod docker;
mod docs;
mod doctor;
mod everyday;
mod exec;
mod export;
mod help;
mod json;
mod login;
mod logout;
mod man;
mod narrow;
mod print_token;
#[path = "../quay_standin/mod.rs"]
mod quay_standin;
mod quiet;
mod robustness;
mod scopes;
mod security;
mod settings;
mod share;
mod status;
mod support;
mod switch;
mod token_variable;
mod tokens;
mod tokens_refused;
mod tools;
mod windows;
