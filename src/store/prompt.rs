//! Whether the keyring may ask the user something, and the dialog in which it does that.

use std::fmt;
#[cfg(all(unix, not(target_os = "macos")))]
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whether the keyring may ask the user something, such as to unlock it.
#[derive(Clone, Debug)]
pub(crate) enum Prompt {
    /// By this value, the command learns when a dialog opens, and dismisses it.
    Allowed(Dialog),
    Never,
}

/// The dialog of the keyring. The store and the command that uses it share this.
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
    /// The keyring was asked to prompt, and has not replied yet.
    is_pending: bool,
    /// It has not replied for so long that it must be showing a dialog.
    is_open: bool,
    /// The command no longer waits for an answer.
    is_dismissed: bool,
    was_left_open: bool,
    /// The user did not unlock the keyring.
    was_refused: bool,
}

impl Dialog {
    /// `on_open` is called each time a dialog opens, on another thread.
    pub(crate) fn new(on_open: impl Fn() + Send + Sync + 'static) -> Self {
        Dialog(Arc::new(Shared { on_open: Box::new(on_open), state: Mutex::default(), changed: Condvar::new() }))
    }

    /// From now on, nothing waits for an answer. Returns when the keyring was told, or after `timeout`.
    pub(crate) fn dismiss(&self, timeout: Duration) {
        let mut state = self.state();
        (state.is_dismissed, state.was_left_open) = (true, state.was_left_open || state.is_open);
        drop(state);
        let _ = self.0.changed.wait_timeout_while(self.state(), timeout, |state| state.is_pending);
    }

    /// Lets the keyring ask again what the user has refused.
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

    /// Called before the keyring prompts. Returns `false` if it must not.
    pub(super) fn begin(&self) -> bool {
        let mut state = self.state();
        state.is_pending = !state.is_dismissed;
        state.is_pending
    }

    /// Called when the keyring must be showing a dialog.
    pub(super) fn open(&self) {
        if !mem::replace(&mut self.state().is_open, true) {
            (self.0.on_open)();
        }
    }

    /// Called when the keyring has replied, or nothing waits for its reply.
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
