//! What a shell is told when Tab is pressed: by the command line's own definition, with the hosts, profiles and scopes that are known here.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap::CommandFactory;
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use crate::cli::Cli;
use crate::domain::{Profile, Scopes};
use crate::settings::{ProfileFlags, Settings, Surroundings};

/// The variable by which the script of `completions` asks.
pub(crate) const VARIABLE: &str = "QUAY_AUTH_COMPLETE";

/// Answers a shell that asks for completions; `false` where none does, which is nearly always.
pub(crate) fn answers_a_shell() -> bool {
    let asked = CompleteEnv::with_factory(Cli::command).var(VARIABLE);
    // A shell that asks in a way that nobody understands gets no completions, and no error in the middle of a line.
    asked.try_complete(std::env::args_os(), std::env::current_dir().ok().as_deref()).unwrap_or(true)
}

/// All settings, where they can be read: what is broken is told by the command itself, not on Tab.
fn settings() -> Option<Settings> {
    Settings::load(ProfileFlags::default(), Surroundings::look()).ok()
}

/// The hosts that are known here.
pub(crate) fn hosts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let hosts = settings().map(|settings| settings.known_hosts()).unwrap_or_default();
        hosts.iter().map(|host| CompletionCandidate::new(host.to_string())).collect()
    })
}

/// The names of the profiles.
pub(crate) fn profiles() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let settings = settings();
        let profiles = settings.iter().flat_map(|settings| settings.profiles.iter()).map(|record| &record.profile);
        let names: BTreeSet<String> = profiles.map(|Profile { name, .. }| name.to_string()).collect();
        names.into_iter().map(CompletionCandidate::new).collect()
    })
}

/// Scopes, after a comma too.
pub(crate) fn scopes() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let typed = current.to_string_lossy();
        let (before, word) = typed.rsplit_once(',').map_or(("", &*typed), |(before, word)| (before, word));
        let named: Vec<&str> = before.split(',').collect();
        let comma = if before.is_empty() { "" } else { "," };
        Scopes::known()
            .filter(|known| known.word.starts_with(word) && !named.contains(&known.word))
            .map(|known| {
                CompletionCandidate::new(format!("{before}{comma}{}", known.word)).help(Some(known.allows.into()))
            })
            .collect()
    })
}
