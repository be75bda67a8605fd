//! A command that opens a browser, as `--browser`, `QUAY_AUTH_BROWSER` and `BROWSER` have it.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::system::shell_commands::word;

/// Browsers that would take over the terminal. They cannot show Quay's pages either, which need JavaScript.
const TEXT_BROWSERS: [&str; 11] =
    ["browsh", "carbonyl", "edbrowse", "elinks", "links", "links2", "lynx", "netrik", "retawq", "w3m", "www-browser"];

/// A program with its arguments, of which `%s` stands for the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrowserCommand {
    pub(super) program: String,
    pub(super) arguments: Vec<String>,
}

impl fmt::Display for BrowserCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&word(&self.program))?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {}", word(argument)))
    }
}

/// Why a text is no command that opens a browser.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidBrowser {
    #[error("there is no command in it")]
    Empty,
    #[error("a quote in it is not closed")]
    OpenQuote,
    #[error("{0} is a text browser, which cannot show Quay's pages and would take over the terminal")]
    TextBrowser(String),
}

impl FromStr for BrowserCommand {
    type Err = InvalidBrowser;

    /// Splits the command into words as a shell does it, but the path of an existing file is one word. On Windows, where a backslash is part
    /// of a path and not an escape, it is always one program without arguments.
    fn from_str(text: &str) -> Result<Self, InvalidBrowser> {
        let text = text.trim();
        let is_file = text.contains('/') && Path::new(text).is_file();
        let words = match cfg!(windows) || is_file {
            true => vec![text.to_owned()],
            false => shlex::split(text).ok_or(InvalidBrowser::OpenQuote)?,
        };
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or(InvalidBrowser::Empty)?;
        if is_text_browser(&program) {
            return Err(InvalidBrowser::TextBrowser(program));
        }
        Ok(BrowserCommand { program, arguments: words.collect() })
    }
}

/// By the name of the program, or of the file that its path leads to.
fn is_text_browser(program: &str) -> bool {
    let path = Path::new(program);
    let target = path.canonicalize().ok();
    [Some(path), target.as_deref()].into_iter().flatten().any(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        TEXT_BROWSERS.contains(&name.as_ref())
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn text_browsers_broken_quotes_and_empty_commands_are_rejected() {
        for text in ["w3m", "/usr/bin/lynx", "links2 -driver x %s", "'elinks'"] {
            assert!(matches!(text.parse::<BrowserCommand>(), Err(InvalidBrowser::TextBrowser(_))), "{text}");
        }
        assert_eq!("firefox 'x".parse::<BrowserCommand>(), Err(InvalidBrowser::OpenQuote));
        assert_eq!("firefox \"x".parse::<BrowserCommand>(), Err(InvalidBrowser::OpenQuote));
        for text in ["", " ", "''", "\"\" x"] {
            assert_eq!(text.parse::<BrowserCommand>(), Err(InvalidBrowser::Empty), "{text:?}");
        }
    }

    #[test]
    fn a_link_to_a_text_browser_is_one_too() {
        let folder = tempfile::tempdir().unwrap();
        let (browser, link) = (folder.path().join("lynx"), folder.path().join("my browser"));
        std::fs::write(&browser, "").unwrap();
        std::os::unix::fs::symlink(&browser, &link).unwrap();
        let link = link.display().to_string();
        assert_eq!(link.parse::<BrowserCommand>(), Err(InvalidBrowser::TextBrowser(link.clone())));
    }
}
