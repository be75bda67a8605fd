//! Checks before the browser opens and Quay creates a ten-year token: can quay-auth receive the token, and can it store it?

use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::browser_login::BoundAddress;
use crate::commands::scopes::unknown_scope;
use crate::domain::{ClientId, Host, Scopes, ServerText};
use crate::error::{Error, Exit};
use crate::quay::{
    self, ApplicationLookup, Client, Release, ask_config, ask_server, look_up_application, offered_scopes,
};
use crate::settings::LoginSettings;
use crate::store::Vault;
use crate::system;
use crate::terminal::Terminal;

use super::ImplicitFlow;
use super::conversation::Conversation;
use super::save::store_error;

/// What the checks leave for the login.
pub(super) struct Preflight {
    pub(super) bound: BoundAddress,
    pub(super) release: Release,
}

/// How often to look for Ctrl-C meanwhile: a keyring's dialog may stay open for a minute.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(20);

/// Checks that the host offers each scope that is not one of Quay's usual ones.
pub(super) fn check_scopes(login: &LoginSettings) -> Result<(), Error> {
    let host = &login.profile.host;
    let Some(first_unusual) = login.scopes.unknown().next() else { return Ok(()) };
    let offered = Client::new(&login.connection).and_then(|client| offered_scopes(&client));
    let known: Vec<&str> = match &offered {
        Ok(offered) if !offered.is_empty() => offered.keys().map(ServerText::as_str).collect(),
        _ => Scopes::known_names().collect(),
    };
    let unknown = login.scopes.unknown().find(|scope| !known.contains(scope));
    if unknown.is_none() && offered.is_ok() {
        return Ok(());
    }
    let error = unknown_scope(unknown.unwrap_or(first_unusual), &known);
    Err(match offered {
        Ok(_) => error,
        Err(cause) => error.caused_by(format!("{cause}, so the scopes of {host} itself are not known")),
    })
}

/// Makes all checks at the same time, and reports every failure. The exit code is that of the store, then of the redirect URI, then of
/// the client ID.
pub(super) fn check(
    flow: &ImplicitFlow<'_>,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<Preflight, Error> {
    let (login, client_id) = (flow.login, flow.client_id);
    let host = &login.profile.host;
    terminal.detail(&format!("Checking whether the {} can store a token.", login.store));
    terminal.start_waiting(&format!("Checking the {}, {} and {host}", login.store, login.redirect_uri));
    let config = in_background({
        let client = flow.client.clone();
        move || ask_config(&client)
    });
    let application = in_background({
        let (client, client_id) = (flow.client.clone(), client_id.clone());
        move || look_up_application(&client, &client_id, None)
    });
    let storable = start_check_of_store(login, flow.vault);
    let bound = BoundAddress::bind(&login.redirect_uri, flow.args.listen);
    let bound = bound.map_err(|error| Error::cannot_listen(error, login));
    let application = wait_for(&application, conversation)?;
    let config = wait_for(&config, conversation)?;
    let storable = wait_for(&storable, conversation)?;
    terminal.stop_waiting();

    let known = check_application(application, flow, terminal);
    let mut failures: Vec<Error> = storable.err().into_iter().collect();
    let bound = bound.map_err(|error| failures.push(error));
    failures.extend(known.err());
    if config.is_read_only {
        warn_of_read_only(host, terminal);
    }
    match (bound, failures.is_empty()) {
        (Ok(bound), true) => Ok(Preflight { bound, release: config.release }),
        _ => {
            let first = failures.remove(0);
            failures.iter().for_each(|error| terminal.report(error));
            Err(first)
        }
    }
}

/// Checks only that the token can be stored, for logins that do not listen on the redirect URI.
pub(super) fn check_store(login: &LoginSettings, vault: &Vault, conversation: &Conversation) -> Result<(), Error> {
    wait_for(&start_check_of_store(login, vault), conversation)?
}

fn start_check_of_store(login: &LoginSettings, vault: &Vault) -> Receiver<Result<(), Error>> {
    let (login, vault) = (login.clone(), vault.clone());
    in_background(move || check_storable(&login, &vault))
}

/// Runs something on a thread of its own, if possible. After Ctrl-C nothing waits for that thread, and it ends with the process.
pub(super) fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    system::in_background(move || drop(sender.send(work())));
    receiver
}

/// Waits for the result of `in_background`, or for a signal.
pub(super) fn wait_for<T>(result: &Receiver<T>, conversation: &Conversation) -> Result<T, Error> {
    loop {
        match result.recv_timeout(SIGNAL_INTERVAL) {
            Ok(value) => return Ok(value),
            Err(RecvTimeoutError::Disconnected) => unreachable!("the thread has panicked, which ends the process"),
            Err(RecvTimeoutError::Timeout) => {
                if let Some(signal) = conversation.take_signal() {
                    return Err(Error::signalled(signal, "nothing was changed"));
                }
            }
        }
    }
}

/// Fails if Quay does not know the client ID. If Quay cannot be asked, the login goes on with a warning.
pub(super) fn check_application(
    lookup: ApplicationLookup,
    flow: &ImplicitFlow<'_>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let login = flow.login;
    let host = &login.profile.host;
    match lookup {
        ApplicationLookup::Known(application) => {
            let request = format!("The application \"{}\" asks for {}.", application.name, flow.requested_scopes);
            // Otherwise Quay's page shows it.
            if flow.args.direct.direct { terminal.say(&request) } else { terminal.detail(&request) }
        }
        ApplicationLookup::Unknown => return Err(unknown_client_id(login, flow.client_id)),
        // Where anonymous access is off, that is so at every login (docs/quay.md, case Y3b).
        ApplicationLookup::Unclear { status: 401 } => {
            terminal.detail(&format!("Could not check the client ID: {host} answers only with a login."));
        }
        ApplicationLookup::Unclear { status } => {
            let answer = flow.client.describe_answer(status);
            terminal.warn(&format!("could not check the client ID: {answer}. Continuing."));
        }
        ApplicationLookup::Unreachable(error) => warn_unless_final(error, login, terminal)?,
    }
    Ok(())
}

/// The consent page still comes then, but "Authorize Application" ends at a page that says 503 (docs/quay.md, cases Y1o and Y1q).
pub(super) fn warn_of_read_only(host: &Host, terminal: &mut Terminal) {
    terminal.warn(&format!("{host} is read-only just now: it creates no tokens. Reading and pulling still work."));
}

/// Checks that the server can be asked, for logins that do not ask it about the client ID at once.
pub(super) fn check_server(
    login: &LoginSettings,
    client: &Client,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    match conversation.request(&format!("Connecting to {}", client.host()), terminal, || ask_server(client))? {
        Ok(server) if server.is_quay => Ok(()),
        Ok(_) => {
            terminal.warn(&format!("{} does not answer as a Quay server does.", client.host()));
            Ok(())
        }
        Err(error) => warn_unless_final(error, login, terminal),
    }
}

/// Warns that the server cannot be asked, if that can be different for the browser. Fails otherwise.
fn warn_unless_final(error: quay::Error, login: &LoginSettings, terminal: &mut Terminal) -> Result<(), Error> {
    let error = unless_final(error, login)?;
    terminal.warn(&format!("{}. Continuing, because your browser may be able to reach it.", error.summary()));
    Ok(())
}

/// The error, if it can be different for the browser. Fails if no login at that server can be trusted, or its name does not exist.
pub(super) fn unless_final(error: quay::Error, login: &LoginSettings) -> Result<Error, Error> {
    use quay::Error as E;
    let is_final = matches!(error, E::Tls { .. } | E::CaFile { .. } | E::UnknownHost { .. });
    let error = Error::of_login(error, login.command());
    if is_final { Err(error) } else { Ok(error) }
}

/// Checks that both the token and its profile can be written.
fn check_storable(login: &LoginSettings, vault: &Vault) -> Result<(), Error> {
    if let Some(path) = login.connection.ca_file.as_deref().filter(|path| path.to_str().is_none()) {
        return Err(Error::new(Exit::Usage, format!("the path of the CA file is not UTF-8: {}", path.display()))
            .hint("rename the file, or the folder that it is in, and pass --ca-file again"));
    }
    vault.prepare(login.store).map_err(|error| store_error(error, login.command()))
}

/// Quay's page would be a 404 too, from which the browser never comes back.
fn unknown_client_id(login: &LoginSettings, client_id: &ClientId) -> Error {
    let host = &login.profile.host;
    Error::new(Exit::Refused, format!("{host} has no application with the client ID {client_id}"))
        .hint("in Quay's web UI, copy the \"Client ID:\" from the application's \"OAuth Information\"")
        .hint(format!("then run `{}`", login.command().option("--client-id", Some("ID"))))
}
