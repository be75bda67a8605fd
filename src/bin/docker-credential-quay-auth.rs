//! The credential helper that docker, podman, skopeo and buildah start. It runs `quay-auth credential-helper` of the same folder.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// The `quay-auth` in the folder of this program. PATH is not searched, because another `quay-auth` may come first there.
fn quay_auth() -> io::Result<PathBuf> {
    let this = std::env::current_exe()?.canonicalize()?;
    Ok(this.with_file_name(format!("quay-auth{}", std::env::consts::EXE_SUFFIX)))
}

/// Becomes the command. Returns only if that fails.
#[cfg(unix)]
fn become_command(mut command: Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

/// Windows has no `exec`, so this runs the command and ends with its exit code.
#[cfg(windows)]
#[expect(clippy::exit, reason = "an exit code on Windows has more bits than an `ExitCode`")]
fn become_command(mut command: Command) -> io::Result<ExitCode> {
    std::process::exit(command.status()?.code().unwrap_or(1))
}

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "running quay-auth is what this program is for")]
    let result = quay_auth().and_then(|quay_auth| {
        let mut command = Command::new(quay_auth);
        command.args(["credential-helper", "--"]).args(std::env::args_os().skip(1));
        become_command(command)
    });
    result.unwrap_or_else(|error| {
        // Clients show what is on stdout.
        #[expect(clippy::disallowed_methods, reason = "nothing of quay-auth runs in this program")]
        let mut stdout = io::stdout();
        let _ = writeln!(
            stdout,
            "docker-credential-quay-auth cannot run quay-auth, which must be in the same folder: {error}"
        );
        ExitCode::FAILURE
    })
}
