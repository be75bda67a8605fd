//! `print-token`: the token on stdout. Reads settings, list of logins and store; no runtime, no network, no prompt.

use serde::Serialize;

use super::held::{Held, held};
use crate::completion;
use crate::domain::{BASIC_USER, Profile, Scopes, Timestamp};
use crate::error::{Error, Exit};
use crate::settings::Settings;
use crate::store::TokenRecord;
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
token=$(quay-auth print-token --require repo:write)
quay-auth print-token | skopeo login --username '$oauthtoken' --password-stdin quay.io";

/// Stands below the help.
const NOTES: &str = "\
For docker and podman, see `docker install`; for curl, `export curl-config`; for a command, `exec`.";

/// What `print-token` takes.
#[derive(Debug, Default, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// Fail unless the token has these scopes
    #[arg(long, value_name = "SCOPES", add = completion::scopes())]
    require: Option<Scopes>,

    /// Print a JSON object: token, host, username, scopes, expires_at
    #[arg(long)]
    json: bool,
}

/// What `--json` prints. Documented in the README; only ever added to.
#[derive(Serialize)]
struct Json<'a> {
    /// The token.
    token: &'a str,
    /// The host, as `--host` takes it.
    host: String,
    /// The user name that goes with the token where a password is asked for.
    username: &'static str,
    /// The scopes, where they are known.
    scopes: Option<&'a Scopes>,
    /// The end, where it is known.
    expires_at: Option<Timestamp>,
}

/// Prints the token.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let Held { profile, token, record } = held(settings)?;
    if let Some(required) = &args.require {
        check_scopes(&profile, record.as_ref(), required)?;
    }
    if !args.json {
        return terminal.secret(&token);
    }
    let json = Json {
        token: token.expose(),
        host: profile.host.to_string(),
        username: BASIC_USER,
        scopes: record.as_ref().and_then(|record| record.scopes.as_ref()),
        expires_at: record.as_ref().and_then(|record| record.expires_at),
    };
    terminal.json(&json)
}

/// Fails where the token is not known to have the required scopes.
fn check_scopes(profile: &Profile, record: Option<&TokenRecord>, required: &Scopes) -> Result<(), Error> {
    let Some(record) = record else {
        return Err(Error::new(Exit::NoLogin, "the scopes of the token in QUAY_AUTH_TOKEN are not known")
            .hint("leave out --require, or unset QUAY_AUTH_TOKEN to use the stored login"));
    };
    let flags = profile.flags();
    match &record.scopes {
        None => Err(Error::new(Exit::NoLogin, format!("the scopes of the token of {profile} are not known"))
            .hint(format!("tell them with the token: quay-auth login --with-token {flags} --scopes {required}"))
            .hint(format!("or get a new one: quay-auth login {flags} --scopes {required}"))),
        Some(granted) => match granted.missing(required) {
            None => Ok(()),
            Some(missing) => Err(Error::new(Exit::NoLogin, format!("the token of {profile} lacks {missing}"))
                .hint(format!("quay-auth login {flags} --scopes {}", granted.with(required)))),
        },
    }
}
