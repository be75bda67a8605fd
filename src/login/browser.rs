//! Opens the browser: by the user's own commands, else by the system's way. Detached, without a shell, and never a reason to fail.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::{io, thread};

use url::Url;

use super::{Event, Notice};

/// Browsers that would take the terminal over.
const TEXT_BROWSERS: [&str; 6] = ["w3m", "lynx", "links", "links2", "elinks", "www-browser"];

/// Secrets that a child has no need of.
const SECRETS: [&str; 2] = ["QUAY_AUTH_TOKEN", "QUAY_TOKEN"];

/// Opens the address in the first browser that starts: `commands`, then the system's own. When none does, an event says so.
///
/// An opener that stays in the foreground until its browser quits is left alone: nothing waits for it.
pub(crate) fn open_browser(url: &Url, commands: &[String], events: Sender<Event>) {
    let mut candidates: Vec<Command> = commands.iter().filter_map(|command| user_command(command, url)).collect();
    if candidates.is_empty() {
        candidates = open::commands(url.as_str());
    }
    let starter = thread::Builder::new().name("browser".to_owned()).spawn({
        let events = events.clone();
        move || {
            if !candidates.into_iter().any(|command| run(command).is_ok_and(|status| status.success())) {
                let _ = events.send(Event::Noticed(Notice::BrowserFailed));
            }
        }
    });
    if starter.is_err() {
        let _ = events.send(Event::Noticed(Notice::BrowserFailed));
    }
}

/// The program that `open_browser` would start first, where it can be found in one of these folders or by its own path.
pub(crate) fn browser_program(commands: &[String], path: &[PathBuf]) -> Option<PathBuf> {
    let url = Url::parse("https://quay.io").ok()?;
    let mut candidates: Vec<Command> = commands.iter().filter_map(|command| user_command(command, &url)).collect();
    if candidates.is_empty() {
        candidates = open::commands(url.as_str());
    }
    candidates.iter().find_map(|command| {
        let program = Path::new(command.get_program());
        let found = if program.components().count() > 1 {
            Some(program.to_owned())
        } else {
            path.iter().map(|folder| folder.join(program)).find(|program| program.is_file())
        };
        found.filter(|program| program.is_file())
    })
}

/// The user's command, split as a shell splits words but without a shell; `%s` is the address, else it becomes the last argument.
#[expect(clippy::disallowed_methods, reason = "the one place that launches a browser")]
fn user_command(command: &str, url: &Url) -> Option<Command> {
    let words = split(command)?;
    let (program, arguments) = words.split_first()?;
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    if TEXT_BROWSERS.contains(&name) {
        return None;
    }
    let mut child = Command::new(program);
    let mut placed = false;
    for argument in arguments {
        placed |= argument.contains("%s");
        child.arg(argument.replace("%s", url.as_str()));
    }
    if !placed {
        child.arg(url.as_str());
    }
    Some(child)
}

/// The command's words. On Windows a backslash is part of a path, so there a command is one program.
fn split(command: &str) -> Option<Vec<String>> {
    if cfg!(windows) { Some(vec![command.to_owned()]) } else { shlex::split(command) }
}

/// Runs the opener with nothing of ours: no terminal, no secret, a process group of its own so that our Ctrl-C is not its end.
fn run(mut command: Command) -> io::Result<ExitStatus> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for secret in SECRETS {
        command.env_remove(secret);
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.status()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn words(command: &str) -> Option<Vec<String>> {
        let url = Url::parse("https://quay.io/oauth/authorize?a=b&c=d").unwrap();
        let command = user_command(command, &url)?;
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        Some(words.map(|word| word.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn the_address_is_one_argument_and_no_shell_reads_it() {
        let url = "https://quay.io/oauth/authorize?a=b&c=d";
        assert_eq!(words("firefox").unwrap(), ["firefox", url]);
        assert_eq!(
            words("'/opt/my browser/run' --private-window").unwrap(),
            ["/opt/my browser/run", "--private-window", url]
        );
        assert_eq!(words("chrome --app=%s -x").unwrap(), ["chrome", &format!("--app={url}"), "-x"]);
        assert_eq!(words("sh -c 'evil; $(touch x)'").unwrap(), ["sh", "-c", "evil; $(touch x)", url]);
    }

    #[test]
    fn text_browsers_and_broken_quotes_are_no_browsers() {
        assert_eq!(words("/usr/bin/w3m"), None);
        assert_eq!(words("firefox 'x"), None);
        assert_eq!(words(""), None);
    }
}
