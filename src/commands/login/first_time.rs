//! The first minute: no client id is known. At a terminal a short dialogue, elsewhere the same words as an error.

use crate::domain::{ClientId, Host, HostArgument, RedirectUri};
use crate::error::{Error, Exit};
use crate::keyboard::Echo;
use crate::quay::{ApplicationAnswer, Client, Release, ask_application, ask_config};
use crate::settings::LoginSettings;
use crate::terminal::Terminal;

use super::conversation::Conversation;

/// How an application is made at that host, with the exact names of that release's fields; each line a step.
fn how_to(host: &Host, redirect_uri: &RedirectUri, release: Release) -> Vec<String> {
    let mut lines = vec![format!(
        "Quay gives tokens to applications. An administrator of an organization at {host} makes one, once:"
    )];
    let new =
        format!("\"OAuth Applications\", \"Create new application\"; \"Redirect/Callback URL prefix\": {redirect_uri}");
    let old = format!(
        "\"Applications\", \"Create New Application\"; its \"Settings\", \"Redirect/Callback URL Prefix\": {redirect_uri}"
    );
    let open = format!("  1. open {} and there the organization", host.origin());
    lines.push(open);
    match release {
        Release::NewWebUi => lines.push(format!("  2. {new}")),
        Release::OldWebUi | Release::AnyUserMayAuthorize => lines.push(format!("  2. {old}")),
        Release::Unknown => {
            lines.push(format!("  2. new web UI: {new}"));
            lines.push(format!("     old web UI: {old}"));
        }
    }
    lines.push(
        "  3. the application's \"OAuth Information\" then shows its \"Client ID:\"; the secret is not needed"
            .to_owned(),
    );
    lines
}

/// Asks which host, where nothing names one. Enter takes the one that was proposed.
pub(super) fn ask_host(
    proposed: &Host,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<HostArgument, Error> {
    loop {
        let answer = conversation.ask(&format!("Which Quay? [{proposed}]"), Echo::Shown, terminal)?;
        let text = answer.ok_or_else(given_up)?;
        let text = if text.is_empty() { proposed.to_string() } else { text.to_string() };
        match text.parse() {
            Ok(host) => return Ok(host),
            Err(error) => terminal.warn(&format!("{error}.")),
        }
    }
}

/// Asks for the client id until Quay knows it, or cannot tell.
pub(super) fn ask_client_id(
    login: &LoginSettings,
    client: &Client,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<ClientId, Error> {
    let host = &login.profile.host;
    terminal.wait_for(&format!("Asking {host} which release it is"), None);
    let release = ask_config(client).release;
    terminal.waited();
    how_to(host, &login.redirect_uri, release).iter().for_each(|line| terminal.must_say(line));
    loop {
        let answer = conversation.ask("Client ID:", Echo::Shown, terminal)?;
        let client_id: ClientId = match answer.ok_or_else(given_up)?.parse() {
            Ok(client_id) => client_id,
            Err(error) => {
                terminal.warn(&format!("{error}."));
                continue;
            }
        };
        match ask_application(client, &client_id) {
            ApplicationAnswer::Unknown => {
                terminal.warn(&format!("{host} knows no application with the client id {client_id}."))
            }
            _ => return Ok(client_id),
        }
    }
}

/// Nobody can be asked: the same words as an error.
pub(super) fn no_client_id(login: &LoginSettings, client: &Client) -> Error {
    let host = &login.profile.host;
    let error = Error::new(Exit::Usage, format!("no client id is known for {host}"));
    let lines = how_to(host, &login.redirect_uri, ask_config(client).release);
    lines.into_iter().fold(error, Error::hint).hint(format!("quay-auth login {} --client-id ID", login.profile.flags()))
}

/// The person ended the dialogue.
fn given_up() -> Error {
    Error::new(Exit::Usage, "nothing was answered; nothing was changed")
        .hint("quay-auth login --host HOST --client-id ID asks nothing")
}
