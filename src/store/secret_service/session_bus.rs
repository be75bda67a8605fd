//! Connects to the session bus, also if the environment does not name it or names a wrong one.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use dbus::blocking::Connection;

use crate::store::Error;

/// Connects to the bus that `DBUS_SESSION_BUS_ADDRESS` names. If nothing responds there, as in an old tmux or under cron, connects to the one
/// in the user's runtime folder, where systemd starts it.
pub(super) fn connect(runtime_folder: Option<&Path>) -> Result<Connection, Error> {
    let error = match Connection::new_session() {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    let usual = || PathBuf::from(format!("/run/user/{}", rustix::process::geteuid().as_raw()));
    let socket = runtime_folder.map_or_else(usual, Path::to_owned).join("bus");
    if is_own_socket(&socket)
        && let Ok(connection) = Connection::new_address(&format!("unix:path={}", escaped(&socket)))
    {
        return Ok(connection);
    }
    // For a missing variable, libdbus would start a bus, but it is built without that feature.
    let is_unset = error.name().is_some_and(|name| name.ends_with(".NotSupported"));
    let state = if is_unset { "is not set" } else { "names a bus that does not respond" };
    let message = format!("DBUS_SESSION_BUS_ADDRESS {state}, and no bus responds at {}", socket.display());
    Err(Error::NoBus(message.into()))
}

/// Whether it is a socket of this user. After `su`, `XDG_RUNTIME_DIR` may be that of another user.
fn is_own_socket(path: &Path) -> bool {
    let is_own = |metadata: fs::Metadata| metadata.uid() == rustix::process::geteuid().as_raw();
    fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket() && is_own(metadata))
}

/// The path in the form of a D-Bus address: most bytes become `%` and two hex digits (D-Bus specification, "Server Addresses").
fn escaped(path: &Path) -> String {
    let escape = |byte: &u8| match byte {
        b'-' | b'_' | b'/' | b'.' | b'*' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(*byte).to_string(),
        byte => format!("%{byte:02x}"),
    };
    path.as_os_str().as_encoded_bytes().iter().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_an_address_is_escaped() {
        assert_eq!(escaped(Path::new("/run/a b,c=ü/bus")), "/run/a%20b%2cc%3d%c3%bc/bus");
    }
}
