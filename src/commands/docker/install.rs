//! `docker install`: one entry in docker's settings.

use super::{Gets, Opened, gets};
use crate::docker::HELPER;
use crate::domain::Profile;
use crate::error::{Error, Exit};
use crate::settings::Settings;
use crate::store::Profiles;
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth docker install                    docker pull quay.io/acme/app just works
quay-auth docker install --profile ci       docker gets the token of that login";

/// Stands below the help.
const NOTES: &str = "\
Writes \"credHelpers\": {HOST: \"quay-auth\"} into docker's config.json, which podman, skopeo and
buildah read too, and changes nothing else in it.";

/// What `docker install` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// Take the place of another helper; `uninstall` puts it back
    #[arg(long)]
    force: bool,
}

/// Writes the entry, and says what else matters.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let host = settings.profile()?.host;
    let mut opened = Opened::read(settings)?;
    let before = opened.config.helper(&host).filter(|helper| helper != HELPER);
    if let Some(helper) = &before
        && !args.force
    {
        let file = opened.path.display();
        return Err(Error::new(
            Exit::Failure,
            format!("docker asks `{helper}` for {host}: {file}; nothing was changed"),
        )
        .hint(format!("to take its place: quay-auth docker install --host {host} --force")));
    }
    let is_first = opened.config.count_helpers() == 0;
    remember(&opened, before, settings)?;
    if opened.config.helper(&host).is_none_or(|helper| helper != HELPER) {
        opened.config.set_helper(&host, HELPER);
        opened.write()?;
    }
    let file = opened.path.display();
    terminal.done(&format!("docker, podman, skopeo and buildah ask quay-auth for {host} ({file})."));
    if let (Some(named), Some(configured)) = (settings.named_profile(), settings.configured_docker_profile(&host)?)
        && *named != configured
    {
        terminal.warn(&format!("docker gets the token of {configured}, not of {named}: docker_profile says so."));
        terminal.hint(&format!("in config.toml, below [host.\"{host}\"]: docker_profile = \"{named}\""));
    }
    if is_first && let Some(store) = opened.places.usual_store().filter(|_| opened.config.default_helper().is_none()) {
        terminal.warn("docker uses the system's keyring for other registries only as long as no helper is named.");
        terminal.hint(&format!("name it in {file} as well: \"credsStore\": \"{store}\""));
    }
    for obstacle in opened.obstacles(&host) {
        terminal.warn(&format!("{}.", obstacle.what));
        terminal.hint(&obstacle.mend);
    }
    let profile =
        Profile { name: settings.named_profile().cloned().unwrap_or(settings.docker_profile(&host)?.name), host };
    if gets(&profile, settings)? == Gets::NoLogin {
        terminal.hint(&format!("docker gets a token after: quay-auth login {}", profile.flags()));
    }
    Ok(())
}

/// Remembers what `uninstall` puts back, which profile is meant, and that docker is logged in again.
fn remember(opened: &Opened, before: Option<String>, settings: &Settings) -> Result<(), Error> {
    let host = settings.profile()?.host;
    let known = settings.profiles.docker(&host);
    let named = settings.named_profile().filter(|named| known.profile.as_ref() != Some(named));
    if !known.is_logged_out && named.is_none() && before.is_none() {
        return Ok(());
    }
    Ok(Profiles::update(&settings.data_folder()?, |profiles| {
        let record = profiles.docker_mut(&host);
        record.is_logged_out = false;
        record.profile = named.cloned().or(record.profile.take());
        record.replaced.extend(before.map(|helper| (opened.path.clone(), helper)));
    })?)
}
