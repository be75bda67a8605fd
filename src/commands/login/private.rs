//! `login --private`: a private window, which leaves no history. It is not signed in to Quay, so the user signs in first: since release
//! 3.12, Quay shows only an error to a browser that is not signed in (docs/quay.md, cases H).

use std::time::Instant;

use url::Url;

use crate::browser_login::{BrowserCommand, Event, Notice, default_browser, open_browser};
use crate::error::{Error, Exit};
use crate::keyboard::Echo;
use crate::settings::{NoBrowser, data_folders};
use crate::terminal::Terminal;

use super::browser::say_browser_failed;
use super::conversation::Conversation;
use super::preflight::{in_background, wait_for};
use super::{ImplicitFlow, cannot_wait};

impl ImplicitFlow<'_> {
    /// The commands that open a private window: those of the browsers that the user chose, or of the system's default browser.
    /// `no_browser` is why none can be opened here.
    pub(super) fn private_browsers(
        &self,
        no_browser: Option<NoBrowser>,
        conversation: &Conversation,
        terminal: &Terminal,
    ) -> Result<Vec<BrowserCommand>, Error> {
        let without = self.login.command().without("--private");
        if let Some(reason) = no_browser {
            let hint = without.flag("--no-browser").purpose("print the URL, and open it in a private window yourself");
            return Err(Error::new(Exit::Usage, format!("cannot open a private window: {reason}")).hint(hint));
        }
        if !terminal.is_interactive() {
            let message = "--private needs a terminal: you sign in to Quay in the private window, then press Enter";
            return Err(Error::new(Exit::Usage, message).hint(without.purpose("log in without a private window")));
        }
        let browsers = match self.login.browser_commands() {
            [] => {
                let folders = data_folders();
                // On a thread, because the desktop may not respond.
                let default = wait_for(&in_background(move || default_browser(&folders)), conversation)?;
                Vec::from_iter(default)
            }
            commands => commands.to_vec(),
        };
        let private: Vec<BrowserCommand> = browsers.iter().filter_map(BrowserCommand::in_private_window).collect();
        if !private.is_empty() {
            return Ok(private);
        }
        let message = match browsers.first() {
            Some(command) => format!("it is not known how `{command}` opens a private window"),
            None => "it is not known which browser is the default one of this system".to_owned(),
        };
        let firefox = self.login.command().option("--browser", Some("firefox"));
        Err(Error::new(Exit::Usage, message)
            .hint(firefox.purpose("name the program of Chrome, Chromium, Edge or Firefox, for example"))
            .hint("or add your browser's option for private windows to its command, for example `--browser 'COMMAND --incognito'`"))
    }

    /// Opens Quay's sign-in page in a private window, and waits until the user says that the sign-in is done.
    pub(super) fn sign_in_privately(
        &self,
        commands: &[BrowserCommand],
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<(), Error> {
        let host = &self.login.profile.host;
        let url = Url::parse(&format!("{}/signin", host.origin())).map_err(cannot_wait)?;
        terminal.say(&format!("Opening {host} in a private window. If nothing opens, visit in one:"));
        terminal.say(url.as_str());
        // Before Enter is asked for, so that a quick one counts.
        conversation.listen(Echo::Hidden);
        open_browser(&url, commands, conversation.events());
        terminal.say_always("Sign in to Quay in the private window, then press Enter.");
        let until = self.login.timeout.map(|timeout| Instant::now() + timeout);
        let result = loop {
            match conversation.next(until, terminal) {
                Some(Event::Line(_)) => break Ok(()),
                Some(Event::Notice(Notice::BrowserFailed)) => say_browser_failed(terminal),
                Some(Event::Signal(signal)) => break Err(Error::signalled(signal, "nothing was changed")),
                Some(Event::EndOfInput) => {
                    break Err(Error::new(
                        Exit::Failure,
                        "the input ended before Enter was pressed; nothing was changed",
                    ));
                }
                Some(_) => {}
                None => {
                    let again = self.login.command().option("--timeout", Some("15m"));
                    break Err(Error::new(Exit::Timeout, "Enter was not pressed in time; nothing was changed")
                        .hint(again.purpose("to have more time")));
                }
            }
        };
        conversation.stop_listening();
        result
    }
}
