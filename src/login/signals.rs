//! Ctrl-C, `kill` and a closed terminal as events, so that a login ends in order: the port freed, the right exit code.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals as Iterator};

use super::{Event, Signal};

/// Listens for signals while it lives.
pub(crate) struct Signals(Handle);

impl Signals {
    /// Sends each signal as an event. A second one of a kind while the first is being served is an event too, not an end.
    pub(crate) fn listen(events: Sender<Event>) -> io::Result<Self> {
        let mut signals = Iterator::new([SIGINT, SIGTERM, SIGHUP])?;
        let handle = signals.handle();
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            for number in &mut signals {
                let signal = match number {
                    SIGTERM => Signal::Terminate,
                    SIGHUP => Signal::HangUp,
                    _ => Signal::Interrupt,
                };
                if events.send(Event::Signalled(signal)).is_err() {
                    break;
                }
            }
        })?;
        Ok(Signals(handle))
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.0.close();
    }
}
