//! `tokens revoke`: revokes a token of the application.

use super::TokensSession;
use crate::domain::{ProfileId, redact_tokens};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::quay::ListedToken;
use crate::settings::Settings;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  # Revoke the token named ci
  quay-auth tokens revoke ci

  # Revoke one of several tokens that have the same name
  quay-auth tokens revoke 0a1b2c3d-0000-4000-8000-000000000000";

#[derive(Debug, clap::Args)]
#[command(before_help = super::REQUIREMENTS, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// UUID of the token, or its name if no other token has the same name
    #[arg(value_name = "UUID|NAME")]
    token: String,
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let session = TokensSession::open(settings, terminal)?;
    let profile = &session.selected.profile;
    let tokens = session.call(terminal, |tokens| tokens.list())?;
    let token = find(&args.token, &tokens, profile)?;
    if session.uses(token) {
        return Err(Error::new(Exit::Usage, "this is the token that this command uses")
            .hint(CommandLine::of("logout", profile).purpose("to revoke and delete it")));
    }
    let name = token.name.as_ref().unwrap_or(&token.uuid);
    match session.call(terminal, |tokens| tokens.revoke(token.uuid.as_str()))? {
        true => terminal.done(&format!("Revoked the token {name}.")),
        false => terminal.say(&format!("The token {name} was already revoked or had expired.")),
    }
    Ok(())
}

/// The token with this UUID, or else the only one with this name.
fn find<'a>(wanted: &str, tokens: &'a [ListedToken], profile: &ProfileId) -> Result<&'a ListedToken, Error> {
    // A UUID comes first: anyone may give a token a name that is the UUID of another one.
    if let Some(token) = tokens.iter().find(|token| token.uuid.as_str() == wanted) {
        return Ok(token);
    }
    let has_name = |token: &&ListedToken| token.name.as_ref().is_some_and(|name| name.as_str() == wanted);
    let named: Vec<&ListedToken> = tokens.iter().filter(has_name).collect();
    // The user may have typed the secret itself.
    let shown = redact_tokens(wanted);
    match named[..] {
        [token] => Ok(token),
        [] => Err(Error::new(Exit::Failure, format!("the application has no active token `{shown}`"))
            .hint(CommandLine::of("tokens list", profile))),
        _ => Err(Error::new(Exit::Usage, format!("several tokens are named `{shown}`"))
            .hint(CommandLine::of("tokens list", profile).purpose("use the UUID, which this shows"))),
    }
}
