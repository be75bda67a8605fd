//! Ctrl-C, `kill` and a closed terminal as events, so that a login ends in order: the port freed, the right exit code.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::{Handle, Signals as Iterator};

use super::{Event, Signal};

/// Listens for signals while it lives.
pub(crate) struct Signals(Handle);

impl Signals {
    /// Sends each signal as an event. A second one of a kind while the first is being served is an event too, not an end.
    pub(crate) fn listen(events: Sender<Event>) -> io::Result<Self> {
        let mut signals = Iterator::new([SIGINT, SIGTERM, SIGHUP, SIGTSTP])?;
        let handle = signals.handle();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for number in &mut signals {
                let event = match number {
                    SIGTSTP => Event::Suspended,
                    SIGTERM => Event::Signalled(Signal::Terminate),
                    SIGHUP => Event::Signalled(Signal::HangUp),
                    _ => Event::Signalled(Signal::Interrupt),
                };
                if events.send(event).is_err() {
                    break;
                }
            }
        })?;
        Ok(Signals(handle))
    }
}

/// Stops the process as Ctrl-Z does; returns when it goes on.
pub(crate) fn suspend() {
    let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.0.close();
    }
}
