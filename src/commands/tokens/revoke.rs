//! `tokens revoke`: ends one token of the application.

use super::Asking;
use crate::domain::without_tokens;
use crate::error::{Error, Exit};
use crate::quay::Listed;
use crate::settings::Settings;
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth tokens revoke ci
quay-auth tokens revoke 0a1b2c3d-0000-4000-8000-000000000000";

/// What `tokens revoke` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST)]
pub(crate) struct Args {
    /// The token's uuid, or its name where only one has it
    #[arg(value_name = "UUID|NAME")]
    token: String,
}

/// Ends it.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let asking = Asking::begin(settings)?;
    let flags = asking.held.profile.flags();
    let wanted = args.token.as_str();
    // What was typed may be the secret itself.
    let shown = without_tokens(wanted);
    let listed = asking.ask(terminal, |tokens| tokens.list())?;
    let is_named = |token: &&Listed| token.name.as_ref().is_some_and(|name| name.as_str() == wanted);
    // A uuid is one token's alone, whatever others are named.
    let meant: Vec<&Listed> = match listed.iter().find(|token| token.uuid.as_str() == wanted) {
        Some(token) => vec![token],
        None => listed.iter().filter(is_named).collect(),
    };
    let token = match meant[..] {
        [token] => token,
        [] => {
            return Err(Error::new(Exit::Failure, format!("the application has no live token `{shown}`"))
                .hint(format!("quay-auth tokens list {flags}")));
        }
        _ => {
            return Err(Error::new(Exit::Usage, format!("several tokens are named `{shown}`"))
                .hint(format!("name it by its uuid: quay-auth tokens list {flags}")));
        }
    };
    let own = asking.held.record.as_ref().and_then(|record| record.uuid.as_ref());
    if own == Some(&token.uuid) {
        return Err(Error::new(Exit::Usage, "this is the token of the login itself")
            .hint(format!("to end and forget it: quay-auth logout {flags}")));
    }
    let name = token.name.as_ref().unwrap_or(&token.uuid);
    match asking.ask(terminal, |tokens| tokens.revoke(token.uuid.as_str()))? {
        true => terminal.done(&format!("Revoked the token {name}.")),
        false => terminal.say(&format!("The token {name} had ended already.")),
    }
    Ok(())
}
