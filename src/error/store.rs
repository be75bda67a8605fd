//! What each error of the store becomes. Without a keyring the token can be in a file: the hint is the login that puts it there.

use super::lower::INSTALL_NEWER;
use super::{Error, Exit, from_cause};
use crate::hint::{CommandLine, Hint};
use crate::store;
use crate::system::{self, shell_commands};

impl From<store::Error> for Error {
    /// For a command that is not about one profile. For others there is [`Error::in_store`].
    fn from(error: store::Error) -> Self {
        let file = system::PRIVATE_FILE;
        failed(error, format!("or log in with `--store file`, which stores the token in {file}").into())
    }
}

impl Error {
    /// The store has failed for the profile that `login` logs in to.
    pub(crate) fn in_store(error: store::Error, login: CommandLine) -> Self {
        let use_file = login.option("--store", Some("file"));
        failed(error, use_file.purpose(format!("to store the token in {}", system::PRIVATE_FILE)))
    }
}

/// `use_file` is the hint for a keyring that cannot be used.
fn failed(error: store::Error, use_file: Hint) -> Error {
    use store::Error as E;
    let from_cause = |error| from_cause(Exit::Store, error);
    match error {
        E::File(error) => Error::from(error).with_exit(Exit::Store),
        E::NoBus(_) => from_cause(error)
            .hint("log in to this machine's desktop, which starts the session bus and the keyring")
            .hint(use_file),
        E::NoService(_) => from_cause(error)
            .hint("install and start one, such as gnome-keyring, KeePassXC or KWallet")
            .hint(use_file),
        E::NoDefaultCollection => from_cause(error)
            .hint("create one and make it the default, in Seahorse: File, New, Password Keyring")
            .hint("or, in KeePassXC, open a database and expose a group of it: Database Settings, Secret Service Integration")
            .hint(use_file),
        E::Locked | E::NotUnlocked => from_cause(error)
            .hint("unlock it in your password manager, such as Seahorse, KWalletManager or KeePassXC")
            .hint(use_file),
        E::NeedsConfirmation => from_cause(error)
            .hint("in KeePassXC, open Settings, Secret Service Integration, and switch off \"Confirm when passwords are retrieved by clients\"")
            .hint(use_file),
        E::NotConfirmed => from_cause(error).hint("try again, and agree in the keyring's dialog").hint(use_file),
        E::Unanswered(_) => from_cause(error)
            .hint("answer it and try again; it may still be open, behind another window or on the screen of this machine")
            .hint(use_file),
        E::NotResponding => from_cause(error)
            .caused_by("no reply within five seconds")
            .hint("try again, or restart its service")
            .hint(use_file),
        E::Damaged(_, ref id) | E::Mismatch(_, ref id) => {
            let login = CommandLine::of("login", id).purpose("log in again");
            let logout = CommandLine::of("logout", id).purpose("or delete that entry");
            from_cause(error).hint(login).hint(logout)
        }
        E::Profiles(error) => Error::from(error),
        E::NewerFile { .. } => from_cause(error).hint(INSTALL_NEWER),
        E::Unwritable(_) => from_cause(error).hint(CommandLine::new("doctor").flag("--report").purpose("please report it")),
        E::BrokenFolderId(ref path) => {
            let move_away = shell_commands::move_away(path);
            from_cause(error).hint(Hint::shell("restore it from a backup, or move it away and log in again", move_away))
        }
        E::TooLong => from_cause(error).hint(use_file),
        E::Keyring(_) => {
            from_cause(error).hint("try again; if it keeps failing, restart the keyring").hint(use_file)
        }
        E::BrokenFile(ref path) => {
            let move_away = shell_commands::move_away(path);
            from_cause(error)
                .hint(Hint::shell("move it away and log in again", move_away))
                .hint("it may contain tokens, so delete it when you no longer need it")
        }
    }
}
