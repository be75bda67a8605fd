//! `quay-auth` logs in to Quay with the browser, stores the access token in the keyring, and gives it to tools.
//!
//! `main` reads the command line and the settings, runs the command, and turns its result into a message and an exit code. This is a
//! library only so that `fuzz/` can call its parts.
#![forbid(unsafe_code)]

mod browser_login;
mod checks;
mod cli;
mod commands;
mod completion;
mod docker;
mod domain;
mod error;
mod export;
mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod hardening;
mod hint;
mod keyboard;
mod quay;
mod settings;
mod store;
mod system;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use cli::{Cli, FIRST_STEPS};
use error::Error;
use settings::{Environment, Settings};
use terminal::{Terminal, Verbosity};

/// Runs the program. Returns its exit code.
pub fn main() -> ExitCode {
    hardening::harden();
    if completion::complete() {
        return ExitCode::SUCCESS;
    }
    let environment = Environment::detect();
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (mut terminal, result) = match Cli::read(&words) {
        Ok(cli) => {
            let mut terminal = Terminal::new(cli.output.verbosity(), cli.output.color, &environment);
            let result = run(cli, environment, &mut terminal);
            (terminal, result)
        }
        Err(error) => {
            let mut terminal = Terminal::new(Verbosity::Normal, cli::color(&words), &environment);
            let result = match error.use_stderr() {
                true => Err(cli::usage_error(&error)),
                // The parser reports `--help` and `--version` as errors too.
                false => terminal.print_help(&error.render()).map(|()| ExitCode::SUCCESS),
            };
            (terminal, result)
        }
    };
    result.unwrap_or_else(|error| {
        terminal.end_with(&error);
        error.exit.into()
    })
}

/// Runs the command, or without one prints the first steps.
fn run(cli: Cli, environment: Environment, terminal: &mut Terminal) -> Result<ExitCode, Error> {
    let Some(command) = cli.command else { return terminal.print(FIRST_STEPS).map(|()| ExitCode::SUCCESS) };
    if command.prints_json() {
        terminal.expect_json();
    }
    let load_settings = |terminal: &mut Terminal| {
        let mut settings = Settings::load(cli.profile, environment)?;
        settings.request_log = terminal.request_log();
        if !settings.animation()? {
            terminal.stop_animation();
        }
        commands::recover(&mut settings, terminal)?;
        Ok(settings)
    };
    command.run(load_settings, cli::program, terminal)
}
