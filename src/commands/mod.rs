//! The commands, one file each: its `Args` and its `run`. To add one: a file here, a variant and an arm below, a file in `tests/e2e/`.

mod api;
mod credential_helper;
mod docker;
mod doctor;
mod exec;
mod explain;
mod export;
mod held;
mod login;
mod logout;
mod print_token;
mod recover;
mod revoking;
mod scopes;
mod status;
mod tokens;

pub(crate) use credential_helper::in_protocol;
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
    /// Run a command that finds the token in its environment
    Exec(exec::Args),
    /// Let docker, podman, skopeo and buildah use the token
    #[command(subcommand)]
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
    #[command(subcommand)]
    Tokens(tokens::Action),
    /// Check each thing that a login needs, and say what to do
    Doctor(doctor::Args),
    /// End a token at Quay, and forget it
    Logout(logout::Args),
    /// Answer docker and its kin: what `docker-credential-quay-auth` becomes
    #[command(hide = true)]
    CredentialHelper(credential_helper::Args),
}

impl Command {
    /// Runs it.
    pub(crate) fn run(self, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
        match self {
            Command::Login(args) => login::run(&args, settings, terminal),
            Command::PrintToken(args) => print_token::run(&args, settings, terminal),
            Command::Exec(args) => exec::run(&args, settings),
            Command::Docker(action) => docker::run(&action, settings, terminal),
            Command::Export(args) => export::run(&args, settings, terminal),
            Command::Api(args) => api::run(&args, settings, terminal),
            Command::Status(args) => status::run(&args, settings, terminal),
            Command::Scopes(args) => scopes::run(&args, settings, terminal),
            Command::Tokens(action) => tokens::run(&action, settings, terminal),
            Command::Doctor(args) => doctor::run(&args, settings, terminal),
            Command::Logout(args) => logout::run(&args, settings, terminal),
            Command::CredentialHelper(args) => credential_helper::run(&args, settings, terminal),
        }
    }
}
