//! Waits for the browser: one loop that handles everything that can happen meanwhile.

use std::mem;
use std::time::{Duration, Instant};

use crate::browser_login::{
    AuthResponse, AuthorizationRequest, Event, Notice, PasteError, PastedResponse, RegisteredUri, Reply,
    copy_to_clipboard,
};
use crate::domain::RedirectUri;
use crate::error::{CLOSE_TAB, Error};
use crate::keyboard::{self, Echo};
use crate::quay::Release;
use crate::settings::LoginSettings;
use crate::terminal::Terminal;

use super::browser::{LocalBrowser, say_browser_failed};
use super::conversation::Conversation;
use super::{assignment, mismatch};

/// After this time without a response, the browser probably shows an error page.
const EXPLANATION_DELAY: Duration = Duration::from_secs(20);

/// After this time without a browser at the start page, it has probably not started.
const BROWSER_DELAY: Duration = Duration::from_secs(5);

pub(super) struct Wait<'a> {
    pub(super) login: &'a LoginSettings,
    pub(super) request: &'a AuthorizationRequest,
    /// `None` if the user opens the URL.
    pub(super) browser: Option<LocalBrowser>,
    pub(super) release: Release,
    /// Whether the user may be asked to continue with another redirect URI.
    pub(super) offers_redirect_uri: bool,
}

/// How the waiting ended.
pub(super) enum Waited {
    Response(ReceivedResponse),
    /// The user agreed to use the redirect URI that is registered at Quay.
    OtherRedirectUri(RedirectUri),
}

/// A response from Quay, and the page that waits for the outcome. Nothing waits for the outcome of a pasted response.
pub(super) struct ReceivedResponse {
    pub(super) response: AuthResponse,
    pub(super) reply: Option<Reply>,
    /// Whether it is the response to this login's request. A pasted token alone may be any token.
    pub(super) answers_request: bool,
    /// Whether a private window had opened for this login before.
    pub(super) is_private: bool,
}

impl From<PastedResponse> for ReceivedResponse {
    fn from(PastedResponse { response, answers_request }: PastedResponse) -> Self {
        ReceivedResponse { response, reply: None, answers_request, is_private: false }
    }
}

impl Wait<'_> {
    /// Waits until a response arrives, the time is up, or a signal ends the login.
    pub(super) fn for_response(
        &self,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<Waited, Error> {
        let deadline = self.login.timeout.map(|timeout| Instant::now() + timeout);
        let mut explain_at = Some(Instant::now() + EXPLANATION_DELAY);
        let mut browser_due = self.browser_due();
        let mut has_browser_come = false;
        let mut shown_notices = Vec::new();
        // The question that the next line answers.
        let mut offer = None;
        if terminal.has_keyboard() && conversation.listen(Echo::Hidden) && terminal.is_in_foreground() {
            self.say_what_to_type(terminal);
        }
        let what = format!("Waiting for your approval at {}", self.login.profile.host);
        terminal.start_waiting_for_person(&what, deadline);
        let result = loop {
            let until = [deadline, explain_at, browser_due].into_iter().flatten().min();
            match conversation.next(until, terminal) {
                Some(Event::Response(response, reply)) => {
                    break Ok(Waited::Response(ReceivedResponse {
                        response,
                        reply: Some(reply),
                        answers_request: true,
                        is_private: has_browser_come && self.browser.as_ref().is_some_and(|browser| browser.is_private),
                    }));
                }
                Some(Event::Line(line)) => match (keyboard::trimmed(&line), offer.take()) {
                    ("y" | "Y" | "yes", Some(redirect_uri)) => break Ok(Waited::OtherRedirectUri(redirect_uri)),
                    ("" | "n" | "N" | "no", Some(_)) => terminal.say("Still waiting for your approval."),
                    ("", None) => {
                        shown_notices.retain(|kind| *kind != mem::discriminant(&Notice::BrowserFailed));
                        self.open_again(conversation, terminal);
                        browser_due = self.browser_due();
                        has_browser_come = false;
                    }
                    ("c" | "C", _) => copy_to_clipboard(self.request.url().to_string(), conversation.events()),
                    (text, _) => match self.request.parse_paste(text) {
                        Ok(pasted) => break Ok(Waited::Response(pasted.into())),
                        Err(PasteError::RedirectUriMismatch(registered)) => {
                            mismatch::explain(&registered, self.login, terminal);
                            offer = self.offer(registered, terminal);
                        }
                        Err(error) => reject_paste(&error, terminal),
                    },
                },
                Some(Event::BrowserOpened) => {
                    let is_late = browser_due.take().is_none();
                    // The start page can be reloaded.
                    if !mem::replace(&mut has_browser_come, true) {
                        let message = "Browser opened. Approve the request there.";
                        if is_late { terminal.say(message) } else { terminal.detail(message) }
                    }
                }
                Some(Event::Copied(is_copied)) => self.say_copied(is_copied, terminal),
                Some(Event::Foreground) => self.say_what_to_type(terminal),
                Some(Event::Signal(signal)) => {
                    break Err(Error::signalled(signal, "nothing was changed").hint(CLOSE_TAB));
                }
                // Any website can trigger a notice, so each kind is shown only once.
                Some(Event::Notice(notice)) if !shown_notices.contains(&mem::discriminant(&notice)) => {
                    shown_notices.push(mem::discriminant(&notice));
                    browser_due = browser_due.filter(|_| notice != Notice::BrowserFailed);
                    self.show_notice(&notice, terminal);
                    if let Notice::RedirectUriMismatch(registered) = notice {
                        offer = self.offer(registered, terminal);
                    }
                }
                Some(_) => {}
                None if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                    break Err(Error::timed_out(self.login));
                }
                None if browser_due.is_some_and(|due| Instant::now() >= due) => {
                    browser_due = None;
                    terminal.say(
                        "The browser has not opened the page yet. If it shows an error or nothing, visit the URL above.",
                    );
                }
                None => {
                    explain_at = None;
                    self.explain_error_pages(terminal);
                }
            }
        };
        terminal.stop_waiting();
        conversation.stop_listening();
        result
    }

    fn say_what_to_type(&self, terminal: &mut Terminal) {
        terminal.say(if self.browser.is_some() {
            "Press Enter to open it again, or c and Enter to copy the URL."
        } else {
            "Press c and Enter to copy the URL. If the page after your approval does not load, paste its URL here (input is hidden)."
        });
    }

    /// Asks whether to continue with the registered redirect URI. The next line is the answer, and a response that arrives before it
    /// counts. Any web page can cause this question, so the default is "no".
    fn offer(&self, registered: RegisteredUri, terminal: &mut Terminal) -> Option<RedirectUri> {
        match registered {
            RegisteredUri::Usable(uri) if self.offers_redirect_uri && uri != self.login.redirect_uri => {
                terminal
                    .say(&format!("Continue with {uri}? Type y and press Enter only if Quay sent you there. [y/N]"));
                Some(uri)
            }
            _ => None,
        }
    }

    /// When the browser must have come, if it was opened just now.
    fn browser_due(&self) -> Option<Instant> {
        self.browser.as_ref().map(|_| Instant::now() + BROWSER_DELAY)
    }

    /// Opens the browser again or, without a browser, shows the URL again.
    fn open_again(&self, conversation: &Conversation, terminal: &mut Terminal) {
        match &self.browser {
            Some(browser) => {
                browser.open(conversation.events());
                terminal.say("Opening the browser again.");
            }
            None => terminal.say_always(self.request.url().as_str()),
        }
    }

    fn say_copied(&self, is_copied: bool, terminal: &mut Terminal) {
        if is_copied {
            terminal.say("Copied the URL.");
        } else {
            terminal.copy_by_terminal(self.request.url().as_str());
            terminal.say("Asked the terminal to copy the URL. Not every terminal supports this.");
        }
    }

    fn show_notice(&self, notice: &Notice, terminal: &mut Terminal) {
        let redirect_uri = &self.login.redirect_uri;
        match notice {
            Notice::RedirectUriMismatch(registered) => {
                mismatch::explain(registered, self.login, terminal);
                terminal.hint("ignore this if Quay did not send your browser there: any website can cause it");
            }
            Notice::WrongState => {
                terminal.warn("ignored a response that belongs to another login.");
                terminal.hint("continue in the browser tab that was opened for this login");
            }
            Notice::BrowserWantsTls { port } => {
                let is_start_page = *port != redirect_uri.port();
                let authority = match is_start_page {
                    true => format!("{}:{port}", redirect_uri.host()),
                    false => redirect_uri.authority().to_owned(),
                };
                terminal.warn(&format!("the browser uses https for {authority}, where quay-auth can only serve http."));
                terminal.hint(format!(
                    "switch off HTTPS-only mode for {authority}, clear its HSTS entry, or use another browser"
                ));
                if !is_start_page {
                    terminal.hint(format!(
                        "or, if the page's URL has redirect_uri_mismatch in it, set the application's redirect URI at Quay to {redirect_uri}"
                    ));
                }
            }
            Notice::AnotherUser => {
                terminal
                    .warn("a program of another user of this machine asked for this login's page, and was refused.");
                terminal.hint("if that was your browser, run quay-auth as the user of the browser, without sudo");
                if terminal.has_keyboard() {
                    terminal.hint(
                        "or approve the request there, then paste the URL of the refusing page into this terminal",
                    );
                }
            }
            Notice::ServiceWorker => {
                let authority = redirect_uri.authority();
                terminal.warn(&format!(
                    "another program that was at {authority} before has left a service worker in the browser, which may \
                     have read Quay's response."
                ));
                terminal.hint(format!("delete the site data of {authority} in that browser, then log in again"));
                terminal.hint(
                    "if you have approved this login already, revoke the token in Quay: account settings, Authorized \
                     Applications",
                );
            }
            Notice::BrowserFailed => say_browser_failed(terminal),
        }
    }

    /// Explains the error pages of Quay that end in the browser, so that this program never hears of them.
    fn explain_error_pages(&self, terminal: &mut Terminal) {
        let host = &self.login.profile.host;
        terminal.say("Still waiting. If the browser shows an error instead of a page to approve the login:");
        if self.release != Release::AnyUserMayAuthorize {
            terminal
                .say(&format!("  401, \"not authorized\"   sign in to {host} in that browser, then reload the tab"));
            terminal.say("  403, \"forbidden\"        you are not an administrator of the application's organization: ask one to");
            terminal
                .say("                          assign the application to you, then log in with `--assignment UUID`;");
            for line in assignment::where_to_find(host, self.release) {
                terminal.say(&format!("                          {line}"));
            }
            terminal.say("                          or, if you can create a token there (\"Generate Token\"):");
            terminal.say(&format!("                          {}", self.login.with_token_command()));
        }
        if !matches!(self.release, Release::OldWebUi | Release::NewWebUi) {
            terminal.say("  403, \"CSRF token\"       you signed in on that page: go back, then authorize again");
        }
        terminal.say("  404, \"not found\"        a scope or the client ID is wrong: check --scopes and --client-id");
        terminal.say("  400, \"bad request\"      the application has no redirect URI or a different one:");
        terminal.say(&format!("                          set it to {}", self.login.redirect_uri));
        terminal.say(
            "  \"can't be reached\"      and error=redirect_uri_mismatch in the URL: a different redirect URI is set,",
        );
        terminal.say("                          which is the URL up to \"?\": log in with --redirect-uri URI");
        terminal.say("  503                     the registry is read-only: try again later");
        let paste = if terminal.has_keyboard() { "paste its URL here (input is hidden), or " } else { "" };
        terminal.say(&format!(
            "  no page after approval  {paste}log in without the redirect, which a proxy or a firewall may block:"
        ));
        terminal.say(&format!("                          {}", self.login.paste_command()));
    }
}

/// Says why a pasted text is not the response. The login keeps waiting.
fn reject_paste(error: &PasteError, terminal: &mut Terminal) {
    terminal.warn(&format!("{error}; still waiting."));
    if *error == PasteError::WrongLogin {
        terminal.hint("paste the URL from the browser tab that was opened for this login");
    }
}
