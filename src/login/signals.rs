//! Ctrl-C, `kill` and a closed terminal as events, so that a login ends in order: the port freed, the right exit code.

#[cfg(not(unix))]
pub(crate) use console::{Signals, suspend};
#[cfg(unix)]
pub(crate) use unix::{Signals, suspend};

/// Signals as Unix has them.
#[cfg(unix)]
mod unix {
    use std::io;
    use std::sync::mpsc::Sender;
    use std::thread;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    use signal_hook::iterator::{Handle, Signals as Iterator};

    use crate::login::{Event, Signal};

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
}

/// The Windows console knows Ctrl-C alone, and takes one handler for the whole process.
#[cfg(not(unix))]
mod console {
    use std::io;
    use std::process;
    use std::sync::mpsc::Sender;
    use std::sync::{Mutex, PoisonError};

    use crate::login::{Event, Signal};

    /// Who listens just now.
    static LISTENER: Mutex<Option<Sender<Event>>> = Mutex::new(None);

    /// Listens for Ctrl-C while it lives.
    pub(crate) struct Signals;

    impl Signals {
        /// Sends each Ctrl-C as an event.
        pub(crate) fn listen(events: Sender<Event>) -> io::Result<Self> {
            *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(events);
            match ctrlc::set_handler(interrupted) {
                Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(Signals),
                Err(error) => Err(io::Error::other(error)),
            }
        }
    }

    /// Where nobody listens any more, Ctrl-C ends the program as it does elsewhere.
    #[expect(clippy::exit, reason = "what Ctrl-C does")]
    fn interrupted() {
        let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
        let is_heard = listener.as_ref().is_some_and(|events| events.send(Event::Signalled(Signal::Interrupt)).is_ok());
        if !is_heard {
            process::exit(130);
        }
    }

    /// There is no Ctrl-Z.
    pub(crate) fn suspend() {}

    impl Drop for Signals {
        fn drop(&mut self) {
            *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}
