//! Opens the browser: with the user's own commands or, without any, as the system does. It runs detached and without a shell, and a
//! browser that does not start never ends the login.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::{io, thread};

use url::Url;

use super::{BrowserCommand, Event, Notice};

/// The browsers that `xdg-open` knows, without text browsers, and with the newer names of some.
const GRAPHICAL_BROWSERS: &str = "x-www-browser:firefox:firefox-esr:iceweasel:seamonkey:mozilla:epiphany:konqueror:chromium:\
     chromium-browser:google-chrome:google-chrome-stable:microsoft-edge:brave-browser";

/// Variables with a token, which no other program must inherit.
pub(crate) const SECRET_VARIABLES: [&str; 2] = ["QUAY_AUTH_TOKEN", "QUAY_TOKEN"];

/// Opens the URL with the first of `commands` that starts, or as the system does if there are none. If nothing starts, sends an event.
///
/// Some openers stay in the foreground until the browser quits, so they run on a thread that nothing waits for.
pub(crate) fn open_browser(url: &Url, commands: &[BrowserCommand], events: Sender<Event>) {
    let candidates = candidates(commands, url);
    let thread = thread::Builder::new().name("browser".to_owned()).spawn({
        let events = events.clone();
        move || {
            if !candidates.into_iter().any(|command| run(command).is_ok_and(|status| status.success())) {
                let _ = events.send(Event::Notice(Notice::BrowserFailed));
            }
        }
    });
    if thread.is_err() {
        let _ = events.send(Event::Notice(Notice::BrowserFailed));
    }
}

/// The first program that `open_browser` could start: one with a path of its own, or one in the folders of `path`.
pub(crate) fn browser_program(commands: &[BrowserCommand], path: &[PathBuf]) -> Option<PathBuf> {
    #[expect(clippy::expect_used, reason = "a constant")]
    let url = Url::parse("https://quay.io").expect("a URL");
    candidates(commands, &url).iter().find_map(|command| {
        let program = Path::new(command.get_program());
        if program.components().count() > 1 {
            Some(program.to_owned()).filter(|program| program.is_file())
        } else {
            path.iter().map(|folder| folder.join(program)).find(|program| program.is_file())
        }
    })
}

fn candidates(commands: &[BrowserCommand], url: &Url) -> Vec<Command> {
    match commands {
        [] => system_commands(url),
        commands => commands.iter().map(|command| user_command(command, url)).collect(),
    }
}

/// The user's command, run without a shell. The URL replaces `%s`, or becomes the last argument.
#[expect(clippy::disallowed_methods, reason = "the only place that starts a browser")]
fn user_command(command: &BrowserCommand, url: &Url) -> Command {
    let mut child = Command::new(&command.program);
    child.args(command.arguments.iter().map(|argument| argument.replace("%s", url.as_str())));
    if !command.arguments.iter().any(|argument| argument.contains("%s")) {
        child.arg(url.as_str());
    }
    child
}

/// The system's openers. Without a desktop, `xdg-open` goes through `BROWSER`, or through a list of its own that ends with text browsers.
fn system_commands(url: &Url) -> Vec<Command> {
    let mut commands = open::commands(url.as_str());
    for command in &mut commands {
        command.env("BROWSER", GRAPHICAL_BROWSERS);
    }
    commands
}

/// Runs the command without our terminal, without our secrets, and in its own process group, so that Ctrl-C does not end the browser.
fn run(mut command: Command) -> io::Result<ExitStatus> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    detach(&mut command);
    command.status()
}

/// Takes our secrets and Ctrl-C away from a program that will be started. Its exit status can be asked for.
pub(super) fn detach(command: &mut Command) {
    for secret in SECRET_VARIABLES {
        command.env_remove(secret);
    }
    #[cfg(unix)]
    {
        crate::system::observe_children();
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn words(command: &str) -> Vec<String> {
        let url = Url::parse("https://quay.io/oauth/authorize?a=b&c=d").unwrap();
        let command = user_command(&command.parse().unwrap(), &url);
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        words.map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_url_is_one_argument_and_no_shell_interprets_it() {
        let url = "https://quay.io/oauth/authorize?a=b&c=d";
        assert_eq!(words("firefox"), ["firefox", url]);
        assert_eq!(words("'/opt/my browser/run' --private-window"), ["/opt/my browser/run", "--private-window", url]);
        assert_eq!(words("chrome --app=%s -x"), ["chrome", &format!("--app={url}"), "-x"]);
        assert_eq!(words("sh -c 'evil; $(touch x)'"), ["sh", "-c", "evil; $(touch x)", url]);
    }
}
