//! Work on other threads.

use std::sync::mpsc::{self, SendError};
use std::thread;

/// Does the work on a thread of its own, or, if the system allows no more threads, at once on this one. A container, a job or a user may
/// have a limit (`ulimit -u`), and a token must not be lost because of it.
pub(crate) fn in_background<Work: FnOnce() + Send + 'static>(work: Work) {
    let (sender, receiver) = mpsc::channel::<Work>();
    // Without a thread there is no receiver either, so the work comes back.
    let _ = thread::Builder::new().spawn(move || receiver.recv().map(|work| work()));
    if let Err(SendError(work)) = sender.send(work) {
        work();
    }
}
