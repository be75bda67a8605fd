//! The command line: what can be typed, and the layout of its help. No behaviour.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, ValueEnum};

use crate::commands::Command;
use crate::domain::redact_tokens;
use crate::error::{Error, Exit};
use crate::hint::{CommandLine, Hint};
use crate::settings::{Color, GLOBAL, ProfileFlags};
use crate::terminal::Verbosity;

/// Printed by `quay-auth` alone.
pub(crate) const FIRST_STEPS: &str = "\
quay-auth logs you in to Quay with one click in the browser, stores the access
token in your keyring, and gives it to your tools.

  # Log in for the first time
  quay-auth login --host quay.example.com --client-id ID

  # Let docker, podman, skopeo and buildah use the token
  quay-auth docker install

  # Call Quay's API
  quay-auth api user/

  # Print the token, for scripts
  quay-auth print-token

The client ID is that of an OAuth application in Quay. If you have none,
`quay-auth login` explains how to create one. To see all commands,
run `quay-auth help`.";

const EXAMPLES: &str = "\
Examples:
  # Log in for the first time
  quay-auth login --host quay.example.com --client-id ID

  # Let docker, podman, skopeo and buildah use the token
  quay-auth docker install

More help:
  quay-auth help COMMAND      a command
  quay-auth help environment  environment variables
  quay-auth help exit-codes   exit codes";

/// What a command does, how it is called, its options, examples. `before-help` is the rest of the description.
const LAYOUT: &str = "{about}\n\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The width of the help, which is also that of terminals whose width is not known.
const WIDTH: usize = 80;

/// Log in to Quay with one click in the browser, and use the token in your tools
#[derive(Debug, Parser)]
#[command(name = "quay-auth", version, after_help = EXAMPLES, disable_help_subcommand = true, max_term_width = WIDTH)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) profile: ProfileFlags,

    #[command(flatten)]
    pub(crate) output: OutputFlags,

    /// Without a command, the first steps are printed.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Default, Args)]
pub(crate) struct OutputFlags {
    /// Print errors only
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = GLOBAL)]
    quiet: bool,

    /// Print more, such as requests to Quay; never a secret
    #[arg(long, short, global = true, help_heading = GLOBAL)]
    verbose: bool,

    /// When to use colour: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", help_heading = GLOBAL, hide_possible_values = true)]
    pub(crate) color: Option<Color>,
}

impl Cli {
    /// Reads the words after the name of the program.
    pub(crate) fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        if let Some(command) = Command::without_parser(words) {
            let (profile, output) = (ProfileFlags::default(), OutputFlags::default());
            return Ok(Cli { profile, output, command: Some(command) });
        }
        let cli = match Cli::parse_words(words) {
            // A word that needs another one, such as `docker`.
            Err(error) if is_command_incomplete(&error) => {
                return Cli::parse_help_of(words.iter().take_while(|word| *word != "--").cloned());
            }
            result => result?,
        };
        if let Some(Command::Help(args)) = &cli.command
            && let Some(command) = args.command()
        {
            return Cli::parse_help_of(command.iter().map(OsString::from));
        }
        Ok(cli)
    }

    fn parse_help_of(command: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        Cli::parse_words(&command.chain(["--help".into()]).collect::<Vec<_>>())
    }

    fn parse_words(words: &[OsString]) -> Result<Self, clap::Error> {
        let matches = program().try_get_matches_from(command_line(words)).map_err(|error| with_usage(error, words))?;
        let mut cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut program()))?;
        if let Some(Command::Login(args)) = &mut cli.command
            && let Some(host) = args.host.take()
            && cli.profile.host.replace(host).is_some()
        {
            return Err(named_command(words).error(ErrorKind::ArgumentConflict, "the host is given twice"));
        }
        Ok(cli)
    }
}

/// The whole command line, as the parser takes it.
fn command_line(words: &[OsString]) -> impl Iterator<Item = OsString> {
    std::iter::once("quay-auth".into()).chain(words.iter().cloned())
}

fn is_command_incomplete(error: &clap::Error) -> bool {
    matches!(error.kind(), ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand)
}

/// The definition of the command that these words name, although they cannot be parsed.
fn named_command(words: &[OsString]) -> clap::Command {
    let mut command = program();
    // So that each command knows the words before it.
    command.build();
    let matches = program().ignore_errors(true).try_get_matches_from(command_line(words)).unwrap_or_default();
    let mut rest = &matches;
    while let Some((name, more)) = rest.subcommand() {
        match command.find_subcommand(name) {
            Some(found) => command = found.clone(),
            None => break,
        }
        rest = more;
    }
    command
}

/// The error with the usage of the command, which the parser leaves out if only a value is wrong.
fn with_usage(mut error: clap::Error, words: &[OsString]) -> clap::Error {
    if error.use_stderr() && error.get(ContextKind::Usage).is_none() {
        error.insert(ContextKind::Usage, ContextValue::StyledStr(named_command(words).render_usage()));
    }
    if let Some((option, value)) = value_like_an_option(&error, words) {
        let tip = format!("to pass '{value}' as a value, use '{option}={value}'");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// The option and its value, if the parser takes the value for another option because it begins with a dash.
fn value_like_an_option<'w>(error: &clap::Error, words: &'w [OsString]) -> Option<(&'w str, &'w str)> {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_value = |word: &&str| word.starts_with(unknown) && !word.starts_with("--");
    let words: Vec<&str> = words.iter().map_while(|word| word.to_str()).collect();
    let (option, value) = words.iter().zip(words.iter().skip(1)).find(|(_, value)| is_value(value))?;
    let name = option.strip_prefix("--")?;
    let command = named_command(&words.iter().map(OsString::from).collect::<Vec<_>>());
    let mut options = command.get_opts();
    options.any(|known| known.get_long() == Some(name) && known.get_action().takes_values()).then_some((option, value))
}

/// The last `--color` of a command line that cannot be parsed, or that asks for help.
pub(crate) fn color(words: &[OsString]) -> Option<Color> {
    let words: Vec<&str> = words.iter().map_while(|word| word.to_str()).take_while(|word| *word != "--").collect();
    let values = words.iter().enumerate().filter_map(|(index, word)| match word.strip_prefix("--color") {
        Some("") => words.get(index + 1).copied(),
        Some(value) => value.strip_prefix('='),
        None => None,
    });
    values.filter_map(|value| Color::from_str(value, false).ok()).next_back()
}

/// The definition of the whole command line.
pub(crate) fn program() -> clap::Command {
    with_layout(Cli::command())
}

fn with_layout(command: clap::Command) -> clap::Command {
    command.help_template(LAYOUT).mut_subcommands(with_layout)
}

impl OutputFlags {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}

/// Names that other programs have for a command.
const OTHER_NAMES: [(&str, &[&str]); 4] = [
    ("login", &["auth", "authenticate", "log-in", "sign-in", "signin"]),
    ("logout", &["log-out", "sign-out", "signout"]),
    ("status", &["accounts", "list", "logins", "ls", "profiles"]),
    ("switch", &["use"]),
];

/// The command that has another name here, if the parser complains of such a name.
fn command_of_other_name(error: &clap::Error) -> Option<&'static str> {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    OTHER_NAMES.iter().find(|(_, names)| names.contains(&typed.as_str())).map(|(command, _)| *command)
}

/// An error of the parser in the form of every other error, and without any token that was typed.
pub(crate) fn usage_error(error: &clap::Error) -> Error {
    let rendered = error.render().to_string();
    let text = redact_tokens(&rendered);
    let mut paragraphs = text.split("\n\n");
    let message = paragraphs.next().unwrap_or_default().trim_start_matches("error: ");
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut usage_error = Error::new(Exit::Usage, message.trim_end_matches('.'));
    let mut command = "quay-auth".to_owned();
    let mut tips = Vec::new();
    for line in paragraphs.flat_map(str::lines).map(str::trim) {
        if let Some(tip) = line.strip_prefix("tip: ") {
            tips.push(tip);
        } else if let Some(usage) = line.strip_prefix("Usage: ") {
            let words = usage.split(' ').take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
            command = words.collect::<Vec<_>>().join(" ");
        }
    }
    match command_of_other_name(error) {
        Some(meant) if command == "quay-auth" => {
            usage_error = usage_error.hint(CommandLine::new(meant).purpose("perhaps you mean"));
        }
        _ => usage_error = tips.into_iter().fold(usage_error, Error::hint),
    }
    if text != rendered {
        usage_error = usage_error
            .hint("every user of this machine can read a token on the command line")
            .hint("pass it on stdin: `quay-auth login --with-token < FILE`");
    }
    usage_error.hint(Hint::Command { purpose: None, command: format!("{command} --help") })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parser breaks longer lines, and with them tables and commands.
    fn assert_fits(command: &clap::Command) {
        for text in [command.get_before_help(), command.get_after_help()].into_iter().flatten() {
            for line in text.to_string().lines() {
                assert!(line.chars().count() <= WIDTH, "{}: {line}", command.get_name());
            }
        }
        command.get_subcommands().for_each(assert_fits);
    }

    #[test]
    fn the_definition_is_consistent() {
        program().debug_assert();
    }

    #[test]
    fn no_line_of_the_help_is_wider_than_the_help() {
        assert_fits(&program());
        assert!(FIRST_STEPS.lines().all(|line| line.chars().count() <= WIDTH));
    }
}
