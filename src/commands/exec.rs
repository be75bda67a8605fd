//! `exec`: becomes another command, which finds the token in its environment.

use std::ffi::OsString;
use std::io;
use std::process::Command;

use super::held::{Held, held};
use crate::error::{Error, Exit};
use crate::settings::Settings;
use crate::system::{become_command, lines};

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth exec -- terraform plan
quay-auth exec --env QUAY_OAUTH_TOKEN --env QUAY_API_TOKEN -- ./mirror.sh";

/// Stands below the help.
const NOTES: &str = "\
The command finds QUAY_TOKEN, QUAY_URL (https://quay.io) and QUAY_HOST (quay.io) in its environment,
as terraform and Ansible read them. It takes the place of quay-auth: signals and exit status are its
own. 127: there is no such command; 126: it cannot be run.";

/// What `exec` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// Put the token into this variable instead of QUAY_TOKEN; may be repeated
    #[arg(long, value_name = "NAME", value_parser = variable_name)]
    env: Vec<String>,

    /// The command and its arguments
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

impl Args {
    /// Becoming this command, with the usual variables.
    pub(super) fn becoming(command: &[OsString]) -> Self {
        Args { env: Vec::new(), command: command.to_vec() }
    }
}

/// A name that a shell can use too.
fn variable_name(text: &str) -> Result<String, String> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.starts_with(|first: char| !first.is_ascii_digit());
    if fits { Ok(text.to_owned()) } else { Err("a variable has letters, digits and `_`, no digit first".to_owned()) }
}

/// Runs the command. Comes back only when that failed.
pub(super) fn run(args: &Args, settings: &Settings) -> Result<(), Error> {
    let Held { profile, token, .. } = held(settings)?;
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Error::new(Exit::Usage, "no command is named").hint("quay-auth exec --help"));
    };
    #[expect(clippy::disallowed_methods, reason = "all that this command does")]
    let mut command = Command::new(program);
    command.args(arguments).env("QUAY_URL", profile.host.origin()).env("QUAY_HOST", profile.host.to_string());
    let usual = ["QUAY_TOKEN".to_owned()];
    let names = if args.env.is_empty() { &usual[..] } else { &args.env };
    for name in names {
        command.env(name, token.expose());
    }
    let Err(error) = become_command(command);
    let program = program.to_string_lossy();
    Err(match error.kind() {
        io::ErrorKind::NotFound => {
            Error::new(Exit::NotFound, format!("there is no command `{program}`")).hint(lines::NO_COMMAND)
        }
        _ => Error::new(Exit::NotRunnable, format!("cannot run `{program}`"))
            .caused_by(error)
            .hint(lines::not_runnable(&program)),
    })
}
