//! The commands. Each has a file or folder with its arguments (`Args`) and its `run`. To add one, add such a file, a variant and an arm
//! below, and a file in `tests/e2e/`.

mod api;
mod api_field;
mod api_refusal;
mod choice;
mod completions;
mod credential_helper;
mod docker;
mod doctor;
mod exec;
mod export;
mod help;
mod keyring_dialog;
mod login;
mod logout;
mod man;
mod print_token;
mod recover;
mod revoke;
mod scopes;
mod selected_token;
mod share;
mod status;
mod switch;
mod tokens;

#[cfg(any(test, fuzzing))]
pub(crate) use api_refusal::RefusalBody;
pub(crate) use completions::VARIABLE as COMPLETION_VARIABLE;
pub(crate) use recover::recover;

use std::ffi::OsString;
use std::process::ExitCode;

use choice::choose_host;
use clap::Subcommand;

use crate::error::Error;
use crate::settings::Settings;
use crate::terminal::Terminal;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in with the browser and store the token
    #[command(alias = "refresh")]
    Login(Box<login::Args>),
    /// Print the token
    #[command(alias = "token")]
    PrintToken(print_token::Args),
    /// Run a command with the token in its environment
    Exec(exec::Args),
    /// Let docker, podman, skopeo and buildah use the token
    #[command(subcommand, after_help = docker::EXAMPLES)]
    Docker(docker::Action),
    /// Write the token in the format of another tool
    Export(export::Args),
    /// Send a request to Quay's API
    Api(Box<api::Args>),
    /// Show your profiles, and whether Quay accepts their tokens
    #[command(alias = "whoami")]
    Status(status::Args),
    /// Choose the profile that commands use by default
    Switch(switch::Args),
    /// Print the login command and settings for other users
    Share(share::Args),
    /// Show what each scope allows
    Scopes(scopes::Args),
    /// List, create and revoke tokens of the application
    #[command(subcommand, before_help = tokens::REQUIREMENTS, after_help = tokens::EXAMPLES)]
    Tokens(tokens::Action),
    /// Check what a login needs, and show how to fix it
    Doctor(doctor::Args),
    /// Delete the token, and revoke it at Quay if possible
    Logout(logout::Args),
    /// Print the completion script for a shell
    Completions(completions::Args),
    /// Show a manual page
    Man(man::Args),
    /// Show the help of a command, or of a topic
    Help(help::Args),
    /// Print the version, as `--version` does
    #[command(hide = true)]
    Version,
    /// Answer docker, podman, skopeo and buildah
    #[command(hide = true)]
    CredentialHelper(credential_helper::Args),
}

impl Command {
    /// The command of these words, if it is one that programs run thousands of times a day and has no option. Defining all commands
    /// and options for the parser would take a quarter of its time.
    pub(crate) fn without_parser(words: &[OsString]) -> Option<Self> {
        match words {
            [name] if name == "print-token" || name == "token" => {
                Some(Command::PrintToken(print_token::Args::default()))
            }
            [name, end_of_options, verb] if name == "credential-helper" && end_of_options == "--" => {
                Some(Command::CredentialHelper(credential_helper::Args::with_verb(verb)))
            }
            [name, end_of_options, command @ ..] if name == "exec" && end_of_options == "--" && !command.is_empty() => {
                Some(Command::Exec(exec::Args::with_command(command)))
            }
            _ => None,
        }
    }

    /// Whether it has `--json`.
    pub(crate) fn prints_json(&self) -> bool {
        match self {
            Command::PrintToken(args) => args.json,
            Command::Docker(docker::Action::Status(args)) => args.json,
            Command::Status(args) => args.json,
            Command::Scopes(args) => args.json,
            Command::Tokens(tokens::Action::List(args)) => args.json,
            Command::Tokens(tokens::Action::Create(args)) => args.json,
            Command::Doctor(args) => args.json,
            _ => false,
        }
    }

    /// Runs it. `load` reads the settings, which may be broken, so commands that need none do not call it; `program` defines the
    /// whole command line.
    pub(crate) fn run(
        self,
        load: impl FnOnce(&mut Terminal) -> Result<Settings, Error>,
        program: impl FnOnce() -> clap::Command,
        terminal: &mut Terminal,
    ) -> Result<ExitCode, Error> {
        let result = match self {
            Command::Login(args) => login::run(&args, &choose_host(load(terminal)?, terminal)?, terminal),
            Command::PrintToken(args) => print_token::run(&args, &load(terminal)?, terminal),
            Command::Exec(args) => exec::run(&args, &load(terminal)?, terminal),
            Command::Docker(action @ docker::Action::Install(_)) => {
                docker::run(&action, &choose_host(load(terminal)?, terminal)?, terminal)
            }
            Command::Docker(action) => docker::run(&action, &load(terminal)?, terminal),
            Command::Export(args) => export::run(&args, &load(terminal)?, terminal),
            Command::Api(args) => api::run(&args, &choose_host(load(terminal)?, terminal)?, terminal),
            Command::Switch(args) => switch::run(&args, &load(terminal)?, terminal),
            Command::Share(args) => share::run(&args, &choose_host(load(terminal)?, terminal)?, terminal),
            Command::Status(args) => status::run(&args, &load(terminal)?, terminal),
            Command::Scopes(args) => scopes::run(&args, &load(terminal)?, terminal),
            Command::Tokens(action) => tokens::run(&action, &choose_host(load(terminal)?, terminal)?, terminal),
            Command::Doctor(args) => doctor::run(&args, load, terminal),
            Command::Logout(args) => logout::run(&args, load(terminal)?, terminal),
            Command::Completions(args) => completions::run(&args, terminal),
            Command::Man(args) => man::run(&args, program(), terminal),
            Command::Help(args) => help::run(&args, terminal),
            Command::Version => terminal.print(program().render_version().trim_end()),
            Command::CredentialHelper(args) => return credential_helper::run(&args, load, terminal),
        };
        result.map(|()| ExitCode::SUCCESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_of_print_token_need_no_parser() {
        for name in ["print-token", "token"] {
            assert!(matches!(Command::without_parser(&[name.into()]), Some(Command::PrintToken(_))), "{name}");
        }
    }
}
