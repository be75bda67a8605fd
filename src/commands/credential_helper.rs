//! `credential-helper`: answers docker, podman, skopeo and buildah, which start it as `docker-credential-quay-auth`.
//!
//! For a host without a profile the answer is "not found" before any store is read, and clients go on without credentials. If a store
//! fails, the answer is an error that clients show, and never "not found".

use std::ffi::OsStr;
use std::process::ExitCode;

use super::selected_token::{expired_at, select_token_of};
use crate::docker::{Credentials, HelperError, HelperReply, Verb, read_credentials, read_server};
use crate::domain::{Host, HostArgument, OAUTH_TOKEN_USER};
use crate::error::{Error, Exit};
use crate::hint::{CommandLine, Hint};
use crate::keyboard;
use crate::settings::{Settings, TokenVariable, may_concern_us};
use crate::terminal::Terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// get, store, erase, list or version
    #[arg(value_name = "VERB")]
    arguments: Vec<String>,
}

impl Args {
    pub(super) fn with_verb(verb: &OsStr) -> Self {
        Args { arguments: vec![verb.to_string_lossy().into_owned()] }
    }
}

/// Replies to a client on stdout. Clients read failures there too, so every error becomes a reply; only the exit code differs.
pub(super) fn run(
    args: &Args,
    load: impl FnOnce(&mut Terminal) -> Result<Settings, Error>,
    terminal: &mut Terminal,
) -> Result<ExitCode, Error> {
    match reply(args, load, terminal) {
        Ok(HelperReply::Done) => Ok(ExitCode::SUCCESS),
        Ok(reply) => terminal.print(&reply.to_line()).map(|()| ExitCode::SUCCESS),
        Err(error) => terminal.print(&error.to_string()).map(|()| ExitCode::FAILURE),
    }
}

/// The reply to what the client asks for.
fn reply(
    args: &Args,
    load: impl FnOnce(&mut Terminal) -> Result<Settings, Error>,
    terminal: &mut Terminal,
) -> Result<HelperReply, HelperError> {
    match Verb::parse(&args.arguments) {
        Some(Verb::Get) => get(load, terminal),
        Some(Verb::Store) => store(&load(terminal)?, terminal),
        Some(Verb::Erase) => erase(load, terminal),
        // Remote clients of podman ask every helper for its list before each pull, and an error would stop them for all hosts.
        Some(Verb::List) => Ok(load(terminal).and_then(|settings| list(&settings)).unwrap_or_else(|error| {
            terminal.warn(&error.one_line());
            HelperReply::Hosts(Vec::new())
        })),
        Some(Verb::Version) => Ok(HelperReply::Version),
        None => Err(HelperError::Failed("usage: docker-credential-quay-auth get|store|erase|list|version".to_owned())),
    }
}

/// The settings and the host that the client means. Fails with "not found" for all other hosts, whatever state our files are in: clients
/// ask every helper for every host, and an error would keep them from pulling.
fn find_host(
    url: Option<HostArgument>,
    load: impl FnOnce(&mut Terminal) -> Result<Settings, Error>,
    terminal: &mut Terminal,
) -> Result<(Settings, Host), HelperError> {
    let url = url.ok_or(HelperError::NotFound)?;
    let found = load(terminal).and_then(|settings| match settings.find_host(&url) {
        Some(host) => Ok(Some((settings, host))),
        // Without a home folder it is not known whether there is a profile.
        None => Ok(settings.vault().map(|_| None)?),
    });
    match found {
        Ok(Some(found)) => Ok(found),
        Err(error) if may_concern_us(&url) => Err(error.into()),
        Ok(None) | Err(_) => Err(HelperError::NotFound),
    }
}

/// The token for the server that is read from stdin.
fn get(
    load: impl FnOnce(&mut Terminal) -> Result<Settings, Error>,
    terminal: &mut Terminal,
) -> Result<HelperReply, HelperError> {
    let stdin = read_stdin()?;
    let (server, url) = read_server(&stdin)?;
    let (settings, host) = find_host(url, load, terminal)?;
    let settings = &settings;
    if settings.profiles.docker(&host).is_logged_out {
        return Err(HelperError::NotFound);
    }
    let profile = settings.docker_profile(&host).map_err(Error::from)?;
    let has_expired = expired_at(&profile, settings).is_some();
    match select_token_of(profile, settings) {
        Ok(selected) => Ok(HelperReply::Credentials(server.to_owned(), selected.token)),
        Err(error) => {
            // The client goes on without credentials, so that it can still pull public images. With a dead token it could not
            // (docs/quay.md, case W2e).
            if has_expired {
                terminal.warn(&error.one_line());
            }
            Err(error.into())
        }
    }
}

/// Accepts only the token that is stored already: `docker login` stores what `get` replied. No client can replace a token.
///
/// Clients put the reason for a refusal into a line of their own, so the commands to choose from are printed on stderr, one a line.
fn store(settings: &Settings, terminal: &mut Terminal) -> Result<HelperReply, HelperError> {
    let Credentials { server, username, secret } = read_credentials(&read_stdin()?)?;
    let refuse = |host: &Host, reason: String, hints: &[Hint]| {
        hints.iter().for_each(|hint| terminal.hint(hint));
        terminal.hint(CommandLine::at("docker uninstall", host).purpose("to let docker store other credentials"));
        Err(HelperError::Failed(reason))
    };
    let Some(url) = server else {
        return Err(HelperError::Failed("this is not a server that quay-auth can have a token for".to_owned()));
    };
    let host = settings.find_host(&url).unwrap_or_else(|| url.host().clone());
    let profile = settings.docker_profile(&host).map_err(Error::from)?;
    let selected = match select_token_of(profile, settings) {
        Err(error) if error.exit == Exit::NoLogin => return refuse(&host, error.summary(), error.hints()),
        selected => selected?,
    };
    if username != OAUTH_TOKEN_USER || !selected.token.equals(&secret) {
        let reason = format!("quay-auth uses its own token for {host} and stores no other credentials");
        return refuse(&host, reason, &[]);
    }
    set_logged_out(&host, false, settings)?;
    Ok(HelperReply::Done)
}

/// Stops giving docker the token of the host. The token is not deleted, because other tools use it too.
fn erase(
    load: impl FnOnce(&mut Terminal) -> Result<Settings, Error>,
    terminal: &mut Terminal,
) -> Result<HelperReply, HelperError> {
    let stdin = read_stdin()?;
    let (_, url) = read_server(&stdin)?;
    let (settings, host) = match find_host(url, load, terminal) {
        // Clients report that as a failure, but nothing to erase is what they want.
        Err(HelperError::NotFound) => return Ok(HelperReply::Done),
        found => found?,
    };
    // Says so once: `docker logout` calls this for several forms of the server's name.
    if set_logged_out(&host, true, &settings)? {
        terminal.say(&format!(
            "docker no longer gets a token for {host}. To undo this: {}",
            CommandLine::at("docker install", &host)
        ));
        let profile = settings.docker_profile(&host).map_err(Error::from)?;
        if settings.profiles.token(&profile).is_some() {
            let logout = CommandLine::of("logout", &profile);
            terminal.hint(logout.purpose("the token is still stored for other tools; to delete it"));
        }
    }
    Ok(HelperReply::Done)
}

/// The hosts for which `get` has a token. Reads no secret.
fn list(settings: &Settings) -> Result<HelperReply, Error> {
    let variable = settings.token_variable();
    let mut hosts = Vec::new();
    for host in settings.hosts() {
        let id = settings.docker_profile(&host)?;
        let is_served = match &variable {
            TokenVariable::ForHost(own, token) if *own == host => token.is_ok(),
            _ => settings.profiles.token(&id).is_some() && expired_at(&id, settings).is_none(),
        };
        if is_served && !settings.profiles.docker(&host).is_logged_out {
            hosts.push(host);
        }
    }
    Ok(HelperReply::Hosts(hosts))
}

impl From<Error> for HelperError {
    /// "Not logged in" is "not found", so that clients go on without credentials. A failing store never is.
    fn from(error: Error) -> Self {
        match error.exit {
            Exit::NoLogin => HelperError::NotFound,
            _ => HelperError::Failed(format!("quay-auth: {}", error.one_line())),
        }
    }
}

fn read_stdin() -> Result<zeroize::Zeroizing<String>, Error> {
    keyboard::read_all().map_err(|error| Error::new(Exit::Failure, "cannot read stdin").caused_by(error))
}

/// Stores whether docker is logged out of the host. Returns whether that has changed.
fn set_logged_out(host: &Host, is_logged_out: bool, settings: &Settings) -> Result<bool, Error> {
    if settings.profiles.docker(host).is_logged_out == is_logged_out {
        return Ok(false);
    }
    settings.vault()?.update(|profiles| profiles.docker_mut(host).is_logged_out = is_logged_out)?;
    Ok(true)
}
