//! `exec`: runs another command with the token in its environment.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use clap::ValueHint;

use super::selected_token::{SelectedToken, select_token};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::settings::Settings;
use crate::system::{become_command, shell_commands};
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Sets QUAY_TOKEN to the token, QUAY_URL to the address of the host
(https://quay.io) and QUAY_HOST to the host (quay.io). Terraform's provider and
Ansible's collection for Quay read these variables.

The command replaces the quay-auth process, so signals go to it directly.
The exit code is that of the command, or 127 if the command was not found, or
126 if it cannot be run. On Windows, quay-auth stays and waits for the command.";

const EXAMPLES: &str = "\
Examples:
  # Run Terraform
  quay-auth exec -- terraform plan

  # Use other names for the variable with the token
  quay-auth exec --env QUAY_OAUTH_TOKEN --env QUAY_API_TOKEN -- ./mirror.sh";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Put the token into this variable instead of QUAY_TOKEN; may be repeated
    #[arg(long, value_name = "NAME", value_parser = variable_name)]
    env: Vec<String>,

    /// The command to run, with its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[arg(value_hint = ValueHint::AnyPath)]
    command: Vec<OsString>,
}

impl Args {
    /// The arguments that run this command without any option.
    pub(super) fn with_command(command: &[OsString]) -> Self {
        Args { env: Vec::new(), command: command.to_vec() }
    }
}

/// Accepts only names that a shell accepts too.
fn variable_name(text: &str) -> Result<String, String> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.starts_with(|first: char| !first.is_ascii_digit());
    if fits {
        Ok(text.to_owned())
    } else {
        Err("a variable name has letters, digits and `_`, and does not start with a digit".to_owned())
    }
}

/// Becomes the command. Returns only if that fails.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let SelectedToken { profile, token, .. } = select_token(settings, terminal)?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Error::new(Exit::Usage, "no command was given").hint(CommandLine::new("exec").flag("--help")));
    };
    #[expect(clippy::disallowed_methods, reason = "running a command is what exec is for")]
    let mut command = Command::new(program);
    command.args(arguments).env("QUAY_URL", profile.host.origin()).env("QUAY_HOST", profile.host.to_string());
    let default = ["QUAY_TOKEN".to_owned()];
    let names = if args.env.is_empty() { &default[..] } else { &args.env };
    for name in names {
        command.env(name, token.expose());
    }
    let Err(error) = become_command(command);
    let program = program.to_string_lossy();
    Err(match error.kind() {
        io::ErrorKind::NotFound => {
            Error::new(Exit::NotFound, format!("command not found: {program}")).hint(shell_commands::NO_COMMAND)
        }
        _ => Error::new(Exit::NotRunnable, format!("cannot run `{program}`"))
            .caused_by(error)
            .hint(shell_commands::not_runnable(&program)),
    })
}
