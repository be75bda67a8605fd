//! `credential-helper`: what `docker-credential-quay-auth` becomes. Docker, podman, skopeo and buildah call it; people do not.
//!
//! A foreign host is answered before any token is looked for, so that clients go on anonymously; a store that fails is an error that
//! they show, never "not found".

use std::ffi::OsStr;

use super::held::held_as;
use crate::docker::{Answer, Credentials, Refusal, ServerUrl, Verb, read_credentials, read_server};
use crate::domain::{BASIC_USER, Host};
use crate::error::{Error, Exit};
use crate::keyboard;
use crate::settings::Settings;
use crate::store::Profiles;
use crate::terminal::Terminal;

/// What a client calls it with.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// get, store, erase, list or version
    #[arg(value_name = "VERB")]
    arguments: Vec<String>,
}

impl Args {
    /// Asking this one thing.
    pub(super) fn asking(verb: &OsStr) -> Self {
        Args { arguments: vec![verb.to_string_lossy().into_owned()] }
    }
}

/// Answers a client on stdout.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    match Verb::of(&args.arguments) {
        Some(Verb::Get) => get(settings, terminal),
        Some(Verb::Store) => store(settings),
        Some(Verb::Erase) => erase(settings, terminal),
        Some(Verb::List) => list(settings, terminal),
        Some(Verb::Version) => {
            terminal.data(concat!("docker-credential-quay-auth (quay-auth) ", env!("CARGO_PKG_VERSION")))
        }
        None => {
            Err(refused(Refusal::Because("usage: docker-credential-quay-auth get|store|erase|list|version".to_owned())))
        }
    }
}

/// The token for the server that stdin names.
fn get(settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let stdin = read_stdin()?;
    let (server, url) = read_server(&stdin).map_err(refused)?;
    let host = url.and_then(|url| meant(&url, settings)).ok_or_else(|| refused(Refusal::NotFound))?;
    if settings.profiles.docker(&host).is_logged_out {
        return Err(refused(Refusal::NotFound));
    }
    let held = held_as(settings, settings.docker_profile(&host)?)?;
    terminal.data(&Answer::Credentials(server, &held.token).to_json().map_err(refused)?)
}

/// Takes what we hold already, since `docker login` stores what `get` answered. Nothing else ever replaces a token.
fn store(settings: &Settings) -> Result<(), Error> {
    let Credentials { server, username, secret } = read_credentials(&read_stdin()?).map_err(refused)?;
    let because = |reason: String| refused(Refusal::Because(reason));
    let url = server.ok_or_else(|| because("that is no server which quay-auth could serve".to_owned()))?;
    let host = meant(&url, settings)
        .ok_or_else(|| because(format!("quay-auth has no login for {url}; run: quay-auth login --host {url}")))?;
    let profile = settings.docker_profile(&host)?;
    let held = held_as(settings, profile).map_err(|error| match error.exit {
        Exit::NoLogin => because(error.in_one_line()),
        _ => error,
    })?;
    if username != BASIC_USER || !held.token.is(&secret) {
        return Err(because(format!(
            "quay-auth keeps its own token for {host} and takes no other; to use others: quay-auth docker uninstall --host {host}"
        )));
    }
    set_logged_out(&host, false, settings).map(drop)
}

/// Answers no more for the host. The token stays: other tools use it, and it may be the only copy of ten years.
fn erase(settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let stdin = read_stdin()?;
    let (_, url) = read_server(&stdin).map_err(refused)?;
    // To a client it is a failure when what it wants to be absent is "not found".
    let Some(host) = url.and_then(|url| meant(&url, settings)) else { return Ok(()) };
    // `docker logout` calls several times.
    if set_logged_out(&host, true, settings)? {
        terminal.say(&format!(
            "quay-auth gives docker no token for {host} any more, until: quay-auth docker install --host {host}"
        ));
        terminal.hint(&format!("the token is kept for other tools; to end it: quay-auth logout --host {host}"));
    }
    Ok(())
}

/// The hosts that `get` would answer, without a look at any secret.
fn list(settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let variable = settings.token_variable()?.map(|(host, _)| host);
    let mut hosts = Vec::new();
    for host in settings.hosts() {
        let profile = settings.docker_profile(&host)?;
        let is_kept = settings.profiles.find(&profile).is_some_and(|record| record.token.is_some());
        if (is_kept || variable.as_ref() == Some(&host)) && !settings.profiles.docker(&host).is_logged_out {
            hosts.push(host);
        }
    }
    terminal.data(&Answer::Hosts(&hosts).to_json().map_err(refused)?)
}

/// Any error in the one form that clients read.
pub(crate) fn in_protocol(error: Error) -> Error {
    match error.exit {
        Exit::Answered => error,
        Exit::NoLogin => refused(Refusal::NotFound),
        _ => refused(Refusal::Because(format!("quay-auth: {}", error.in_one_line()))),
    }
}

/// A refusal as an error.
fn refused(refusal: Refusal) -> Error {
    Error::new(Exit::Answered, refusal.to_string())
}

/// All of stdin.
fn read_stdin() -> Result<zeroize::Zeroizing<String>, Error> {
    keyboard::read_all().map_err(|error| Error::new(Exit::Failure, "cannot read stdin").caused_by(error))
}

/// The host of ours that a client means.
fn meant(url: &ServerUrl, settings: &Settings) -> Option<Host> {
    settings.hosts().into_iter().find(|host| url.means(host))
}

/// Remembers whether docker is logged out of the host; whether that is news.
fn set_logged_out(host: &Host, is_logged_out: bool, settings: &Settings) -> Result<bool, Error> {
    if settings.profiles.docker(host).is_logged_out == is_logged_out {
        return Ok(false);
    }
    Profiles::update(&settings.data_folder()?, |profiles| profiles.docker_mut(host).is_logged_out = is_logged_out)?;
    Ok(true)
}
