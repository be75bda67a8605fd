//! Completions for shells: the commands and options, stores, and the hosts, profiles and scopes that are known here.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap::{Arg, Command};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};

use crate::cli;
use crate::commands::COMPLETION_VARIABLE;
use crate::domain::{Scopes, StoreKind};
use crate::settings::{Environment, ProfileFlags, Settings};

/// Prints completions if a shell asks for them, which it does with a variable. Returns whether it did.
pub(crate) fn complete() -> bool {
    let request = CompleteEnv::with_factory(|| with_candidates(cli::program())).var(COMPLETION_VARIABLE);
    // An error would be printed in the middle of the line that is being typed, so there are no completions instead.
    request.try_complete(std::env::args_os(), std::env::current_dir().ok().as_deref()).unwrap_or(true)
}

/// Attaches the stores and the known hosts, profiles and scopes to the options and arguments that take one, in every command.
fn with_candidates(command: Command) -> Command {
    let attach = |option: Arg| match option.get_id().as_str() {
        "host" | "host_argument" => option.add(hosts()),
        "profile" => option.add(profiles()),
        "scopes" | "add_scopes" | "require" => option.add(scopes()),
        "store" => option.add(stores()),
        _ => option,
    };
    let command = match command.get_name() {
        "switch" => command.mut_arg("target", |target| target.add(targets())),
        "help" | "man" => command.mut_arg("words", |words| words.add(commands())),
        _ => command,
    };
    command.mut_args(attach).mut_subcommands(with_candidates)
}

/// The settings; `None` if they cannot be read, which commands report, but not the Tab key.
fn settings() -> Option<Settings> {
    Settings::load(ProfileFlags::default(), Environment::detect()).ok()
}

fn hosts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let hosts = settings().map(|settings| settings.known_hosts()).unwrap_or_default();
        hosts.iter().map(|host| CompletionCandidate::new(host.to_string())).collect()
    })
}

fn profiles() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let settings = settings();
        let profiles = settings.iter().flat_map(|settings| settings.profiles.iter());
        let names: BTreeSet<String> = profiles.map(|profile| profile.id.name.to_string()).collect();
        names.into_iter().map(CompletionCandidate::new).collect()
    })
}

/// What `switch` takes.
fn targets() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let settings = settings();
        let ids: Vec<_> =
            settings.iter().flat_map(|settings| settings.profiles.iter()).map(|profile| &profile.id).collect();
        let hosts: BTreeSet<String> = ids.iter().map(|id| id.host.to_string()).collect();
        let names: BTreeSet<String> = ids.iter().map(|id| id.name.to_string()).collect();
        hosts.into_iter().chain(names).map(CompletionCandidate::new).collect()
    })
}

/// The commands that have a help and a manual page.
fn commands() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let program = cli::program();
        let commands = program.get_subcommands().filter(|command| !command.is_hide_set());
        commands
            .map(|command| CompletionCandidate::new(command.get_name()).help(command.get_about().cloned()))
            .collect()
    })
}

fn stores() -> ArgValueCandidates {
    ArgValueCandidates::new(|| StoreKind::ALL.map(|kind| CompletionCandidate::new(kind.to_string())).into())
}

/// Completes the last scope of a list.
fn scopes() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| {
        let typed = current.to_string_lossy();
        let (before, last) = typed.rsplit_once(',').unwrap_or(("", &typed));
        let given: Vec<&str> = before.split(',').collect();
        let comma = if before.is_empty() { "" } else { "," };
        Scopes::known()
            .filter(|known| known.name.starts_with(last) && !given.contains(&known.name))
            .map(|known| {
                CompletionCandidate::new(format!("{before}{comma}{}", known.name)).help(Some(known.allows.into()))
            })
            .collect()
    })
}
