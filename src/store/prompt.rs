//! Whether the keyring may ask its user something, and the dialog in which it does.

use std::fmt;
#[cfg(all(unix, not(target_os = "macos")))]
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whether the keyring may ask its user something, such as to unlock it or to confirm.
#[derive(Clone, Debug)]
pub(crate) enum Prompt {
    /// A person is present. The command follows and dismisses the dialog by this value.
    Allowed(Dialog),
    Never,
}

/// The dialog of the keyring, as the store and the command that uses the store see it.
#[derive(Clone)]
pub(crate) struct Dialog(Arc<Shared>);

struct Shared {
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    on_open: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The keyring was asked to prompt, and has not replied.
    is_pending: bool,
    /// It has not replied for so long that it must be showing a dialog.
    is_open: bool,
    /// Nobody waits for an answer any longer.
    is_dismissed: bool,
    was_left_open: bool,
    /// Its user did not unlock the keyring.
    was_refused: bool,
}

impl Dialog {
    /// No dialog yet. `on_open` is called each time one opens, on another thread.
    pub(crate) fn new(on_open: impl Fn() + Send + Sync + 'static) -> Self {
        Dialog(Arc::new(Shared { on_open: Box::new(on_open), state: Mutex::default(), changed: Condvar::new() }))
    }

    /// Stops waiting for an answer, now and whenever the keyring wants one. Returns once the keyring knows, or after `timeout`.
    pub(crate) fn dismiss(&self, timeout: Duration) {
        let mut state = self.state();
        (state.is_dismissed, state.was_left_open) = (true, state.was_left_open || state.is_open);
        drop(state);
        let _ = self.0.changed.wait_timeout_while(self.state(), timeout, |state| state.is_pending);
    }

    /// Lets the keyring ask again what its user has refused.
    pub(crate) fn ask_again(&self) {
        self.state().was_refused = false;
    }

    /// Whether it was dismissed while it was open. Keyrings may go on showing it.
    pub(crate) fn was_left_open(&self) -> bool {
        self.state().was_left_open
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
impl Dialog {
    pub(super) fn is_open(&self) -> bool {
        self.state().is_open
    }

    pub(super) fn is_dismissed(&self) -> bool {
        self.state().is_dismissed
    }

    pub(super) fn refuse(&self) {
        self.state().was_refused = true;
    }

    pub(super) fn was_refused(&self) -> bool {
        self.state().was_refused
    }

    /// The keyring is about to prompt. Returns `false` if it must not.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        state.is_pending = !state.is_dismissed;
        state.is_pending
    }

    /// The keyring must be showing a dialog by now.
    pub(super) fn open(&self) {
        if !mem::replace(&mut self.state().is_open, true) {
            (self.0.on_open)();
        }
    }

    /// The keyring has replied, or nobody waits for that any longer.
    pub(super) fn end(&self) {
        let mut state = self.state();
        (state.is_pending, state.is_open) = (false, false);
        self.0.changed.notify_all();
    }
}

impl fmt::Debug for Dialog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().fmt(f)
    }
}
