//! `man`: the manual, a page a command, made of the command line's own definition.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::error::{Error, Exit};
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth man | man -l -
quay-auth man docker install | man -l -";

/// What `man` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST)]
pub(crate) struct Args {
    /// The command, e.g. login or docker install; without one, the whole program
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
}

/// Prints the page.
pub(super) fn run(args: &Args, terminal: &mut Terminal) -> Result<(), Error> {
    let mut whole = Cli::command().disable_help_subcommand(true);
    whole.build();
    let mut command: &Command = &whole;
    for word in &args.words {
        let is_shown = |command: &&Command| !command.is_hide_set();
        command = command.find_subcommand(word).filter(is_shown).ok_or_else(|| {
            Error::new(Exit::Usage, format!("there is no command `{}`", crate::domain::without_tokens(word)))
                .hint("quay-auth --help")
        })?;
    }
    let page =
        page(command).map_err(|error| Error::new(Exit::Failure, "the page cannot be written").caused_by(error))?;
    terminal.data(String::from_utf8_lossy(&page).trim_end())
}

/// The page of a command. What stands below its help has lines and columns of its own, which man must not fill.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().any(|command| !command.is_hide_set()) {
        man.render_subcommands_section(&mut page)?;
    }
    for (heading, text) in [("EXAMPLES", command.get_before_help()), ("NOTES", command.get_after_help())] {
        if let Some(text) = text {
            write!(page, ".SH {heading}\n.nf\n{}\n.fi\n", as_it_stands(&text.to_string()))?;
        }
    }
    Ok(page)
}

/// The text so that man shows it as it stands.
fn as_it_stands(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    text.replace("\n.", "\n\\&.").replace("\n'", "\n\\&'")
}
