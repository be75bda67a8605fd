//! `quay-auth`: gets an access token of Quay in the browser, keeps it in the keyring, hands it to people, scripts and tools.
//!
//! Data flows one way: command line, settings, command, domain, store and network, terminal. Here: parse, settle, run, say the
//! error, exit. A library only so that `fuzz/` reaches what is inside.
#![forbid(unsafe_code)]

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
mod keyboard;
mod login;
mod quay;
mod settings;
mod store;
mod system;
mod terminal;

use std::process::ExitCode;

use cli::{Cli, FIRST_STEPS};
use commands::Command;
use error::Error;
use settings::{Settings, Surroundings};
use terminal::{Terminal, Verbosity};

/// Parses, runs, says the error, and turns it into the exit code.
pub fn main() -> ExitCode {
    hardening::harden();
    if completion::answers_a_shell() {
        return ExitCode::SUCCESS;
    }
    let surroundings = Surroundings::look();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(answer) if !answer.use_stderr() => {
            // `--help` and `--version`.
            let _ = answer.print();
            return ExitCode::SUCCESS;
        }
        Err(refusal) => {
            let error = cli::refusal(&refusal);
            Terminal::new(Verbosity::Normal, None, &surroundings).report(&error);
            return error.exit.into();
        }
    };
    let mut terminal = Terminal::new(cli.speech.verbosity(), cli.speech.color, &surroundings);
    match run(cli, surroundings, &mut terminal) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.report(&error);
            error.exit.into()
        }
    }
}

/// Settles the settings and runs the command.
fn run(cli: Cli, surroundings: Surroundings, terminal: &mut Terminal) -> Result<(), Error> {
    let Some(command) = cli.command else { return terminal.data(FIRST_STEPS) };
    let is_asked_by_a_client = matches!(command, Command::CredentialHelper(_));
    let load = |terminal: &mut Terminal| {
        let mut settings = Settings::load(cli.profile, surroundings)?;
        commands::recover(&mut settings, terminal)?;
        Ok(settings)
    };
    let ran = command.run(load, terminal);
    if is_asked_by_a_client { ran.map_err(commands::in_protocol) } else { ran }
}
