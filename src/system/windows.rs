//! Windows.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::{NamedTempFile, PersistError};

/// The variable whose folder contains the program's own files.
pub(crate) const HOME: &str = "LOCALAPPDATA";

/// Describes the token file. It inherits the access list of the user's profile folder, which gives access to the user, the administrators
/// and the system. quay-auth neither sets nor checks an access list: that needs unsafe code, and no maintained crate offers a safe API.
pub(crate) const PRIVATE_FILE: &str = "a file that is as private as your user profile";

/// Says who can read the token file.
pub(crate) const PRIVATE: &str = "as private as your user profile";

/// Says who can read a file that `export` writes, in any folder.
pub(crate) const EXPORTED: &str = "as private as its folder";

/// Runs the command and exits with its status, since Windows has no `exec`. Returns only if the command cannot be started.
///
/// All processes at a console get its Ctrl-C. This one ignores it, so that the command decides what to do.
#[expect(clippy::exit, reason = "an exit status has 32 bits on Windows, and an `ExitCode` only eight")]
pub(crate) fn become_command(mut command: Command) -> Result<Infallible, io::Error> {
    // Fails only if there is a handler already, and then Ctrl-C is handled.
    let _ = ctrlc::set_handler(|| {});
    std::process::exit(command.status()?.code().unwrap_or(1))
}

/// Whether everything that is written there is lost. Not known here.
pub(crate) fn is_discarded<T>(_file: T) -> bool {
    false
}

/// Whether this process may read from the console. There are no background jobs.
pub(crate) fn is_in_foreground<T>(_terminal: T) -> bool {
    true
}

/// Whether the console can show colours. Older ones must be asked to, and may refuse.
pub(crate) fn understands_colors() -> bool {
    anstyle_query::windows::enable_ansi_colors() != Some(false)
}

/// Renames the new file over the old one. Windows refuses that while another program reads the old one, so this tries again for a while.
pub(crate) fn replace(mut file: NamedTempFile, path: &Path) -> Result<(), PersistError> {
    /// Another program has the file open and does not share it.
    const SHARING_VIOLATION: i32 = 32;
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match file.persist(path) {
            Ok(_) => return Ok(()),
            Err(failure) => {
                let may_be_temporary = failure.error.kind() == io::ErrorKind::PermissionDenied
                    || failure.error.raw_os_error() == Some(SHARING_VIOLATION);
                if !may_be_temporary || Instant::now() >= deadline {
                    return Err(failure);
                }
                file = failure.file;
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// There is no root.
pub(crate) fn is_root() -> bool {
    false
}

/// Whether the file exists. On Windows its name decides whether it is a program.
pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Does nothing: on Windows the keyring has no dialogs, and only those need it.
pub(crate) struct TerminationSignals;

impl TerminationSignals {
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub(crate) fn listen(_: impl Fn() + Send + 'static, _: bool) -> io::Result<Self> {
        Ok(TerminationSignals)
    }
}

/// Commands for hints, in the syntax of the command prompt.
pub(crate) mod shell_commands {
    use std::path::Path;

    /// The text as one word of a command, in quotes if it needs them.
    pub(crate) fn word(text: &str) -> String {
        let is_plain = |c: char| c.is_alphanumeric() || "_-./:\\[],@+".contains(c);
        if !text.is_empty() && text.chars().all(is_plain) {
            text.to_owned()
        } else {
            format!("\"{}\"", text.replace('"', ""))
        }
    }

    /// The path as one word of a command.
    pub(crate) fn path_word(path: &Path) -> String {
        word(&path.display().to_string())
    }

    /// Shows who has which access to a file or folder.
    pub(crate) fn show_permissions(path: &Path) -> String {
        format!("icacls \"{}\"", path.display())
    }

    /// Shows permissions and free space of a folder.
    pub(crate) fn show_free_space(folder: &Path) -> String {
        format!("icacls \"{0}\" & dir \"{0}\"", folder.display())
    }

    /// Gives a file, or a folder with its files, to this user.
    pub(crate) fn take_ownership(path: &Path) -> String {
        format!("takeown /r /f \"{}\"", path.display())
    }

    /// Shows who has which access to a file.
    pub(crate) fn close_to_group(path: &Path) -> String {
        show_permissions(path)
    }

    pub(crate) fn create_folder(path: &Path) -> String {
        format!("mkdir \"{}\"", path.display())
    }

    /// Renames a file.
    pub(crate) fn move_away(path: &Path) -> String {
        format!("move \"{0}\" \"{0}.broken\"", path.display())
    }

    /// Shows the program that has the file open.
    pub(crate) fn show_user_of_file(path: &Path) -> String {
        format!("openfiles /query | find \"{}\"", path.display())
    }

    /// Shows the program that listens at the port.
    pub(crate) fn show_listener(port: u16) -> String {
        format!("netstat -ano | find \":{port}\"")
    }

    pub(crate) fn set_variable(name: &str, value: &str) -> String {
        format!("set \"{name}={value}\"")
    }

    /// Adds a folder to the end of PATH.
    pub(crate) fn last_on_path(folder: &Path) -> String {
        format!("set \"PATH=%PATH%;{}\"", folder.display())
    }

    /// Adds a folder to the start of PATH.
    pub(crate) fn first_on_path(folder: &Path) -> String {
        format!("set \"PATH={};%PATH%\"", folder.display())
    }

    /// The hint for a command that was not found.
    pub(crate) const NO_COMMAND: &str =
        "check its name and your PATH; if it is a script, type its whole name, such as npm.cmd";

    /// The hint for a command that cannot be run.
    pub(crate) fn not_runnable(program: &str) -> String {
        format!("check that it is a program for this system: where {program}")
    }
}
