//! What docker, podman, skopeo and buildah call for credentials: becomes the `quay-auth` beside it, command `credential-helper`.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Never another `quay-auth` that comes first in PATH, so the way goes by this program's own file, links followed.
fn beside_this() -> io::Result<PathBuf> {
    let this = std::env::current_exe()?.canonicalize()?;
    Ok(this.with_file_name(format!("quay-auth{}", std::env::consts::EXE_SUFFIX)))
}

/// Becomes it; comes back only with the reason why not.
#[cfg(unix)]
fn become_it(mut command: Command) -> io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

/// Windows has no `exec`: runs it and ends with its status.
#[cfg(windows)]
#[expect(clippy::exit, reason = "a status there has more than the eight bits of an `ExitCode`")]
fn become_it(mut command: Command) -> io::Result<ExitCode> {
    std::process::exit(command.status()?.code().unwrap_or(1))
}

fn main() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "all that this program does")]
    let started = beside_this().and_then(|quay_auth| {
        let mut command = Command::new(quay_auth);
        command.args(["credential-helper", "--"]).args(std::env::args_os().skip(1));
        become_it(command)
    });
    started.unwrap_or_else(|error| {
        // Clients show what a helper says on stdout.
        let _ = writeln!(io::stdout(), "docker-credential-quay-auth cannot start the quay-auth beside it: {error}");
        ExitCode::FAILURE
    })
}
