//! `login`: gets a token in the browser and keeps it. The command is the story; its chapters are `prove`, `wait` and `keep`.

mod keep;
mod prove;
mod wait;
mod with_token;

use std::sync::mpsc;
use std::time::Instant;

use crate::domain::{ClientId, Scopes, nearest};
use crate::error::{Error, Exit};
use crate::login::{Answer, Authorization, Outcome, Pages, open_browser};
use crate::quay::{Client, offered_scopes};
use crate::settings::{LoginFlags, LoginSettings, Settings};
use crate::store::Record;
use crate::terminal::Terminal;

use keep::Caught;

/// Gets a token in the browser and keeps it. The first login at a host names the client id; later ones remember it.
///
/// Examples:
///   quay-auth login --host quay.example.com --client-id ID
///   quay-auth login --scopes repo:read,user:read
///   quay-auth login --with-token < token.txt
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// What a login can be told.
    #[command(flatten)]
    settings: LoginFlags,

    /// Print the address and wait, without opening a browser
    #[arg(long, conflicts_with = "browser")]
    no_browser: bool,

    /// Read a token, or an address with one in it, from stdin
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "", hide_possible_values = true)]
    with_token: Option<Option<String>>,

    /// Taken only to be refused without repeating it: it may be a token.
    #[arg(hide = true)]
    surplus: Option<String>,
}

/// Logs in.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    if args.surplus.is_some() || matches!(args.with_token, Some(Some(_))) {
        return Err(Error::new(
            Exit::Usage,
            "login takes no argument; a token on the command line can be read by every user of this machine",
        )
        .hint("give it on stdin: quay-auth login --with-token < FILE"));
    }
    let login = settings.login(&args.settings)?;
    check_scopes(&login, terminal)?;
    if let Some((host, _)) = settings.token_variable()? {
        terminal.warn(&format!("QUAY_AUTH_TOKEN is set and replaces the stored token of {host}, this new one too."));
    }
    if login.allow_http && !login.profile.host.is_loopback() {
        terminal.warn(&format!(
            "{} is spoken to without encryption: the token can be read on the way.",
            login.profile.host
        ));
    }
    if args.with_token.is_some() {
        with_token::run(&args.settings, &login, settings, terminal)
    } else {
        in_browser(args, &login, settings, terminal)
    }
}

/// A scope that this program does not know must be one that the host offers.
fn check_scopes(login: &LoginSettings, terminal: &mut Terminal) -> Result<(), Error> {
    let host = &login.profile.host;
    let Some(word) = login.scopes.unknown().next() else { return Ok(()) };
    terminal.detail(&format!("Asking {host} which scopes it offers."));
    let offered = Client::new(host, login.ca_file.as_deref()).and_then(|client| offered_scopes(&client));
    let known: Vec<&str> = match &offered {
        Ok(offered) if login.scopes.unknown().all(|word| offered.iter().any(|scope| scope == word)) => return Ok(()),
        Ok(offered) if !offered.is_empty() => offered.iter().map(String::as_str).collect(),
        _ => Scopes::known_words().collect(),
    };
    let word = login.scopes.unknown().find(|word| !known.contains(word)).unwrap_or(word);
    let meant =
        nearest(word, known.iter().copied()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    let mut error = Error::new(Exit::Usage, format!("Quay knows no scope `{word}`{meant}"))
        .hint(format!("its scopes are {}", known.join(", ")));
    if let Err(cause) = offered {
        error = error.caused_by(format!("{cause}, so its own scopes are not known"));
    }
    Err(error)
}

/// The whole login by browser, in the order of design.md.
fn in_browser(args: &Args, login: &LoginSettings, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let client_id = login.client_id()?;
    let profile = &login.profile;
    let client = Client::new(&profile.host, login.ca_file.as_deref())?;
    let folder = settings.data_folder()?;

    let bound = prove::the_way(login, client_id, &client, &folder, terminal)?;
    let authorization = Authorization::new(&profile.host, client_id, &login.redirect_uri, &login.scopes)?;
    let pages =
        Pages::new(&profile.host, &login.redirect_uri, &format!("quay-auth login --with-token {}", profile.flags()));
    let (events, happened) = mpsc::channel();
    let failed =
        |error: std::io::Error| Error::new(Exit::Failure, "cannot start to wait for the browser").caused_by(error);
    #[cfg(unix)]
    let _signals = crate::login::Signals::listen(events.clone()).map_err(failed)?;
    let catcher = bound.serve(&authorization, pages, events.clone()).map_err(failed)?;

    // The address stands on a line of its own, whole, so that it can be copied or picked up by a program.
    let deadline = login.timeout.map(|timeout| Instant::now() + timeout);
    if let Some(browsers) = browsers(args, login, settings, terminal) {
        terminal
            .say(&format!("Opening the browser at {}; be signed in there. If no window opens, open:", profile.host));
        terminal.say(authorization.url().as_str());
        open_browser(authorization.url(), browsers, events);
    } else {
        // However quiet it should be: without a browser nothing works unless a person sees the address.
        terminal.must_say(&format!(
            "Open this address in a browser on this machine; be signed in to {} there:",
            profile.host
        ));
        terminal.must_say(authorization.url().as_str());
    }
    let (answer, reply) = wait::for_an_answer(&happened, deadline, login, terminal)?;
    let (outcome, result) = match answer {
        Answer::Refused(refusal) => {
            let error = Error::refused(&refusal, profile);
            (Outcome::Refused { message: error.to_string() }, Err(error))
        }
        Answer::Token { token, expires_in } => {
            let remember = remembered(login, client_id);
            let caught = Caught { token: &token, expires_in, scopes: Some(login.scopes.clone()), remember };
            keep::keep(caught, login, &client, settings, &folder, terminal)
        }
    };
    reply.send(outcome);
    catcher.finish();
    keep::say(result, terminal)
}

/// The browser commands to try, none for the system's own way; `None` where no browser is to be opened.
fn browsers<'a>(
    args: &Args,
    login: &'a LoginSettings,
    settings: &Settings,
    terminal: &mut Terminal,
) -> Option<&'a [String]> {
    match settings.surroundings.without_browser {
        _ if args.no_browser => None,
        Some(reason) if login.browsers.is_empty() => {
            terminal.say(&format!("No browser is opened: {reason}."));
            None
        }
        _ => Some(&login.browsers),
    }
}

/// What the next login of this profile need not be told again.
fn remembered(login: &LoginSettings, client_id: &ClientId) -> Record {
    Record {
        profile: login.profile.clone(),
        client_id: Some(client_id.clone()),
        redirect_uri: Some(login.redirect_uri.clone()),
        scopes: Some(login.scopes.clone()),
        store: login.store,
        ca_file: login.ca_file.clone(),
        allow_http: login.allow_http,
        token: None,
    }
}
