//! One channel for everything that can happen during a login, and the questions to the user at the terminal.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::browser_login::{self, Event, Signal, Signals};
use crate::error::{Error, Exit};
use crate::keyboard::{self, Echo, Input, Keyboard};
use crate::settings::LoginSettings;
use crate::system::in_background;
use crate::terminal::Terminal;

use super::finishing::{Busy, Finishing, Progress, Request};

/// How often the remaining time on the terminal is updated.
const TICK: Duration = Duration::from_secs(1);

/// The event channel of one login. Until it is dropped, signals are events. Dropping it restores the terminal.
pub(in crate::commands) struct Conversation {
    sender: Sender<Event>,
    receiver: Receiver<Event>,
    /// Set while the user may type.
    keyboard: Option<Keyboard>,
    /// Whether this was a background job when that was last checked.
    in_background: bool,
    /// How long a question waits for its answer. `None` means no limit.
    question_timeout: Option<Duration>,
    /// Set while the main thread does not receive events. Shared with the thread that receives signals.
    busy: SharedBusy,
    _signals: Signals,
}

type SharedBusy = Arc<Mutex<Option<Busy>>>;

impl Conversation {
    pub(in crate::commands) fn start(terminal: &Terminal) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel();
        let busy = SharedBusy::default();
        let on_event = {
            let (events, busy) = (sender.clone(), Arc::clone(&busy));
            move |event| match (&mut *locked(&busy), event) {
                (Some(busy), Event::Signal(signal)) => busy.receive(signal),
                (Some(busy), Event::Suspend) => busy.suspend(),
                (_, event) => drop(events.send(event)),
            }
        };
        let signals = Signals::listen(on_event)
            .map_err(|error| Error::new(Exit::Failure, "cannot listen for signals").caused_by(error))?;
        Ok(Conversation {
            sender,
            receiver,
            keyboard: None,
            in_background: !terminal.is_in_foreground(),
            question_timeout: None,
            busy,
            _signals: signals,
        })
    }

    /// From now on, questions end with the login's timeout.
    pub(super) fn limit_questions(&mut self, login: &LoginSettings) {
        self.question_timeout = login.timeout;
    }

    /// There is a token. From now on a signal does not end the login, except during a question.
    pub(super) fn start_finishing(&mut self, login: &LoginSettings, terminal: &Terminal) {
        self.limit_questions(login);
        let mut finishing = Finishing::new(&login.profile, terminal.messenger());
        let mut busy = locked(&self.busy);
        // It arrived together with the token.
        if let Some(signal) = self.take_signal() {
            finishing.receive(signal);
        }
        *busy = Some(Busy::Finishing(finishing));
    }

    /// Shows that the login waits for Quay, and sends a request before which there is no token. A signal ends the process meanwhile.
    pub(super) fn request<T>(
        &mut self,
        what: &str,
        terminal: &mut Terminal,
        request: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        self.request_or(|signal| Error::signalled(signal, "nothing was changed"), what, terminal, request)
    }

    /// The same for a request that changes something. A signal then ends the process with the error that `stopped` returns.
    pub(super) fn request_or<T>(
        &mut self,
        stopped: impl Fn(Signal) -> Error + Send + 'static,
        what: &str,
        terminal: &mut Terminal,
        request: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        {
            let mut busy = locked(&self.busy);
            if let Some(signal) = self.take_signal() {
                return Err(Error::signalled(signal, "nothing was changed"));
            }
            *busy = Some(Busy::Request(Request { messenger: terminal.messenger(), stopped: Box::new(stopped) }));
        }
        terminal.start_waiting(what);
        let response = request();
        terminal.stop_waiting();
        *locked(&self.busy) = None;
        Ok(response)
    }

    pub(super) fn set_progress(&self, progress: Progress) {
        if let Some(Busy::Finishing(finishing)) = &mut *locked(&self.busy) {
            finishing.progress = progress;
        }
    }

    /// For the other sources of events.
    pub(super) fn events(&self) -> Sender<Event> {
        self.sender.clone()
    }

    /// Lets the user type. `false` if that is not possible here.
    pub(super) fn listen(&mut self, echo: Echo) -> bool {
        let events = self.events();
        self.keyboard = None;
        let send = move |input| drop(events.send(event(input)));
        self.keyboard = Keyboard::listen(echo, send).ok();
        self.keyboard.is_some()
    }

    pub(super) fn stop_listening(&mut self) {
        self.keyboard = None;
    }

    /// The next event, or `None` at the time `until`. Without that time, waits without limit.
    pub(super) fn next(&mut self, until: Option<Instant>, terminal: &mut Terminal) -> Option<Event> {
        loop {
            let wait = until.map_or(TICK, |until| until.saturating_duration_since(Instant::now()).min(TICK));
            match self.receiver.recv_timeout(wait) {
                Ok(Event::Suspend) => self.suspend(terminal),
                Ok(event) => return Some(event),
                Err(RecvTimeoutError::Timeout) if until.is_some_and(|until| Instant::now() >= until) => return None,
                Err(_) => {
                    terminal.tick();
                    // After `bg` and `fg`, the terminal has the modes of the shell.
                    self.keyboard.iter_mut().for_each(Keyboard::hide_input);
                    let was_in_background = std::mem::replace(&mut self.in_background, !terminal.is_in_foreground());
                    if was_in_background && !self.in_background {
                        return Some(Event::Foreground);
                    }
                }
            }
        }
    }

    /// The first signal among the events that have arrived. More of them are the same request to stop. The other events stay.
    pub(super) fn take_signal(&self) -> Option<Signal> {
        let mut first = None;
        for event in self.receiver.try_iter().collect::<Vec<_>>() {
            match event {
                Event::Signal(signal) => first = first.or(Some(signal)),
                event => drop(self.sender.send(event)),
            }
        }
        first
    }

    /// Asks a question. `None` at the end of the input. A signal is an error. White space around the answer is removed.
    pub(in crate::commands) fn ask(
        &mut self,
        question: &str,
        echo: Echo,
        terminal: &mut Terminal,
    ) -> Result<Option<Zeroizing<String>>, Error> {
        Ok(self.ask_line(question, echo, terminal)?.map(|line| trimmed(&line)))
    }

    /// The same, with the white space around the answer, which belongs to a password.
    pub(super) fn ask_line(
        &mut self,
        question: &str,
        echo: Echo,
        terminal: &mut Terminal,
    ) -> Result<Option<Zeroizing<String>>, Error> {
        // Meanwhile a signal ends the question. One that came before means that no question is wanted.
        let busy = locked(&self.busy).take();
        let signal = match &busy {
            Some(Busy::Finishing(finishing)) => finishing.signal,
            Some(Busy::Request(_)) | None => None,
        };
        let answer = match signal {
            Some(signal) => Err(Error::signalled(signal, "nothing was changed")),
            None => self.ask_now(question, echo, terminal),
        };
        *locked(&self.busy) = busy;
        answer
    }

    fn ask_now(
        &mut self,
        question: &str,
        echo: Echo,
        terminal: &mut Terminal,
    ) -> Result<Option<Zeroizing<String>>, Error> {
        // Before the question is shown, so that a quick paste is not echoed.
        let can_type = self.listen(echo);
        terminal.question(question);
        if !can_type {
            return Err(Error::new(Exit::Usage, "cannot read from this terminal").hint("use a pipe as stdin instead"));
        }
        let answer = self.answer(terminal);
        self.stop_listening();
        let is_line_unfinished = echo == Echo::Hidden || !matches!(answer, Ok(Some(_)));
        if is_line_unfinished {
            terminal.say_always("");
        }
        answer
    }

    fn answer(&mut self, terminal: &mut Terminal) -> Result<Option<Zeroizing<String>>, Error> {
        let until = self.question_timeout.map(|timeout| Instant::now() + timeout);
        loop {
            match self.next(until, terminal) {
                Some(Event::Line(line)) => return Ok(Some(line)),
                Some(Event::EndOfInput) => return Ok(None),
                Some(Event::Signal(signal)) => return Err(Error::signalled(signal, "nothing was changed")),
                // Other events come too late for this login. A page that posts a response now gets no outcome, and says so.
                Some(_) => {}
                None => {
                    return Err(Error::new(
                        Exit::Timeout,
                        "the question was not answered in time; nothing was changed",
                    )
                    .hint("to have more time, log in with --timeout 15m; 0 means no limit"));
                }
            }
        }
    }

    /// Reads a secret: at a terminal it asks for it and does not show it, otherwise it reads all of stdin. `None` at the end of the input.
    /// White space around it is removed.
    pub(super) fn read_secret(
        &mut self,
        question: &str,
        terminal: &mut Terminal,
    ) -> Result<Option<Zeroizing<String>>, Error> {
        match terminal.is_interactive() {
            true => self.ask(question, Echo::Hidden, terminal),
            false => Ok(self.read_stdin(terminal)?.map(|text| trimmed(&text))),
        }
    }

    /// Reads all of stdin, which is not a terminal. `None` if that fails.
    pub(super) fn read_stdin(&mut self, terminal: &mut Terminal) -> Result<Option<Zeroizing<String>>, Error> {
        if !terminal.is_in_foreground() {
            return Err(Error::new(Exit::Usage, "a background job cannot read from the terminal")
                .hint("run the command in the foreground, or use a pipe as stdin"));
        }
        let events = self.events();
        in_background(move || {
            let input = keyboard::read_all().map_or(Input::End, Input::Line);
            let _ = events.send(event(input));
        });
        self.answer(terminal)
    }

    /// Asks a yes-or-no question. Enter alone means `default`, and anything but `y` and `yes` means no.
    pub(super) fn confirm(&mut self, question: &str, default: bool, terminal: &mut Terminal) -> Result<bool, Error> {
        let choices = if default { "[Y/n]" } else { "[y/N]" };
        let answer = self.ask(&format!("{question} {choices}"), Echo::Shown, terminal)?;
        Ok(match answer.map(|answer| answer.to_lowercase()).as_deref() {
            Some("y" | "yes") => true,
            Some("") => default,
            _ => false,
        })
    }

    /// Restores the terminal, stops as after Ctrl-Z, and takes the terminal over again when it continues.
    fn suspend(&mut self, terminal: &mut Terminal) {
        terminal.set_aside(|| match &mut self.keyboard {
            Some(keyboard) => keyboard.set_aside(browser_login::suspend),
            None => browser_login::suspend(),
        });
    }
}

fn locked(busy: &SharedBusy) -> MutexGuard<'_, Option<Busy>> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

fn event(input: Input) -> Event {
    match input {
        Input::Line(line) => Event::Line(line),
        Input::End => Event::EndOfInput,
    }
}

fn trimmed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(keyboard::trimmed(text).to_owned())
}
