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
    let known = settings.profiles.docker(&host);
    let file = opened.path.display().to_string();
    let former = known.replaced.get(&opened.path).cloned();
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
    if known != DockerRecord::default() {
        Profiles::update(&settings.data_folder()?, |profiles| {
            let record = profiles.docker_mut(&host);
            // Another file of docker's may still have our entry: what it replaced there is not forgotten.
            record.replaced.remove(&opened.path);
            *record = DockerRecord { replaced: std::mem::take(&mut record.replaced), ..DockerRecord::default() };
        })?;
    }
    let now = former.map(|helper| format!(", and asks `{helper}` as before")).unwrap_or_default();
    terminal.done(&format!("docker no longer asks quay-auth for {host}{now} ({file})."));
    Ok(())
}
