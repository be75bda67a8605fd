//! `docker uninstall`: docker's settings as they were.

use super::Opened;
use crate::docker::HELPER;
use crate::error::Error;
use crate::settings::Settings;
use crate::store::{DockerRecord, Profiles};
use crate::terminal::Terminal;

/// Takes our entry out, or puts the helper back that was there before.
pub(super) fn run(settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let host = settings.profile()?.host;
    let mut opened = Opened::read(settings)?;
    let mut record = settings.profiles.docker(&host);
    let file = opened.path.display().to_string();
    let former = record.replaced.remove(&opened.path);
    match (opened.config.helper(&host).as_deref(), &former) {
        (Some(HELPER), Some(former)) => opened.config.set_helper(&host, former),
        (Some(HELPER), None) => opened.config.remove_helper(&host),
        (Some(other), _) => {
            terminal.say(&format!("docker asks `{other}` for {host}, not quay-auth ({file}); nothing was changed."));
            return Ok(());
        }
        (None, _) => {
            terminal.say(&format!("docker does not ask quay-auth for {host} ({file}); nothing was changed."));
            return Ok(());
        }
    }
    opened.write()?;
    // Another file of docker's may still have our entry: what it replaced there is not forgotten.
    let record = DockerRecord { replaced: record.replaced, ..DockerRecord::default() };
    if record != settings.profiles.docker(&host) {
        Profiles::update(&settings.data_folder()?, |profiles| *profiles.docker_mut(&host) = record)?;
    }
    let now = former.map(|helper| format!(", and asks `{helper}` as before")).unwrap_or_default();
    terminal.done(&format!("docker no longer asks quay-auth for {host}{now} ({file})."));
    Ok(())
}
