//! `login --paste`: Quay shows its response on a page of its own, `/oauth/localapp`, and a person pastes it here. This needs no port.

use crate::browser_login::{AuthorizationRequest, BrowserCommand, PastedResponse, open_browser};
use crate::error::{Error, Exit};
use crate::quay::ask_config;
use crate::terminal::Terminal;

use super::ImplicitFlow;
use super::conversation::Conversation;
use super::preflight;

pub(super) fn ask(
    flow: &ImplicitFlow<'_>,
    browsers: Option<&[BrowserCommand]>,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<PastedResponse, Error> {
    let host = &flow.login.profile.host;
    preflight::check_store(flow.login, flow.vault, conversation)?;
    preflight::check_server(flow.login, flow.client, conversation, terminal)?;
    // Quay compares the text of the URL, so the server's own host name counts, which may differ from the one that the user knows.
    let what = format!("Asking {host} for its own name");
    let config = conversation.request(&what, terminal, || ask_config(flow.client))?;
    if config.is_read_only {
        preflight::warn_of_read_only(host, terminal);
    }
    let local_app = config.local_app.unwrap_or_else(|| format!("{}/oauth/localapp", host.origin()));
    let request = AuthorizationRequest::to_local_app(&flow.request_parameters(), local_app)?;
    match browsers {
        Some(browsers) if flow.args.private => {
            flow.sign_in_privately(browsers, conversation, terminal)?;
            terminal.say_always("Opening this URL in a private window of the same browser:");
        }
        _ => terminal.say_always(&format!("Sign in to {host} in any browser, then open this URL:")),
    }
    terminal.say_always(request.url().as_str());
    if let Some(browsers) = browsers {
        open_browser(request.url(), browsers, conversation.events());
    }
    terminal.say_always("Approve the request there, then copy the last page's URL or the token on it.");
    conversation.limit_questions(flow.login);
    loop {
        let text = conversation.read_secret("Paste it here (input is hidden) and press Enter:", terminal)?;
        let nothing = || Error::new(Exit::Usage, "nothing was pasted; nothing was changed");
        match request.parse_paste(&text.ok_or_else(nothing)?) {
            Ok(pasted) => return Ok(pasted),
            Err(error) if terminal.is_interactive() => terminal.warn(&format!("{error}.")),
            Err(error) => {
                let error = Error::new(Exit::Usage, error.to_string());
                let hint = "pipe the URL of the last page, or the token, into this command";
                return Err(error.hint(flow.login.command().purpose(hint)));
            }
        }
    }
}
