//! The way to the session bus, also where the environment names it wrongly or not at all.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use dbus::blocking::Connection;

use crate::store::Error;

/// Connects to the bus that `DBUS_SESSION_BUS_ADDRESS` names. Where nothing responds there, as in an old tmux or under cron, to the one
/// that the desktop has in the user's runtime folder (systemd, `dbus.socket` of the user).
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
    // Then libdbus would start a bus, but it was built without that.
    let is_unset = error.name().is_some_and(|name| name.ends_with(".NotSupported"));
    let state = if is_unset { "is not set" } else { "names a bus that does not respond" };
    let message = format!("DBUS_SESSION_BUS_ADDRESS {state}, and no bus responds at {}", socket.display());
    Err(Error::NoBus(message.into()))
}

/// Whether it is a socket of this user: `XDG_RUNTIME_DIR` may be another user's, as after `su`.
fn is_own_socket(path: &Path) -> bool {
    let is_own = |metadata: fs::Metadata| metadata.uid() == rustix::process::geteuid().as_raw();
    fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket() && is_own(metadata))
}

/// The path as D-Bus addresses write it: all but a few bytes as `%` and two hex digits (D-Bus specification, "Server Addresses").
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
