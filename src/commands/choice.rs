//! A list to choose from, for commands that talk to a person. Without a terminal nothing is asked.

use std::fmt::Display;

use super::login::Conversation;
use crate::error::Error;
use crate::keyboard::Echo;
use crate::settings::{self, Settings};
use crate::terminal::Terminal;

/// Asks which of these the user means. `None` if there is no terminal, nothing to choose from, or no answer.
pub(super) fn choose<'a, T: Display>(
    question: &str,
    choices: &'a [T],
    terminal: &mut Terminal,
) -> Result<Option<&'a T>, Error> {
    if choices.is_empty() || !terminal.is_interactive() {
        return Ok(None);
    }
    let mut conversation = Conversation::start(terminal)?;
    for (number, choice) in choices.iter().enumerate() {
        terminal.say_always(&format!("  {}  {choice}", number + 1));
    }
    loop {
        let question = format!("{question} [1-{}]", choices.len());
        let Some(answer) = conversation.ask(&question, Echo::Shown, terminal)? else { return Ok(None) };
        if answer.is_empty() {
            return Ok(None);
        }
        let number = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        if let Some(choice) = number.and_then(|number| choices.get(number)) {
            return Ok(Some(choice));
        }
        terminal.warn("type one of these numbers, or press Enter to stop.");
    }
}

/// Lets the user choose the host if several have a profile and nothing names one.
pub(super) fn choose_host(mut settings: Settings, terminal: &mut Terminal) -> Result<Settings, Error> {
    if let Err(settings::Error::SeveralHosts(several)) = settings.profile()
        && let Some(host) = choose("Which host?", &several.hosts, terminal)?
    {
        settings.use_host(host);
    }
    Ok(settings)
}
