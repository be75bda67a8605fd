//! `ServerText`: text from a server, or from a file of another program, made safe to display.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text from elsewhere, without characters that control a terminal: line ends, control, bidirectional and zero-width characters are written
/// as `\u{…}`. It is cut after 200 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String")]
pub(crate) struct ServerText(String);

impl ServerText {
    /// In characters.
    const LONGEST: usize = 200;

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the character controls a terminal, changes the direction of text or is invisible.
pub(crate) fn is_terminal_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

impl From<&str> for ServerText {
    fn from(text: &str) -> Self {
        let mut escaped_text = String::new();
        let mut left = Self::LONGEST;
        for c in text.chars() {
            let escaped = if is_terminal_control(c) { c.escape_unicode().to_string() } else { c.to_string() };
            // Counts the escaped characters, so that a text that was stored in a file is not cut a second time when it is read.
            let Some(rest) = left.checked_sub(escaped.chars().count()) else {
                escaped_text.push('…');
                break;
            };
            left = rest;
            escaped_text.push_str(&escaped);
        }
        ServerText(escaped_text)
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
    fn control_characters_are_escaped_and_long_texts_cut() {
        let text = |text: &str| ServerText::from(text).to_string();
        assert_eq!(text("Grüße, 日本"), "Grüße, 日本");
        assert_eq!(text("a\x1b]52;c;eA==\x07b\r\n"), "a\\u{1b}]52;c;eA==\\u{7}b\\u{d}\\u{a}");
        assert_eq!(text("a\u{202e}b\u{200b}\u{9b}"), "a\\u{202e}b\\u{200b}\\u{9b}");
        assert_eq!(text(&"x".repeat(201)), format!("{}…", "x".repeat(200)));
        let cut = text(&"\x1b".repeat(50));
        assert_eq!((cut.chars().count(), text(&cut)), (199, cut.clone()));
    }
}
