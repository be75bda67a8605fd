//! Before the browser opens and a ten-year token is made: can it be caught, and can it be kept?

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::domain::ClientId;
use crate::error::{Error, Exit};
use crate::login::{Bound, Event};
use crate::quay::{ApplicationAnswer, Release, ask_application, ask_config};
use crate::settings::LoginSettings;
use crate::store::{self, Profiles};
use crate::terminal::Terminal;

use super::Story;
use super::conversation::Conversation;

/// The way is clear.
pub(super) struct Proof {
    /// The redirect address, held.
    pub(super) bound: Bound,
    /// What is known of the server's release.
    pub(super) release: Release,
}

/// How often Ctrl-C is looked for meanwhile: a keyring's dialogue may stay open for a minute.
const GLANCE: Duration = Duration::from_millis(20);

/// Proves the way, all at once. Where several things fail, all are said; the exit code is that of the store, then of the address, then
/// of the client id.
pub(super) fn the_way(
    story: &Story<'_>,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<Proof, Error> {
    let (login, client_id) = (story.login, story.client_id);
    let host = &login.profile.host;
    terminal.detail(&format!("Asking {host} for the application {client_id}; trying the {}.", login.store));
    terminal.wait_for(&format!("Checking the {}, {} and {host}", login.store, login.redirect_uri), None);
    let config = aside({
        let client = story.client.clone();
        move || ask_config(&client)
    });
    let application = aside({
        let (client, client_id) = (story.client.clone(), client_id.clone());
        move || ask_application(&client, &client_id)
    });
    let kept = aside({
        let (login, folder) = (login.clone(), story.folder.clone());
        move || can_keep(&login, &folder)
    });
    let bound = Bound::bind(&login.redirect_uri).map_err(Error::from);
    let application = awaited(&application, conversation)?;
    let config = awaited(&config, conversation)?;
    let kept = awaited(&kept, conversation)?;
    terminal.waited();

    let kept = kept.unwrap_or_else(store_untried);
    let known = known(application, story, terminal);
    let mut failures = Vec::new();
    let bound = bound.map_err(|error| failures.push(error));
    let _ = kept.map_err(|error| failures.insert(0, error));
    let _ = known.map_err(|error| failures.push(error));
    let release = config.map_or(Release::Unknown, |config| config.release);
    match (bound, failures.is_empty()) {
        (Ok(bound), true) => Ok(Proof { bound, release }),
        _ => {
            let first = failures.remove(0);
            failures.iter().for_each(|error| terminal.report(error));
            Err(first)
        }
    }
}

/// Proves only that the token can be kept; for what needs no redirect address.
pub(super) fn the_place(login: &LoginSettings, folder: &Path, conversation: &Conversation) -> Result<(), Error> {
    let kept = aside({
        let (login, folder) = (login.clone(), folder.to_owned());
        move || can_keep(&login, &folder)
    });
    awaited(&kept, conversation)?.unwrap_or_else(store_untried)
}

/// The thread that tried the store died: a bug.
fn store_untried() -> Result<(), Error> {
    Err(Error::new(Exit::Store, "the store could not be tried").hint("try again; if it goes on, please report it"))
}

/// Does something on a thread, which is left behind when nobody waits for it any longer.
fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    result
}

/// Waits for it, or for a signal. `None` only if that thread died.
fn awaited<T>(result: &Receiver<T>, conversation: &Conversation) -> Result<Option<T>, Error> {
    loop {
        match result.recv_timeout(GLANCE) {
            Ok(value) => return Ok(Some(value)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(Event::Signalled(signal)) = conversation.happened_already() {
                    return Err(Error::signalled(signal));
                }
            }
        }
    }
}

/// Whether Quay knows the client id. What it does not say is told, and no reason to stop.
fn known(answer: Option<ApplicationAnswer>, story: &Story<'_>, terminal: &mut Terminal) -> Result<(), Error> {
    let login = story.login;
    let host = &login.profile.host;
    match answer {
        Some(ApplicationAnswer::Known(application)) => {
            let name = application.name;
            terminal.say(&format!("The application \"{name}\" asks for {}.", story.asked));
        }
        Some(ApplicationAnswer::Unknown) => return Err(unknown_client(login, story.client_id)),
        Some(ApplicationAnswer::Unclear { status }) => {
            terminal.warn(&format!("{host} does not say whether it knows the client id (status {status}); going on."));
        }
        Some(ApplicationAnswer::Unreachable(error)) => {
            terminal.warn(&format!("{error} from here; going on, since the browser may reach it."));
        }
        None => {}
    }
    Ok(())
}

/// Whether both the token and its record can be written.
fn can_keep(login: &LoginSettings, folder: &Path) -> Result<(), Error> {
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
