//! Breaks text between words for a terminal's width. Addresses and commands stay whole, so that they can be copied.

use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Narrower terminals break the lines themselves.
const MIN_WIDTH: usize = 40;

/// Programs whose command lines are in messages. One behind a colon reaches to the end of the text. So does one at the start of a text,
/// unless the text is a sentence.
const PROGRAMS: [&str; 13] =
    ["chmod", "chown", "date", "docker", "export", "fuser", "ls", "mv", "podman", "quay-auth", "rm", "ss", "ssh"];

/// Stands for a space where a line must not break.
const WHOLE: char = '\u{a0}';

/// The number of columns, if it is a terminal.
#[cfg(unix)]
pub(super) fn width_of(output: impl std::os::fd::AsFd) -> Option<usize> {
    terminal_size::terminal_size_of(output).map(|(width, _)| width.0.into())
}

/// The number of columns, if it is a terminal.
#[cfg(windows)]
pub(super) fn width_of(output: impl std::os::windows::io::AsHandle) -> Option<usize> {
    terminal_size::terminal_size_of(output).map(|(width, _)| width.0.into())
}

/// The text behind `start`, which may have colours, in lines of at most this width. Without a width, nothing changes.
pub(super) fn wrapped(start: &str, text: &str, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| *width >= MIN_WIDTH) else { return format!("{start}{text}") };
    let line = |(number, line): (usize, &str)| {
        let start = if number == 0 { start } else { "" };
        let indent = " ".repeat(indent(start, line));
        let options = Options::new(width).initial_indent(start).subsequent_indent(&indent);
        fill(&with_whole_commands(line), options.word_separator(WordSeparator::AsciiSpace)).replace(WHOLE, " ")
    };
    text.split('\n').enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The text of a table's cell in lines of at most this width, which also break behind commas.
pub(super) fn wrapped_cell(text: &str, width: usize) -> Vec<String> {
    fill(text, Options::new(width).word_separator(WordSeparator::Custom(cell_words)))
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The beginning of a line that fits into this width.
pub(super) fn shortened(line: &str, width: usize) -> &str {
    let ends = line.char_indices().map(|(start, c)| start + c.len_utf8());
    let end = ends.take_while(|end| display_width(&line[..*end]) <= width).last();
    &line[..end.unwrap_or(0)]
}

/// The width of the widest part of a cell that stays whole.
pub(super) fn min_width(text: &str) -> usize {
    cell_words(text).map(|word| word.chars().count()).max().unwrap_or(0)
}

fn cell_words(text: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    Box::new(text.split_inclusive([' ', ',']).map(Word::from))
}

fn fill(text: &str, options: Options<'_>) -> String {
    let options = options.break_words(false).word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(text, options.wrap_algorithm(WrapAlgorithm::FirstFit))
}

/// Where the following lines begin: below the text of a list or of a column, else a bit further than a label.
fn indent(start: &str, line: &str) -> usize {
    let leading = line.len() - line.trim_start().len();
    let column = line.trim_end().rfind("  ").filter(|column| *column >= leading).map(|column| column + 2);
    let text = line.trim_start();
    let item = text.find(". ").filter(|end| *end > 0 && text[..*end].bytes().all(|b| b.is_ascii_digit()));
    match (column, item) {
        (Some(column), _) => line[..column].chars().count(),
        (None, Some(end)) => leading + end + 2,
        (None, None) if start.is_empty() => leading,
        (None, None) if start.ends_with("  ") => display_width(start),
        (None, None) => start.len() - start.trim_start().len() + 2,
    }
}

/// The line with spaces inside commands, and between an option and its value, that do not break.
fn with_whole_commands(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut whole = String::with_capacity(line.len());
    let is_sentence = line.ends_with('.');
    // In backticks, or in a command that reaches to the end.
    let (mut in_code, mut in_command) = (false, false);
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).map_or("", |before| words[before]);
        if index > 0 {
            whole.push(if in_code || in_command || is_value_of(before, word) { WHOLE } else { ' ' });
        }
        in_code ^= word.matches('`').count() % 2 == 1;
        in_command |= (before.ends_with(':') || before.is_empty() && !is_sentence) && PROGRAMS.contains(word);
        whole.push_str(word);
    }
    whole
}

/// Whether these are an option and its value, such as `FILE`, `15m` or a URL.
fn is_value_of(before: &str, word: &str) -> bool {
    let end = [',', ';', ')', '.'];
    let value = word.trim_end_matches(end);
    before.trim_start_matches('(').starts_with("--")
        && !before.ends_with(end)
        && (value.starts_with(|c: char| c.is_ascii_digit())
            || value.contains(['/', ':'])
            || value.len() > 1 && !value.contains(|c: char| c.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(start: &str, text: &str) -> Vec<String> {
        wrapped(start, text, Some(60)).lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_line_is_shortened_to_the_columns_that_there_are() {
        assert_eq!(shortened("Waiting", 4), "Wait");
        assert_eq!(shortened("⠋ Waiting for Quay", 80), "⠋ Waiting for Quay");
        // Each of these takes two columns.
        assert_eq!(shortened("漢字", 3), "漢");
        assert_eq!(shortened("W", 0), "");
    }

    #[test]
    fn lines_break_between_words_and_begin_below_the_text() {
        assert_eq!(
            lines(
                "  \x1b[36mhint:\x1b[0m ",
                "close the Quay tab in your browser; if you approve there, nothing is stored"
            ),
            [
                "  \x1b[36mhint:\x1b[0m close the Quay tab in your browser; if you approve",
                "    there, nothing is stored"
            ]
        );
        assert_eq!(
            lines("", "  1. Open https://quay.example.com and there the organization, then its settings."),
            ["  1. Open https://quay.example.com and there the", "     organization, then its settings."]
        );
        assert_eq!(
            lines("", "  401, \"not authorized\"   sign in to quay.example.com in that browser"),
            ["  401, \"not authorized\"   sign in to quay.example.com in", "                          that browser"]
        );
    }

    #[test]
    fn addresses_and_commands_stay_whole() {
        let url = format!("https://quay.example.com/oauth/authorize?{}", "a".repeat(80));
        assert_eq!(lines("", &url).concat(), url);
        for command in [
            "quay-auth login --with-token --host quay.example.com < FILE",
            "quay-auth login --host http://localhost:8080 --profile x --timeout 15m",
            "chmod 600 /home/alice/.local/share/quay-auth/tokens.toml",
            "ssh -N -L 7829:127.0.0.1:7829 alice@quay.example.com and so on",
        ] {
            let text = format!("paste that URL into the program, as it is: {command}");
            assert!(lines("hint: ", &text).iter().any(|line| line.trim() == command), "{:?}", lines("hint: ", &text));
            assert_eq!(lines("  ", command), [format!("  {command}")]);
        }
        let sentence = "docker no longer uses quay-auth for quay.example.com (~/.docker/config.json).";
        assert_eq!(lines("✓ ", sentence).len(), 2);
        let text = "the token of another profile is still there, so use --profile NAME, or run `quay-auth logout --all`, please";
        let lines = lines("", text);
        assert!(lines.iter().any(|line| line.contains("--profile NAME,")), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("`quay-auth logout --all`,")), "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 60), "{lines:?}");
    }

    #[test]
    fn nothing_changes_without_a_width_and_for_narrow_terminals() {
        let text = "some words ".repeat(20);
        assert_eq!(wrapped("a: ", &text, None), format!("a: {text}"));
        assert_eq!(wrapped("a: ", &text, Some(10)), format!("a: {text}"));
    }

    #[test]
    fn cells_break_behind_commas_too() {
        assert_eq!(wrapped_cell("repo:read,user:read,org:admin", 20), ["repo:read,user:read,", "org:admin"]);
        assert_eq!(min_width("repo:read,user:read"), "repo:read,".len());
    }
}
