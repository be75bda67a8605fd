//! `ServerText`: words that a server sent, made safe for a terminal and a page.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text of a server's with nothing in it that steers a terminal: control, bidi and zero-width characters and line ends stand as
/// `\u{…}`, and what is beyond 200 characters is cut.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String")]
pub(crate) struct ServerText(String);

impl ServerText {
    /// The most that is kept, in characters.
    const LONGEST: usize = 200;

    /// The text, safe to print.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the character does something to a terminal, or to the order of what is read, instead of being read.
pub(crate) fn steers_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl From<&str> for ServerText {
    fn from(text: &str) -> Self {
        let mut clean = String::new();
        let mut left = Self::LONGEST;
        for c in text.chars() {
            let shown = if steers_a_terminal(c) { c.escape_unicode().to_string() } else { c.to_string() };
            // Counted as it is shown, so that what was cut once is not cut again when it is read from a file.
            let Some(rest) = left.checked_sub(shown.chars().count()) else {
                clean.push('…');
                break;
            };
            left = rest;
            clean.push_str(&shown);
        }
        ServerText(clean)
    }
}

impl From<String> for ServerText {
    fn from(text: String) -> Self {
        ServerText::from(text.as_str())
    }
}

impl fmt::Display for ServerText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_steers_a_terminal() {
        let shown = |text: &str| ServerText::from(text).to_string();
        assert_eq!(shown("Grüße, 日本"), "Grüße, 日本");
        assert_eq!(shown("a\x1b]52;c;eA==\x07b\r\n"), "a\\u{1b}]52;c;eA==\\u{7}b\\u{d}\\u{a}");
        assert_eq!(shown("a\u{202e}b\u{200b}\u{9b}"), "a\\u{202e}b\\u{200b}\\u{9b}");
        assert_eq!(shown(&"x".repeat(201)), format!("{}…", "x".repeat(200)));
        let cut = shown(&"\x1b".repeat(50));
        assert_eq!((cut.chars().count(), shown(&cut)), (199, cut.clone()));
    }
}
