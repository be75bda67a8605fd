//! The first act of the process: no core dump, no stranger's debugger, no panic that shows what it was working on.

use std::panic;

/// Hardens the process. What the system refuses is not an error: the program is as safe as the system lets it be.
pub(crate) fn harden() {
    // Not dumpable: no core (a piped core_pattern ignores RLIMIT_CORE), no ptrace by the user's other processes, and
    // /proc/PID/{mem,environ} closed to them. execve resets it, so children are as usual.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    panic::set_hook(Box::new(|panic| {
        // A payload made at run time may hold a secret; one in the program's text cannot.
        let what = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("internal error");
        let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        let version = env!("CARGO_PKG_VERSION");
        let message = format!("quay-auth: bug: {what}{place} (version {version}); please report it\n");
        let _ = std::io::Write::write_all(&mut std::io::stderr(), message.as_bytes());
        #[expect(clippy::exit, reason = "a panic is a bug; it ends with 1, not with an abort or a thread less")]
        std::process::exit(1);
    }));
}
