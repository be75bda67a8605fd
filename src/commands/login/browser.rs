//! Which browser a login opens, or the URL that it prints instead, and where to open it.

use std::sync::mpsc::Sender;

use url::Url;

use crate::browser_login::{AuthorizationRequest, BrowserCommand, Event, open_browser};
use crate::commands::selected_token::hint_about_unused;
use crate::domain::StoreKind;
use crate::error::{Error, Exit};
use crate::settings::NoBrowser;
use crate::terminal::Terminal;

use super::ImplicitFlow;
use super::conversation::Conversation;

/// The browser on this machine.
pub(super) struct LocalBrowser {
    /// The commands to try, or none for the system's browser.
    pub(super) commands: Vec<BrowserCommand>,
    /// Whether they open a private window.
    pub(super) is_private: bool,
    pub(super) start_url: Url,
}

impl LocalBrowser {
    pub(super) fn open(&self, events: Sender<Event>) {
        open_browser(&self.start_url, &self.commands, events);
    }
}

pub(super) fn say_browser_failed(terminal: &mut Terminal) {
    terminal.warn("could not start a browser.");
    terminal.hint("open the URL above yourself, or choose a browser with `--browser COMMAND`");
}

impl ImplicitFlow<'_> {
    /// The browser commands to try; an empty list means the system's browser, and `None` that no browser is opened.
    pub(super) fn browsers(
        &self,
        conversation: &Conversation,
        terminal: &mut Terminal,
    ) -> Result<Option<Vec<BrowserCommand>>, Error> {
        if self.args.no_browser || self.args.listen.is_some() {
            return Ok(None);
        }
        self.login.unusable_browsers.iter().for_each(|browser| terminal.warn(&format!("{browser}.")));
        let reason = self.settings.environment.no_browser.filter(|reason| match reason {
            // Whatever BROWSER says, which was set for another user.
            NoBrowser::Sudo => self.args.settings.browser.is_none(),
            _ => self.login.browsers.is_empty(),
        });
        match reason {
            _ if self.args.private => self.private_browsers(reason, conversation, terminal).map(Some),
            None => Ok(Some(self.login.browser_commands().to_vec())),
            Some(NoBrowser::Ci) if !self.args.paste => Err(self.ci_error()),
            Some(reason) => {
                terminal.say(&format!("Not opening a browser: {reason}."));
                Ok(None)
            }
        }
    }

    fn ci_error(&self) -> Error {
        let profile = &self.login.profile;
        let store = self.login.with_token_command().option("--store", Some(StoreKind::File));
        let message = "CI is set, so quay-auth does not open a browser";
        let error = Error::new(Exit::Usage, message);
        let error = match hint_about_unused(self.settings, &profile.host) {
            Some(hint) => error.hint(hint),
            None if self.settings.token_variable().is_for(&profile.host) => {
                error.hint("QUAY_AUTH_TOKEN is set: the other commands use it, and need no login")
            }
            None => error.hint("set QUAY_AUTH_TOKEN to a token from the CI system's secrets; then no login is needed"),
        };
        error
            .hint(format!("or store a token for this job: `{store} < FILE`"))
            .hint(self.login.command().flag("--no-browser").purpose("or, if somebody can open a URL, print it"))
    }

    /// Shows Quay's URL on a line of its own, so that people and programs can copy it, and opens the browser.
    pub(super) fn announce(
        &self,
        request: &AuthorizationRequest,
        browser: Option<&LocalBrowser>,
        conversation: &Conversation,
        terminal: &mut Terminal,
    ) {
        let host = &self.login.profile.host;
        let url = request.url();
        if let Some(browser) = browser {
            terminal.say(&match browser.is_private {
                true => {
                    format!("Opening {host} in a private window of the same browser. If nothing opens, visit there:")
                }
                false => format!("Opening {host} in your browser. If nothing opens, visit:"),
            });
            terminal.say(url.as_str());
            browser.open(conversation.events());
            return;
        }
        // With --quiet too, because without a browser a login works only if the user sees the URL.
        let environment = &self.settings.environment;
        let redirect_uri = &self.login.redirect_uri;
        match (self.args.listen, &environment.ssh_destination, environment.container) {
            (Some(address), ..) => {
                self.warn_of_listening(address, terminal);
                let authority = redirect_uri.authority();
                terminal.say_always(&format!(
                    "Sign in to {host} in a browser on the machine that forwards {authority} to this login, then open this URL:"
                ));
            }
            (None, Some(destination), _) => {
                let (loopback, port) = (redirect_uri.host(), redirect_uri.port());
                terminal.say_always("On the machine with your browser, forward the port in a second terminal:");
                terminal.say_always(&format!("  ssh -N -L {port}:{loopback}:{port} {destination}"));
                terminal.say_always(&format!("Then sign in to {host} in the browser there, and open this URL:"));
            }
            (None, None, Some(container)) => {
                self.explain_container(container, terminal);
                terminal.say_always(&format!(
                    "Sign in to {host} in a browser outside of this container, then open this URL:"
                ));
            }
            (None, None, None) => {
                terminal.say_always(&format!("Sign in to {host} in a browser on this machine, then open this URL:"));
            }
        }
        terminal.say_always(url.as_str());
    }
}
