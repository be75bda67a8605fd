//! Everything that can happen during a login on one channel, and the person at the terminal as a part of it.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::error::{Error, Exit};
use crate::keyboard::{self, Echo, Input, Keyboard};
use crate::login::Event;
use crate::terminal::Terminal;

/// How often the terminal is looked after while nothing happens.
const TICK: Duration = Duration::from_secs(1);

/// The channel of one login. While it lives, signals are events; dropped, the terminal is as it was before.
pub(super) struct Conversation {
    /// What happens goes in here.
    events: Sender<Event>,
    /// And comes out here.
    happened: Receiver<Event>,
    /// While something may be typed.
    keyboard: Option<Keyboard>,
    /// Ctrl-C, `kill`, the closed terminal, Ctrl-Z.
    _signals: crate::login::Signals,
}

impl Conversation {
    /// Begins one.
    pub(super) fn begin() -> Result<Self, Error> {
        let (events, happened) = mpsc::channel();
        Ok(Conversation {
            _signals: crate::login::Signals::listen(events.clone())
                .map_err(|error| Error::new(Exit::Failure, "cannot listen for signals").caused_by(error))?,
            events,
            happened,
            keyboard: None,
        })
    }

    /// The way in for what else can happen.
    pub(super) fn events(&self) -> Sender<Event> {
        self.events.clone()
    }

    /// Lets the person type; whether that is possible here.
    pub(super) fn listen(&mut self, echo: Echo) -> bool {
        let events = self.events();
        self.keyboard = None;
        let typed = move |input| drop(events.send(event(input)));
        self.keyboard = Keyboard::listen(echo, typed).ok();
        self.keyboard.is_some()
    }

    /// Lets the person type no longer.
    pub(super) fn stop_listening(&mut self) {
        self.keyboard = None;
    }

    /// The next thing that happens before `until`; `None` when that moment has come. `None` for `until` waits for ever.
    pub(super) fn next(&mut self, until: Option<Instant>, terminal: &mut Terminal) -> Option<Event> {
        loop {
            let left = until.map_or(TICK, |until| until.saturating_duration_since(Instant::now()).min(TICK));
            match self.happened.recv_timeout(left) {
                Ok(Event::Suspended) => self.suspend(terminal),
                Ok(event) => return Some(event),
                Err(RecvTimeoutError::Timeout) if until.is_some_and(|until| Instant::now() >= until) => return None,
                Err(_) => {
                    terminal.tick();
                    // After `bg` and `fg` the shell has left its own modes.
                    self.keyboard.iter().for_each(Keyboard::apply);
                }
            }
        }
    }

    /// What has happened and was not looked at yet.
    pub(super) fn happened_already(&self) -> Option<Event> {
        self.happened.try_recv().ok()
    }

    /// Asks the person something; `None` when nothing more can be typed. A signal ends it with its error.
    pub(super) fn ask(
        &mut self,
        question: &str,
        echo: Echo,
        terminal: &mut Terminal,
    ) -> Result<Option<Zeroizing<String>>, Error> {
        // Before the question is seen, so that no eager paste is echoed.
        let can_type = self.listen(echo);
        terminal.question(question);
        if !can_type {
            return Err(Error::new(Exit::Usage, "nothing can be read from this terminal").hint("use a pipe instead"));
        }
        let answer = self.answer(terminal);
        self.stop_listening();
        let is_line_left_open = echo == Echo::Hidden || !matches!(answer, Ok(Some(_)));
        if is_line_left_open {
            terminal.must_say("");
        }
        answer
    }

    /// Waits for what is typed.
    fn answer(&mut self, terminal: &mut Terminal) -> Result<Option<Zeroizing<String>>, Error> {
        loop {
            match self.next(None, terminal) {
                Some(Event::Typed(line)) => return Ok(Some(line)),
                Some(Event::InputEnded) => return Ok(None),
                Some(Event::Signalled(signal)) => return Err(Error::signalled(signal)),
                // What else happens now is too late for this login: a page that hands over once more asks again and finds nobody.
                _ => {}
            }
        }
    }

    /// Reads one answer: from a terminal by the question, unechoed, else all of stdin. `None` when nothing came.
    pub(super) fn read_secret(
        &mut self,
        question: &str,
        terminal: &mut Terminal,
    ) -> Result<Option<Zeroizing<String>>, Error> {
        if terminal.is_interactive() {
            return self.ask(question, Echo::Hidden, terminal);
        }
        let events = self.events();
        thread::spawn(move || {
            let input = keyboard::read_all().map_or(Input::End, Input::Line);
            let _ = events.send(event(input));
        });
        self.answer(terminal)
    }

    /// Asks a yes-or-no question. Enter alone is `usual`; anything else but `y` or `yes` is no.
    pub(super) fn confirm(&mut self, question: &str, usual: bool, terminal: &mut Terminal) -> Result<bool, Error> {
        let choices = if usual { "[Y/n]" } else { "[y/N]" };
        let answer = self.ask(&format!("{question} {choices}"), Echo::Shown, terminal)?;
        Ok(match answer.map(|answer| answer.to_lowercase()).as_deref() {
            Some("y" | "yes") => true,
            Some("") => usual,
            _ => false,
        })
    }

    /// Ctrl-Z: gives the terminal back, stops, and takes up where it was.
    fn suspend(&self, terminal: &mut Terminal) {
        self.keyboard.iter().for_each(Keyboard::restore);
        terminal.set_aside(crate::login::suspend);
        self.keyboard.iter().for_each(Keyboard::apply);
    }
}

/// What was typed, as an event.
fn event(input: Input) -> Event {
    match input {
        Input::Line(line) => Event::Typed(Zeroizing::new(keyboard::trimmed(&line).to_owned())),
        Input::End => Event::InputEnded,
    }
}
