//! The wait for the browser: one loop, everything that can happen.

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::keyboard::Echo;
use crate::login::{Answer, Authorization, Event, Notice, PasteError, Reply, open_browser};
use crate::quay::Release;
use crate::settings::LoginSettings;
use crate::terminal::Terminal;

use super::conversation::Conversation;

/// After so long without an answer, the browser probably shows something else.
const DEAD_END: Duration = Duration::from_secs(20);

/// What is waited for.
pub(super) struct Wait<'a> {
    /// The login.
    pub(super) login: &'a LoginSettings,
    /// Its request.
    pub(super) authorization: &'a Authorization,
    /// The browser commands, where a browser was opened.
    pub(super) browsers: Option<&'a [String]>,
    /// What is known of the server.
    pub(super) release: Release,
}

/// An answer, and the page that waits for the outcome, if one does: a pasted answer has none.
pub(super) type Answered = (Answer, Option<Reply>);

impl Wait<'_> {
    /// Waits until an answer arrives, the deadline passes, or somebody ends it.
    pub(super) fn for_an_answer(
        &self,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<Answered, Error> {
        let deadline = self.login.timeout.map(|timeout| Instant::now() + timeout);
        let mut dead_end = Some(Instant::now() + DEAD_END);
        let mut told = Vec::new();
        if terminal.is_interactive() && conversation.listen(Echo::Hidden) {
            let again = if self.browsers.is_some() { "Enter opens the browser again. " } else { "" };
            terminal.say(&format!(
                "{again}If the browser ends at a page that cannot be reached, paste that page's whole address here (it is not shown)."
            ));
        }
        terminal.wait_for(&format!("Waiting for your consent at {}", self.login.profile.host), deadline);
        let answered = loop {
            let until = [deadline, dead_end].into_iter().flatten().min();
            match conversation.next(until, terminal) {
                Some(Event::Answered(answer, reply)) => break Ok((answer, Some(reply))),
                Some(Event::Typed(text)) if text.is_empty() => self.open_again(conversation, terminal),
                Some(Event::Typed(text)) => match self.authorization.read_paste(text) {
                    Ok(answer) => break Ok((answer, None)),
                    Err(error) => self.refuse_paste(error, terminal),
                },
                Some(Event::Signalled(signal)) => {
                    let tab = "close the browser's Quay tab: a consent given there now reaches nobody";
                    break Err(Error::signalled(signal).hint(tab));
                }
                // Anybody may cause a notice, so each is told once.
                Some(Event::Noticed(notice)) if !told.contains(&notice) => {
                    told.push(notice);
                    self.tell(notice, terminal);
                }
                Some(_) => {}
                None if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                    break Err(Error::timed_out(&self.login.profile));
                }
                None => {
                    dead_end = None;
                    self.explain_dead_ends(terminal);
                }
            }
        };
        terminal.waited();
        conversation.stop_listening();
        answered
    }

    /// Enter: opens the browser again, or shows the address again.
    fn open_again(&self, conversation: &Conversation, terminal: &mut Terminal) {
        match self.browsers {
            Some(browsers) => open_browser(self.authorization.url(), browsers, conversation.events()),
            None => terminal.must_say(self.authorization.url().as_str()),
        }
    }

    /// What was pasted is not the answer; the login waits on.
    fn refuse_paste(&self, error: PasteError, terminal: &mut Terminal) {
        terminal.warn(&format!("{error}; still waiting."));
        if error == PasteError::AnotherLogin {
            terminal.hint("paste the address of the tab that was opened for this login");
        }
    }

    /// Says what was noticed, and what helps.
    fn tell(&self, notice: Notice, terminal: &mut Terminal) {
        let redirect_uri = &self.login.redirect_uri;
        match notice {
            Notice::RedirectUriMismatch => {
                terminal.warn("Quay has another redirect URI registered for this application.");
                terminal.hint(&format!(
                    "register exactly this one in the application's settings, then run the login again: {redirect_uri}"
                ));
                terminal.hint("or log in with the registered one: --redirect-uri URI");
            }
            Notice::WrongState => {
                terminal.warn("an answer of another login arrived and was not used.");
                terminal.hint("finish the login in the browser tab that was opened for it");
            }
            Notice::BrowserWantsTls => {
                let authority = redirect_uri.authority();
                terminal.warn(&format!("the browser insists on https for {authority}, which serves http only."));
                terminal
                    .hint("switch HTTPS-only mode off for this address, clear its HSTS entry, or use another browser");
            }
            Notice::BrowserFailed => {
                terminal.warn("no browser could be started.");
                terminal.hint("open the address above by hand, or name a browser: --browser CMD");
            }
        }
    }

    /// What Quay shows in place of the consent page, and what to do about each. None of it ever reaches this program.
    fn explain_dead_ends(&self, terminal: &mut Terminal) {
        let host = &self.login.profile.host;
        terminal.say("Still waiting. If the browser shows something else than the consent page:");
        if self.release != Release::AnyUserMayAuthorize {
            terminal
                .say(&format!("  401, \"not authorized\"   sign in at {host} in that browser, then reload the tab"));
            terminal.say("  403, \"forbidden\"        you are no administrator of the application's organization: one of them can assign");
            terminal.say("                          it to you; then log in with --assignment UUID");
        }
        terminal.say("  404, \"not found\"        a scope or the client id is wrong: --scopes, --client-id");
        terminal.say("  400, \"bad request\"      the application has no redirect URI, or another one:");
        terminal.say(&format!("                          register {}", self.login.redirect_uri));
        terminal.say("  503                     the registry is read-only just now: try again later");
        terminal.say("  nothing after consent   a proxy or a firewall may block the way back: quay-auth login --paste");
    }
}
