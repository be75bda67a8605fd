//! Turns Ctrl-C, `kill`, a closed terminal and the like into events, so that the login can free its port, restore the terminal and exit
//! with the right code.

#[cfg(not(unix))]
pub(crate) use console::{Signals, suspend};
#[cfg(unix)]
pub(crate) use unix::{Signals, suspend};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::thread;

    use signal_hook::consts::{
        SIGABRT, SIGALRM, SIGBUS, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGSYS, SIGTERM, SIGTRAP, SIGTSTP, SIGUSR1,
        SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
    };
    use signal_hook::iterator::{Handle, Signals as Iterator};
    use signal_hook::low_level::signal_name;

    use crate::browser_login::{Event, Signal};
    use crate::system::{can_be_continued, not_ignored};

    /// The signals that end a process by default, without those of a fault in the process itself.
    const ENDING: [i32; 16] = [
        SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGIO, SIGXCPU, SIGXFSZ,
        SIGABRT, SIGBUS, SIGSYS, SIGTRAP,
    ];

    /// On Linux also SIGSTKFLT, SIGPWR and the real-time signals, of which the C library may have one for itself.
    const ENDING_ON_LINUX: [std::ops::RangeInclusive<i32>; 3] = [16..=16, 30..=30, 34..=64];

    /// Listens for signals until it is dropped.
    pub(crate) struct Signals(Handle);

    impl Signals {
        /// Calls `on_event` with each signal, on another thread. A second Ctrl-C, while the first is still being handled, does not kill
        /// the process either.
        pub(crate) fn listen(on_event: impl Fn(Event) + Send + 'static) -> io::Result<Self> {
            let mut signals = Iterator::new(not_ignored(ENDING.into_iter().chain([SIGTSTP])))?;
            let handle = signals.handle();
            if cfg!(target_os = "linux") {
                for signal in not_ignored(ENDING_ON_LINUX.into_iter().flatten()) {
                    let _ = handle.add_signal(signal);
                }
            }
            thread::Builder::new().name("signals".to_owned()).spawn(move || {
                for number in &mut signals {
                    match number {
                        SIGTSTP if can_be_continued() => on_event(Event::Suspend),
                        SIGTSTP => {}
                        number => on_event(Event::Signal(signal(number))),
                    }
                }
            })?;
            Ok(Signals(handle))
        }
    }

    fn signal(number: i32) -> Signal {
        match number {
            SIGINT => Signal::Interrupt,
            SIGTERM => Signal::Terminate,
            SIGHUP => Signal::HangUp,
            _ => Signal::Other {
                number: number.try_into().unwrap_or(0),
                name: signal_name(number).unwrap_or("a signal"),
            },
        }
    }

    /// Stops the process as Ctrl-Z does. Returns when it continues.
    pub(crate) fn suspend() {
        let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
    }

    impl Drop for Signals {
        fn drop(&mut self) {
            self.0.close();
        }
    }
}

/// A Windows console has only Ctrl-C, and a process can set only one handler for it.
#[cfg(not(unix))]
mod console {
    use std::io;
    use std::process;
    use std::sync::{Mutex, PoisonError};

    use crate::browser_login::{Event, Signal};

    /// What the handler calls.
    static LISTENER: Mutex<Option<Box<dyn Fn(Event) + Send>>> = Mutex::new(None);

    /// Listens for Ctrl-C until it is dropped.
    pub(crate) struct Signals;

    impl Signals {
        /// Calls `on_event` with each Ctrl-C, on another thread.
        pub(crate) fn listen(on_event: impl Fn(Event) + Send + 'static) -> io::Result<Self> {
            *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(on_event));
            match ctrlc::set_handler(handle_ctrl_c) {
                Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(Signals),
                Err(error) => Err(io::Error::other(error)),
            }
        }
    }

    /// Without a listener, Ctrl-C ends the process as usual.
    #[expect(clippy::exit, reason = "Ctrl-C ends the process")]
    fn handle_ctrl_c() {
        let listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
        match &*listener {
            Some(on_event) => on_event(Event::Signal(Signal::Interrupt)),
            None => process::exit(130),
        }
    }

    /// Does nothing, because there is no Ctrl-Z.
    pub(crate) fn suspend() {}

    impl Drop for Signals {
        fn drop(&mut self) {
            *LISTENER.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}
