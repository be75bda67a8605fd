//! `login --paste`: Quay shows the answer on a page of its own (`/oauth/localapp`), and a person carries it here. No port, no page of ours.

use crate::error::{Error, Exit};
use crate::login::{Answer, Authorization, open_browser};
use crate::quay::ask_config;
use crate::terminal::Terminal;

use super::Story;
use super::conversation::Conversation;
use super::prove;

/// Asks Quay for a token and the person for what Quay shows.
pub(super) fn ask(
    story: &Story<'_>,
    browsers: Option<&[String]>,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<Answer, Error> {
    let host = &story.login.profile.host;
    prove::the_place(story.login, &story.folder, conversation)?;
    // Quay compares the text, so the server's own name counts, not an alias of it.
    let local_app = ask_config(story.client).local_app.unwrap_or_else(|| format!("{}/oauth/localapp", host.origin()));
    let authorization = Authorization::to_local_app(&story.request(), local_app)?;
    terminal.must_say(&format!("Open this address in any browser; be signed in to {host} there:"));
    terminal.must_say(authorization.url().as_str());
    if let Some(browsers) = browsers {
        open_browser(authorization.url(), browsers, conversation.events());
    }
    terminal.must_say("After your consent, copy that page's whole address, or the token that it shows.");
    loop {
        let text = conversation.read_secret("Paste it here (it is not shown), then press Enter:", terminal)?;
        let nothing = || Error::new(Exit::Usage, "nothing was pasted; nothing was changed");
        match authorization.read_paste(text.ok_or_else(nothing)?) {
            Ok(answer) => return Ok(answer),
            Err(error) if terminal.is_interactive() => terminal.warn(&format!("{error}.")),
            Err(error) => {
                let error = Error::new(Exit::Usage, error.to_string());
                return Err(error.hint("pipe that page's whole address, or the token, into quay-auth login --paste"));
            }
        }
    }
}
