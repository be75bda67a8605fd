//! Linux, macOS and their kin.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::process::Command;

use tempfile::{NamedTempFile, PersistError};

/// The variable that names the user's home.
pub(crate) const HOME: &str = "HOME";

/// What the file with the tokens is: 0600, and refused when it is not.
pub(crate) const PRIVATE_FILE: &str = "a file that only you may read";

/// The same of such a file.
pub(crate) const HOW_PRIVATE: &str = "yours alone";

/// What a file is that a person names for a token: 0600.
pub(crate) const EXPORTED: &str = "readable by you alone";

/// Becomes the command: the same process, so its signals and its exit status are its own. Comes back only with the reason why not.
pub(crate) fn become_command(mut command: Command) -> Result<Infallible, io::Error> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

/// Whether the terminal reads colours as such: all do that do not say otherwise by `TERM`.
pub(crate) fn understands_colors() -> bool {
    true
}

/// Puts the new file in the place of the old one, whoever has that open.
pub(crate) fn replace(file: NamedTempFile, path: &Path) -> Result<(), PersistError> {
    file.persist(path).map(drop)
}

/// Whether a client could start it.
pub(crate) fn is_program(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok() && path.is_file()
}

/// Lines for a person to type into a shell.
pub(crate) mod lines {
    use std::path::Path;

    /// Shows who may do what with it.
    pub(crate) fn look_at(path: &Path) -> String {
        format!("ls -l {}", path.display())
    }

    /// The same of a folder itself.
    pub(crate) fn look_at_access(path: &Path) -> String {
        format!("ls -ld {}", path.display())
    }

    /// Shows who may do what with the folder, and how much room is left there.
    pub(crate) fn look_at_room(folder: &Path) -> String {
        format!("ls -ld {0}; df -h {0}", folder.display())
    }

    /// Moves it out of the way.
    pub(crate) fn move_away(path: &Path) -> String {
        format!("mv {0} {0}.broken", path.display())
    }

    /// Shows which program has it open.
    pub(crate) fn see_who_holds(path: &Path) -> String {
        format!("fuser {}", path.display())
    }

    /// Shows which program listens at the port.
    pub(crate) fn see_who_listens(port: u16) -> String {
        format!("ss -ltnp 'sport = :{port}'")
    }

    /// What a command may be that could not be found.
    pub(crate) const NO_COMMAND: &str =
        "check its name and your PATH; of a script, also the interpreter in its first line";

    /// What a command may lack that could not be run.
    pub(crate) fn not_runnable(program: &str) -> String {
        format!("is it a program, and executable? ls -l {program}")
    }
}
