//! Windows.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::{NamedTempFile, PersistError};

/// The variable that names the folder of a program's own files.
pub(crate) const HOME: &str = "LOCALAPPDATA";

/// What the file with the tokens is. It inherits the access list of the user's profile, which lets in the user, the administrators and
/// the system. No list of its own is set or read: that takes unsafe code, for which no crate that is looked after has a safe door.
pub(crate) const PRIVATE_FILE: &str = "a file that is as private as your user profile";

/// The same of such a file.
pub(crate) const HOW_PRIVATE: &str = "as private as your user profile";

/// What a file is that a person names for a token, which may be anywhere.
pub(crate) const EXPORTED: &str = "as private as its folder";

/// Windows has no `exec`: waits for the command and ends with its status. Comes back only with the reason why it did not start.
///
/// Ctrl-C goes to everything at the console. It is the command's to answer, which may take a moment, or go on.
#[expect(clippy::exit, reason = "a status there has more than the eight bits of an `ExitCode`")]
pub(crate) fn become_command(mut command: Command) -> Result<Infallible, io::Error> {
    let _ = ctrlc::set_handler(|| {});
    std::process::exit(command.status()?.code().unwrap_or(1))
}

/// Whether the console reads colours as such: an older one must be asked to, and may refuse.
pub(crate) fn understands_colors() -> bool {
    anstyle_query::windows::enable_ansi_colors() != Some(false)
}

/// Puts the new file in the place of the old one. Windows refuses that while somebody reads the old one, which takes a moment here.
pub(crate) fn replace(mut file: NamedTempFile, path: &Path) -> Result<(), PersistError> {
    /// Another program has it open and shares it with nobody.
    const SHARING_VIOLATION: i32 = 32;
    let give_up = Instant::now() + Duration::from_secs(5);
    loop {
        match file.persist(path) {
            Ok(_) => return Ok(()),
            Err(failure) => {
                let may_pass = failure.error.kind() == io::ErrorKind::PermissionDenied
                    || failure.error.raw_os_error() == Some(SHARING_VIOLATION);
                if !may_pass || Instant::now() >= give_up {
                    return Err(failure);
                }
                file = failure.file;
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// Whether a client could start it: its name tells.
pub(crate) fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Lines for a person to type at a prompt.
pub(crate) mod lines {
    use std::path::Path;

    /// Shows who may do what with it.
    pub(crate) fn look_at(path: &Path) -> String {
        format!("icacls \"{}\"", path.display())
    }

    /// The same of a folder itself.
    pub(crate) fn look_at_access(path: &Path) -> String {
        look_at(path)
    }

    /// Shows who may do what with the folder, and how much room is left there.
    pub(crate) fn look_at_room(folder: &Path) -> String {
        format!("icacls \"{0}\" & dir \"{0}\"", folder.display())
    }

    /// Moves it out of the way.
    pub(crate) fn move_away(path: &Path) -> String {
        format!("move \"{0}\" \"{0}.broken\"", path.display())
    }

    /// Shows which program has it open.
    pub(crate) fn see_who_holds(path: &Path) -> String {
        format!("openfiles /query | find \"{}\"", path.display())
    }

    /// Shows which program listens at the port.
    pub(crate) fn see_who_listens(port: u16) -> String {
        format!("netstat -ano | find \":{port}\"")
    }

    /// What a command may be that could not be found.
    pub(crate) const NO_COMMAND: &str =
        "check its name and your PATH; a script is named with its ending, as in npm.cmd";

    /// What a command may lack that could not be run.
    pub(crate) fn not_runnable(program: &str) -> String {
        format!("is it a program for this system? where {program}")
    }
}
