//! Explains a redirect URI that does not match the one that is registered at Quay, the most common mistake in an application's settings.

use crate::browser_login::RegisteredUri;
use crate::error::{Error, Exit};
use crate::hint::Hint;
use crate::settings::LoginSettings;
use crate::terminal::Terminal;

/// What happened, without a full stop, and what to do.
fn explanation(registered: &RegisteredUri, login: &LoginSettings) -> (String, Vec<Hint>) {
    let ours = &login.redirect_uri;
    let register = format!("set it to exactly {ours} in the application's settings, then log in again");
    let again = || login.command().without("--with-token");
    let paste = || login.paste_command().purpose("or log in without a redirect to this machine");
    match registered {
        RegisteredUri::Usable(uri) if uri != ours => (
            format!("the application at Quay seems to have the redirect URI {uri}, not {ours}"),
            vec![again().option("--redirect-uri", Some(uri)).purpose("use that one"), format!("or {register}").into()],
        ),
        // Quay never says so of the right one, so this was forged.
        RegisteredUri::Usable(_) => {
            ("the application at Quay has a different redirect URI".to_owned(), vec![register.into()])
        }
        RegisteredUri::Unusable { uri, reason } => (
            format!(
                "the application at Quay seems to have the redirect URI {uri}, which quay-auth cannot use: {reason}"
            ),
            vec![register.into(), paste()],
        ),
        RegisteredUri::Missing => {
            ("the application at Quay seems to have no redirect URI".to_owned(), vec![register.into(), paste()])
        }
    }
}

pub(super) fn explain(registered: &RegisteredUri, login: &LoginSettings, terminal: &mut Terminal) {
    let (problem, hints) = explanation(registered, login);
    terminal.warn(&format!("{problem}."));
    hints.iter().for_each(|hint| terminal.hint(hint));
}

/// The same as an error.
pub(super) fn error(registered: &RegisteredUri, login: &LoginSettings) -> Error {
    let (problem, hints) = explanation(registered, login);
    hints.into_iter().fold(Error::new(Exit::Refused, problem), Error::hint)
}
