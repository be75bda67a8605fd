//! The first login at a host, whose client ID is not known: explains how to get one and, at a terminal, asks for it.

use url::Url;

use crate::domain::{ClientId, Host, HostArgument, InvalidClientId, RedirectUri};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::keyboard::Echo;
use crate::quay::{ApplicationLookup, Client, Release, ask_config, look_up_application};
use crate::settings::{LoginSettings, Settings};
use crate::terminal::Terminal;

use super::conversation::Conversation;
use super::{Args, new_client, preflight};

/// Says what is needed and how to create it, one line for each step.
fn instructions(host: &Host, redirect_uri: &RedirectUri, release: Release) -> Vec<String> {
    let mut lines = vec![
        format!("Logging in needs the client ID of an OAuth application at {host}."),
        "An administrator of an organization creates it once:".to_owned(),
    ];
    lines.extend(steps(host, redirect_uri, release));
    lines
}

/// The same as a message from somebody who is not an administrator to one.
fn message_to_administrator(host: &Host, redirect_uri: &RedirectUri, release: Release) -> Vec<String> {
    let mut lines = vec![
        format!(
            "I would like to log in to {host} with quay-auth. For this I need the client ID of an OAuth application of our \
             organization, with exactly this redirect URI:"
        ),
        format!("  {redirect_uri}"),
        "If there is none yet, please create it:".to_owned(),
    ];
    lines.extend(steps(host, redirect_uri, release));
    lines.push("Then please send me the client ID. It is not a secret.".to_owned());
    if release != Release::AnyUserMayAuthorize {
        let since = if release == Release::Unknown { " (from Quay 3.12 on)" } else { "" };
        lines.push(format!(
            "If I am not an administrator of the organization, please assign the application to me as well{since}."
        ));
    }
    lines
}

/// How to create an application at this host. The names of buttons and fields depend on the release.
fn steps(host: &Host, redirect_uri: &RedirectUri, release: Release) -> Vec<String> {
    let new_ui = format!(
        "\"OAuth Applications\", \"Create new application\"; set \"Redirect/Callback URL prefix\" to {redirect_uri}"
    );
    let old_ui = format!(
        "\"Applications\", \"Create New Application\"; in its \"Settings\", set \"Redirect/Callback URL Prefix\" to {redirect_uri}"
    );
    let mut lines = vec![format!("  1. At {}, open the organization.", host.origin())];
    match release {
        Release::NewWebUi => lines.push(format!("  2. Choose {new_ui}.")),
        Release::OldWebUi | Release::AnyUserMayAuthorize => lines.push(format!("  2. Choose {old_ui}.")),
        Release::Unknown => {
            lines.push(format!("  2. In the new web UI, choose {new_ui}."));
            lines.push(format!("     In the old web UI, choose {old_ui}."));
        }
    }
    lines.push("  3. Copy the \"Client ID:\" from \"OAuth Information\". The client secret is not needed.".to_owned());
    lines
}

/// Asks for the host when nothing names one, until there is one that can be asked. Enter accepts the proposed one.
pub(super) fn ask_host(
    args: &Args,
    settings: &Settings,
    proposed: &LoginSettings,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<LoginSettings, Error> {
    let host = &proposed.profile.host;
    loop {
        let answer = conversation.ask(&format!("Quay host [{host}]:"), Echo::Shown, terminal)?;
        let text = answer.ok_or_else(|| no_answer(proposed.command().option("--host", Some("HOST"))))?;
        let text = if text.is_empty() { host.to_string() } else { text.to_string() };
        let host: HostArgument = match text.parse() {
            Ok(host) => host,
            Err(error) => {
                terminal.warn(&format!("{error}."));
                continue;
            }
        };
        match try_host(args, settings, &host, conversation, terminal) {
            Ok(login) => return Ok(login),
            Err(error) if matches!(error.exit, Exit::Signal(_)) => return Err(error),
            Err(error) => {
                terminal.warn(&format!("{}.", error.summary()));
                error.hints().iter().for_each(|hint| terminal.hint(hint));
            }
        }
    }
}

/// The login at that host, if the host can be asked.
fn try_host(
    args: &Args,
    settings: &Settings,
    host: &HostArgument,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<LoginSettings, Error> {
    let login = args.login(settings, settings.profile_at_entered_host(host)?)?;
    preflight::check_server(&login, &new_client(&login)?, conversation, terminal)?;
    Ok(login)
}

/// Asks for the client ID until Quay knows the application, or cannot be asked about it. Without one, shows how to get it from an
/// administrator.
pub(super) fn ask_client_id(
    login: &LoginSettings,
    client: &Client,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<ClientId, Error> {
    let host = &login.profile.host;
    let release = ask_release(client, conversation, terminal)?;
    instructions(host, &login.redirect_uri, release).iter().for_each(|line| terminal.say_always(line));
    terminal.say_always("Press Enter to show a message that you can send to an administrator.");
    loop {
        let answer = conversation.ask("Client ID, or the address of the application's page:", Echo::Shown, terminal)?;
        let answer = answer.ok_or_else(|| no_answer(login.command()))?;
        if answer.is_empty() {
            show_message(login, release, terminal);
            continue;
        }
        let client_id = match read_client_id(&answer, host) {
            Ok(client_id) => client_id,
            Err(problem) => {
                terminal.warn(&format!("{problem}."));
                continue;
            }
        };
        let what = format!("Asking {host} about the application");
        match conversation.request(&what, terminal, || look_up_application(client, &client_id, None))? {
            ApplicationLookup::Unknown => {
                terminal.warn(&format!("{host} has no application with the client ID {client_id}."));
            }
            _ => return Ok(client_id),
        }
    }
}

fn show_message(login: &LoginSettings, release: Release, terminal: &Terminal) {
    terminal.say_always("");
    let message = message_to_administrator(&login.profile.host, &login.redirect_uri, release);
    message.iter().for_each(|line| terminal.say_always(line));
    terminal.say_always("");
    let later = with_client_id(login.command());
    terminal.say_always(&format!("When you have the client ID, enter it here, or later run `{later}`."));
}

/// Reads a client ID, or the address of a page that has it in its address. Fails with what is wrong.
fn read_client_id(text: &str, host: &Host) -> Result<ClientId, String> {
    let Ok(url) = Url::parse(text) else {
        return text.parse().map_err(|error: InvalidClientId| error.to_string());
    };
    if Url::parse(&host.origin()).map(|here| here.origin()) != Ok(url.origin()) {
        return Err(format!("that is not a page of {host}"));
    }
    ClientId::in_page_url(&url).ok_or_else(|| {
        "the address of that page does not contain the client ID; copy it from \"OAuth Information\"".to_owned()
    })
}

/// The same instructions as an error, when there is no terminal.
pub(super) fn no_client_id(
    login: &LoginSettings,
    client: &Client,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Error {
    let host = &login.profile.host;
    let release = match ask_release(client, conversation, terminal) {
        Ok(release) => release,
        Err(error) => return error,
    };
    let error = Error::new(Exit::Usage, format!("no client ID is known for {host}"));
    let lines = instructions(host, &login.redirect_uri, release);
    lines.into_iter().fold(error, Error::hint).hint(format!("then run `{}`", with_client_id(login.command())))
}

fn ask_release(client: &Client, conversation: &mut Conversation, terminal: &mut Terminal) -> Result<Release, Error> {
    let what = format!("Asking {} for its release", client.host());
    conversation.request(&what, terminal, || ask_config(client).release)
}

/// `login` has everything but the client ID.
fn no_answer(login: CommandLine) -> Error {
    Error::new(Exit::Usage, "the question was not answered; nothing was changed")
        .hint(format!("to log in without questions, run `{}`", with_client_id(login)))
}

fn with_client_id(login: CommandLine) -> CommandLine {
    login.option("--client-id", Some("ID"))
}
