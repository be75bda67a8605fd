//! The commands, one file each: its `Args` and its `run`. To add one: a file here, a variant and an arm below, a file in `tests/e2e/`.

mod login;
mod logout;
mod print_token;
mod recover;
mod status;

pub(crate) use recover::recover;

use clap::Subcommand;

use crate::error::Error;
use crate::settings::Settings;
use crate::terminal::Terminal;

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Get a token in the browser and keep it
    Login(Box<login::Args>),
    /// Print the token and a newline, nothing else
    PrintToken(print_token::Args),
    /// Show every login
    Status(status::Args),
    /// Forget a token
    Logout(logout::Args),
}

impl Command {
    /// Runs it.
    pub(crate) fn run(self, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
        match self {
            Command::Login(args) => login::run(&args, settings, terminal),
            Command::PrintToken(args) => print_token::run(&args, settings, terminal),
            Command::Status(args) => status::run(&args, settings, terminal),
            Command::Logout(args) => logout::run(&args, settings, terminal),
        }
    }
}
