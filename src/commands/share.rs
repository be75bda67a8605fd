//! `share`: what others need to log in to the same host through the same application.

use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::settings::{Folders, LoginFlags, LoginSettings, Settings};
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Prints the command with which others log in to the same host through the same
application, and a config.toml for administrators, with which `quay-auth login`
is enough. It contains no secret. Users choose scopes and store themselves.";

const EXAMPLES: &str = "\
Examples:
  # Show both
  quay-auth share

  # Configure all users of this machine
  sudo mkdir -p /etc/quay-auth
  quay-auth share --config-toml | sudo tee /etc/quay-auth/config.toml";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Print only the config.toml
    #[arg(long)]
    config_toml: bool,
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let login = settings.login(&LoginFlags::default(), settings.profile()?)?;
    let host = &login.profile.host;
    if login.client_id.is_none() {
        return Err(Error::new(Exit::Usage, format!("no client ID is known for {host}"))
            .hint(login.command().purpose("log in with one first")));
    }
    if !args.config_toml {
        terminal.say(&format!("Others log in to {host} with:"));
        terminal.print(&login.for_others().command().to_string())?;
        let file = Folders::system_config_file();
        let file = file.map_or_else(|| "config.toml".to_owned(), |path| path.display().to_string());
        let login = CommandLine::new("login");
        terminal.say(&format!("\nWith these lines in {file}, `{login}` is enough on that machine:"));
    }
    let config = login.config_for_others();
    let config = config.map_err(|error| Error::new(Exit::Failure, "cannot write these settings").caused_by(error))?;
    terminal.print(config.trim_end())?;
    mention_ca_file(&login, terminal);
    Ok(())
}

/// The file is needed wherever its name is.
fn mention_ca_file(login: &LoginSettings, terminal: &Terminal) {
    if let Some(path) = &login.connection.ca_file {
        terminal.hint(format!(
            "send {} too: the command needs it in the current folder, and config.toml beside itself",
            path.display()
        ));
    }
}
