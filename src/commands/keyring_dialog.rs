//! Lets the keyring show a dialog while a command runs. The command tells the user about it, and Ctrl-C stops the wait.

use std::time::Duration;

use crate::error::{Error, Exit};
use crate::store::{Dialog, Prompt};
use crate::system::TerminationSignals;
use crate::terminal::{Messenger, Terminal};

/// How long the keyring has to close its dialog.
const DISMISS_TIMEOUT: Duration = Duration::from_secs(1);

/// The keyring may show dialogs until this is dropped.
pub(super) struct KeyringDialog {
    dialog: Dialog,
    messenger: Messenger,
    _signals: TerminationSignals,
}

/// What happens after Ctrl-C has dismissed the dialog.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterSignal {
    /// The signal ends the process.
    Terminate,
    /// The command goes on: it listens for signals itself.
    Continue,
}

impl KeyringDialog {
    pub(super) fn allow(after_signal: AfterSignal, terminal: &Terminal) -> Result<Self, Error> {
        let messenger = terminal.messenger();
        let dialog = Dialog::new({
            let messenger = messenger.clone();
            move || {
                messenger.say(
                    "Waiting up to 60 seconds for you to answer the keyring's dialog. Press Ctrl-C to stop waiting.",
                );
            }
        });
        let on_signal = {
            let (messenger, dialog) = (messenger.clone(), dialog.clone());
            move || match after_signal {
                AfterSignal::Terminate => dismiss(&dialog, &messenger),
                AfterSignal::Continue => dialog.dismiss(DISMISS_TIMEOUT),
            }
        };
        let signals = TerminationSignals::listen(on_signal, after_signal == AfterSignal::Terminate)
            .map_err(|error| Error::new(Exit::Failure, "cannot listen for signals").caused_by(error))?;
        Ok(KeyringDialog { dialog, messenger, _signals: signals })
    }

    pub(super) fn prompt(&self) -> Prompt {
        Prompt::Allowed(self.dialog.clone())
    }
}

impl Drop for KeyringDialog {
    /// After Ctrl-C, `login` ends while its check of the keyring may still be waiting for an answer.
    fn drop(&mut self) {
        dismiss(&self.dialog, &self.messenger);
    }
}

fn dismiss(dialog: &Dialog, messenger: &Messenger) {
    dialog.dismiss(DISMISS_TIMEOUT);
    if dialog.was_left_open() {
        messenger.say("The keyring's dialog may still be open. Cancel it there.");
    }
}
