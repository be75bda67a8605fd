//! `print-token`: prints the token on stdout. Reads the settings, `profiles.toml` and the store; no async runtime, no network, no prompt.

use serde::Serialize;

use super::selected_token::{SelectedToken, select_token};
use crate::domain::{OAUTH_TOKEN_USER, Scopes, Timestamp};
use crate::error::{Error, Exit, login_with_more_scopes};
use crate::hint::CommandLine;
use crate::settings::Settings;
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Prints the token and a newline, nothing else. Some tools can get the token
without this command: `docker install` sets up docker, podman, skopeo and
buildah, `export` writes it for curl and others, and `exec` runs any command.";

const EXAMPLES: &str = "\
Examples:
  # Use the token in a script, and stop if it does not allow pushing
  token=$(quay-auth print-token --require repo:write)

  # Log in with skopeo
  quay-auth print-token |
    skopeo login --username '$oauthtoken' --password-stdin quay.io

  # See when the token expires
  quay-auth print-token --json | jq -r .expires_at";

#[derive(Debug, Default, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Fail unless the token has these scopes, for example repo:write
    #[arg(long, value_name = "SCOPES")]
    require: Option<Scopes>,

    /// Print a JSON object with the token, host, username, scopes and expiry
    #[arg(long)]
    pub(super) json: bool,
}

/// The output of `--json`, documented in docs/reference.md. Fields may be added, but not renamed or removed.
#[derive(Serialize)]
struct Json<'a> {
    token: &'a str,
    /// As `--host` accepts it.
    host: String,
    /// The user name to give with the token wherever a password is expected.
    username: &'static str,
    scopes: Option<&'a Scopes>,
    expires_at: Option<Timestamp>,
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let selected = select_token(settings, terminal)?;
    let SelectedToken { profile, token, stored } = &selected;
    if let Some(required) = &args.require {
        check_scopes(&selected, required)?;
    }
    terminal.mask_in_log(token);
    if !args.json {
        return terminal.print_token(token);
    }
    terminal.print_json(&Json {
        token: token.expose(),
        host: profile.host.to_string(),
        username: OAUTH_TOKEN_USER,
        scopes: selected.scopes(),
        expires_at: stored.as_ref().and_then(|stored| stored.expires_at),
    })
}

/// Fails unless the token is known to have the required scopes.
fn check_scopes(SelectedToken { profile, stored, .. }: &SelectedToken, required: &Scopes) -> Result<(), Error> {
    let Some(stored) = stored else {
        return Err(Error::new(Exit::NoLogin, "the scopes of the token in QUAY_AUTH_TOKEN are not known")
            .hint("leave out --require, or unset QUAY_AUTH_TOKEN to use the stored token"));
    };
    match &stored.scopes {
        None => Err(Error::new(Exit::NoLogin, format!("the scopes of the token of {profile} are not known"))
            .hint(
                CommandLine::of("login", profile)
                    .flag("--with-token")
                    .option("--scopes", Some(required))
                    .purpose("store the token again with its scopes"),
            )
            .hint(login_with_more_scopes(profile, required).purpose("or get a new token"))),
        Some(granted) => match granted.missing(required) {
            None => Ok(()),
            Some(missing) => Err(Error::new(Exit::NoLogin, format!("the token of {profile} lacks {missing}"))
                .hint(login_with_more_scopes(profile, &missing))),
        },
    }
}
