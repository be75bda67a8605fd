//! Before the browser opens and a ten-year token is made: can it be caught, and can it be kept?

use std::path::Path;
use std::thread;

use crate::domain::ClientId;
use crate::error::{Error, Exit};
use crate::login::Bound;
use crate::quay::{ApplicationAnswer, Client, ask_application};
use crate::settings::LoginSettings;
use crate::store::{self, Profiles};
use crate::terminal::Terminal;

/// Proves the way, all at once, and returns the redirect address, held. Where several things fail, all are said; the exit code is
/// that of the store, then of the address, then of the client id.
pub(super) fn the_way(
    login: &LoginSettings,
    client_id: &ClientId,
    client: &Client,
    folder: &Path,
    terminal: &mut Terminal,
) -> Result<Bound, Error> {
    let host = &login.profile.host;
    terminal.detail(&format!("Asking {host} for the application {client_id}; trying the {}.", login.store));
    terminal.wait_for(&format!("Checking the {}, {} and {host}", login.store, login.redirect_uri), None);
    let (kept, bound, application) = thread::scope(|scope| {
        let application = scope.spawn(|| ask_application(client, client_id));
        let kept = scope.spawn(|| can_keep(login, folder));
        let bound = Bound::bind(&login.redirect_uri).map_err(Error::from);
        (kept.join(), bound, application.join())
    });
    terminal.waited();
    let kept = kept.unwrap_or_else(|_| Err(Error::new(Exit::Store, "the store could not be tried")));
    let application = match application {
        Ok(ApplicationAnswer::Known(name)) => {
            terminal.say(&format!("The application \"{name}\" asks for {}.", login.scopes));
            Ok(())
        }
        Ok(ApplicationAnswer::Unknown) => Err(unknown_client(login, client_id)),
        Ok(ApplicationAnswer::Unclear { status }) => {
            terminal.warn(&format!("{host} does not say whether it knows the client id (status {status}); going on."));
            Ok(())
        }
        Ok(ApplicationAnswer::Unreachable(error)) => {
            terminal.warn(&format!("{error} from here; going on, since the browser may reach it."));
            Ok(())
        }
        Err(_) => Ok(()),
    };
    let mut failures = Vec::new();
    let bound = bound.map_err(|error| failures.push(error));
    let _ = kept.map_err(|error| failures.insert(0, error));
    let _ = application.map_err(|error| failures.push(error));
    match (bound, failures.is_empty()) {
        (Ok(bound), true) => Ok(bound),
        _ => {
            let first = failures.remove(0);
            failures.iter().for_each(|error| terminal.report(error));
            Err(first)
        }
    }
}

/// Whether both the token and its record can be written.
pub(super) fn can_keep(login: &LoginSettings, folder: &Path) -> Result<(), Error> {
    Profiles::prove_writable(folder)?;
    store::open(login.store, folder).make_ready()?;
    Ok(())
}

/// Quay answers 404 for the client id: its authorize page would too, and the browser would never come back.
fn unknown_client(login: &LoginSettings, client_id: &ClientId) -> Error {
    let host = &login.profile.host;
    Error::new(Exit::Refused, format!("{host} knows no application with the client id {client_id}"))
        .hint("in the web UI the application's \"OAuth Information\" shows its \"Client ID:\"")
        .hint(format!("quay-auth login {} --client-id ID", login.profile.flags()))
}
