//! The commands, one file each: its `Args` and its `run`. To add one: a file here, a variant and an arm below, a file in `tests/e2e/`.

mod api;
mod completions;
mod credential_helper;
mod docker;
mod doctor;
mod exec;
mod explain;
mod export;
mod held;
mod login;
mod logout;
mod man;
mod print_token;
mod recover;
mod revoking;
mod scopes;
mod status;
mod tokens;

pub(crate) use credential_helper::in_protocol;
#[cfg(any(test, fuzzing))]
pub(crate) use explain::Reason;
pub(crate) use recover::recover;

use std::ffi::OsString;

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
    /// Run a command that finds the token in its environment
    Exec(exec::Args),
    /// Let docker, podman, skopeo and buildah use the token
    #[command(subcommand, before_help = "quay-auth docker install\nquay-auth docker status")]
    Docker(docker::Action),
    /// Write the token in the format of another tool
    Export(export::Args),
    /// Ask Quay's API with the token
    Api(Box<api::Args>),
    /// Show every login
    Status(status::Args),
    /// Show what each scope allows
    Scopes(scopes::Args),
    /// List, make and end the tokens of the application
    #[command(
        subcommand,
        before_help = "quay-auth tokens list\nquay-auth tokens create --name ci --scopes repo:read --expires 30d"
    )]
    Tokens(tokens::Action),
    /// Check each thing that a login needs, and say what to do
    Doctor(doctor::Args),
    /// End a token at Quay, and forget it
    Logout(logout::Args),
    /// Print the completions for a shell
    Completions(completions::Args),
    /// Print a manual page
    Man(man::Args),
    /// Answer docker and its kin: what `docker-credential-quay-auth` becomes
    #[command(hide = true)]
    CredentialHelper(credential_helper::Args),
}

impl Command {
    /// The command of these words, where it is one that programs run thousands of times a day: a script's `print-token` and `exec`, and what
    /// docker asks. Defining all commands and flags for the parser takes a quarter of their time.
    pub(crate) fn of_program(words: &[OsString]) -> Option<Self> {
        match words {
            [name] if name == "print-token" => Some(Command::PrintToken(print_token::Args::default())),
            [name, end_of_flags, verb] if name == "credential-helper" && end_of_flags == "--" => {
                Some(Command::CredentialHelper(credential_helper::Args::asking(verb)))
            }
            [name, end_of_flags, command @ ..] if name == "exec" && end_of_flags == "--" && !command.is_empty() => {
                Some(Command::Exec(exec::Args::becoming(command)))
            }
            _ => None,
        }
    }

    /// Runs it. What tells of the command line alone needs no settings, which may be broken.
    pub(crate) fn run(
        self,
        load: impl FnOnce(&mut Terminal) -> Result<Settings, Error>,
        terminal: &mut Terminal,
    ) -> Result<(), Error> {
        match self {
            Command::Login(args) => login::run(&args, &load(terminal)?, terminal),
            Command::PrintToken(args) => print_token::run(&args, &load(terminal)?, terminal),
            Command::Exec(args) => exec::run(&args, &load(terminal)?),
            Command::Docker(action) => docker::run(&action, &load(terminal)?, terminal),
            Command::Export(args) => export::run(&args, &load(terminal)?, terminal),
            Command::Api(args) => api::run(&args, &load(terminal)?, terminal),
            Command::Status(args) => status::run(&args, &load(terminal)?, terminal),
            Command::Scopes(args) => scopes::run(&args, &load(terminal)?, terminal),
            Command::Tokens(action) => tokens::run(&action, &load(terminal)?, terminal),
            Command::Doctor(args) => doctor::run(&args, &load(terminal)?, terminal),
            Command::Logout(args) => logout::run(&args, &load(terminal)?, terminal),
            Command::Completions(args) => completions::run(&args, terminal),
            Command::Man(args) => man::run(&args, terminal),
            Command::CredentialHelper(args) => credential_helper::run(&args, &load(terminal)?, terminal),
        }
    }
}
