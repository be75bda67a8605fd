//! `man`: manual pages, generated from the definition of the command line. On a terminal, opens the page.

use std::io::{self, Write};
use std::process;

use clap::{Arg, ArgAction, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::help;
use crate::browser_login::SECRET_VARIABLES;
use crate::domain::redact_tokens;
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::terminal::Terminal;

const EXAMPLES: &str = "\
Examples:
  # Read the page of quay-auth
  quay-auth man

  # Read the page of a command
  quay-auth man docker install

  # Save a page
  quay-auth man login > quay-auth-login.1";

/// docs/reference.md has those of macOS and Windows.
const FILES: &str = "\
  ~/.config/quay-auth/config.toml         your settings
  /etc/quay-auth/config.toml              settings of all users
  ~/.local/share/quay-auth/profiles.toml  profiles, without secrets
  ~/.local/share/quay-auth/tokens.toml    tokens of `login --store file`
  ~/.docker/config.json                   docker's settings, which
                                          `docker install` changes

On macOS, the files in ~/.config and ~/.local/share are in
~/Library/Application Support/quay-auth.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A command, for example login or docker install [default: the page of quay-auth]
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
}

/// Prints the page of a command of `program`, which defines the whole command line.
pub(super) fn run(args: &Args, mut program: Command, terminal: &mut Terminal) -> Result<(), Error> {
    program.build();
    let mut command: &Command = &program;
    for word in &args.words {
        let is_shown = |command: &&Command| !command.is_hide_set();
        command = command.find_subcommand(word).filter(is_shown).ok_or_else(|| {
            Error::new(Exit::Usage, format!("unknown command `{}`", redact_tokens(word))).hint(CommandLine::new("help"))
        })?;
    }
    let is_program = args.words.is_empty();
    let page = page(command, is_program)
        .map_err(|error| Error::new(Exit::Failure, "cannot write the manual page").caused_by(error))?;
    if terminal.stdout_is_terminal() && open(&page).is_ok_and(|status| status.success()) {
        return Ok(());
    }
    terminal.print(String::from_utf8_lossy(&page).trim_end())
}

/// Opens the page with the system's `man`. By a file, which every `man` takes.
fn open(page: &[u8]) -> io::Result<process::ExitStatus> {
    let mut file = tempfile::Builder::new().prefix("quay-auth-").suffix(".1").tempfile()?;
    file.write_all(page)?;
    #[expect(clippy::disallowed_methods, reason = "man shows the page as this system shows all pages")]
    let mut man = process::Command::new("man");
    for name in SECRET_VARIABLES {
        man.env_remove(name);
    }
    #[cfg(unix)]
    crate::system::observe_children();
    man.arg(file.path()).status()
}

fn page(command: &Command, is_program: bool) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis(command).to_writer(&mut page)?;
    if let Some(description) = command.get_before_help() {
        section(&mut page, "DESCRIPTION", &description.to_string())?;
    }
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|command| !command.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(examples) = command.get_after_help() {
        section(&mut page, "EXAMPLES", examples.to_string().trim_start_matches("Examples:\n"))?;
    }
    if is_program {
        section(&mut page, "ENVIRONMENT", help::ENVIRONMENT)?;
        section(&mut page, "FILES", FILES)?;
        section(&mut page, "EXIT STATUS", help::EXIT_CODES.trim_start_matches("Exit codes:\n"))
    } else {
        section(&mut page, "SEE ALSO", "quay-auth(1), for environment variables and exit codes")
    }
    .map(|()| page)
}

/// How the command is called, with the names of values, which `clap_mangen` leaves out. The global options stand for themselves.
fn synopsis(command: &Command) -> Roff {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let is_shown = |arg: &&Arg| !arg.is_hide_set() && !arg.is_global_set();
    let (required, optional): (Vec<&Arg>, Vec<&Arg>) =
        command.get_arguments().filter(is_shown).partition(|arg| arg.is_required_set());
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) =
        optional.into_iter().chain(required).partition(|arg| arg.is_positional());
    let mut line = vec![bold(name), roman(" [global options]")];
    for arg in options.into_iter().chain(positional) {
        let (start, end) = if arg.is_required_set() { (" ", "") } else { (" [", "]") };
        line.push(roman(start));
        line.extend(call(arg));
        line.push(roman(end));
    }
    if command.has_subcommands() {
        line.extend([roman(" "), italic("COMMAND")]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]).text(line);
    roff
}

/// An option with the names of its values, or a positional argument.
fn call(arg: &Arg) -> Vec<Inline> {
    let option =
        arg.get_long().map(|long| format!("--{long}")).or_else(|| arg.get_short().map(|short| format!("-{short}")));
    let takes_values = arg.get_num_args().is_some_and(|count| count.takes_values());
    let values = arg.get_value_names().filter(|_| takes_values).map(|names| names.join(" "));
    let is_list =
        arg.get_num_args().is_some_and(|count| count.max_values() > 1) || matches!(arg.get_action(), ArgAction::Append);
    let space = option.is_some() && values.is_some();
    let mut parts: Vec<Inline> = option.into_iter().map(bold).collect();
    parts.extend(space.then(|| roman(" ")));
    parts.extend(values.map(italic));
    parts.extend(is_list.then(|| roman("...")));
    parts
}

/// A section with this text. Its lines and columns stay as they are, because it may have tables and commands.
fn section(page: &mut Vec<u8>, heading: &str, text: &str) -> io::Result<()> {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let text = text.replace("\n.", "\n\\&.").replace("\n'", "\n\\&'");
    write!(page, ".SH \"{heading}\"\n.nf\n{text}\n.fi\n")
}
