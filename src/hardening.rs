//! What the process does first: it prevents core dumps and debuggers, and makes sure that a panic message contains no secret.

use std::panic;

/// Hardens the process. It continues even if the system refuses that.
pub(crate) fn harden() {
    // A process that is not dumpable writes no core dump (a limit of RLIMIT_CORE would not apply when core_pattern is a pipe), and the
    // user's other processes cannot ptrace it or read /proc/PID/{mem,environ}. execve resets this, so it does not affect children.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    panic::set_hook(Box::new(|panic| {
        // A message that was formatted at run time may contain a secret. One that is part of the program cannot.
        let message = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("internal error");
        let location =
            panic.location().map(|location| format!(" at {}:{}", location.file(), location.line())).unwrap_or_default();
        let version = env!("CARGO_PKG_VERSION");
        let text = format!("quay-auth: bug: {message}{location} (version {version}); please report it\n");
        #[expect(clippy::disallowed_methods, reason = "a bug is reported without the rest of the program")]
        let mut stderr = std::io::stderr();
        let _ = std::io::Write::write_all(&mut stderr, text.as_bytes());
        #[expect(
            clippy::exit,
            reason = "after a bug the process ends with 1; it does not abort, or go on without a thread"
        )]
        std::process::exit(1);
    }));
}
