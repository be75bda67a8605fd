//! What the program waits for: a spinner on the last line of stderr, or lines where nothing may be animated.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::escaped;
use super::messages::print_message;
use super::spinner::Spinner;
use crate::system::is_in_foreground;

/// How often a line says that the program still waits, if nothing may be animated.
const LINE_INTERVAL: Duration = Duration::from_secs(30);

/// What the program waits for now, if for anything. Several threads print messages meanwhile.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<Option<Wait>>>);

/// Something that the program waits for.
pub(super) struct Wait {
    what: String,
    deadline: Option<Instant>,
    display: Display,
}

/// How a wait is shown, in the foreground. In the background the last line is the shell's.
enum Display {
    /// A spinner, unless this is a background job.
    Spinner(Option<Spinner>),
    /// A line, and the next one at this time.
    Lines(Instant),
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Option<Wait>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn start(&self, mut wait: Wait) {
        self.stop();
        wait.show();
        *self.lock() = Some(wait);
    }

    pub(super) fn stop(&self) {
        if let Some(mut wait) = self.lock().take() {
            wait.hide();
        }
    }

    /// Updates the time that is left. To be called about once a second.
    pub(super) fn tick(&self) {
        if let Some(wait) = &mut *self.lock() {
            wait.show();
        }
    }

    /// Writes a line to stderr, above the spinner. `start` may have colours.
    pub(super) fn write_above(&self, start: &str, text: &str) {
        let print = || print_message(start, text);
        match &*self.lock() {
            Some(Wait { display: Display::Spinner(Some(spinner)), .. }) => spinner.print_above(print),
            _ => print(),
        }
    }

    /// Does something that uses the terminal, without a spinner on it. Afterwards the process may be in the background.
    pub(super) fn set_aside(&self, action: impl FnOnce()) {
        let mut wait = self.lock();
        wait.iter_mut().for_each(Wait::hide);
        action();
        wait.iter_mut().for_each(Wait::show);
    }
}

impl Wait {
    pub(super) fn new(what: &str, deadline: Option<Instant>, is_animated: bool) -> Self {
        let display = if is_animated { Display::Spinner(None) } else { Display::Lines(Instant::now()) };
        Wait { what: escaped(what).to_string(), deadline, display }
    }

    /// One line for the whole wait.
    pub(super) fn line(&self) -> String {
        format!("{}.", self.text())
    }

    fn text(&self) -> String {
        format!("{}{}", self.what, self.time_left())
    }

    fn time_left(&self) -> String {
        let Some(deadline) = self.deadline else { return String::new() };
        // Rounded, so that the first line has the whole time.
        let left = (deadline.saturating_duration_since(Instant::now()) + Duration::from_millis(500)).as_secs();
        format!(" ({}:{:02} left)", left / 60, left % 60)
    }

    fn show(&mut self) {
        if !is_in_foreground(io::stderr()) {
            return self.hide();
        }
        let text = self.text();
        match &mut self.display {
            Display::Spinner(spinner) => spinner.get_or_insert_with(Spinner::start).set_text(text),
            Display::Lines(next) if Instant::now() >= *next => {
                print_message("", &format!("{text}."));
                *next = Instant::now() + LINE_INTERVAL;
            }
            Display::Lines(_) => {}
        }
    }

    fn hide(&mut self) {
        if let Display::Spinner(spinner) = &mut self.display {
            *spinner = None;
        }
    }
}
