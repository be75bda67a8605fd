//! The program at a real pseudo-terminal: typing, reading the screen, checking the modes of the terminal.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use portable_pty_nix::sys::termios::LocalFlags;

use crate::support::suggestions::{self, Started};
use crate::support::world::{PATIENCE, World};

/// All text that was printed on the terminal, and a condition variable that signals more.
type Screen = Arc<(Mutex<String>, Condvar)>;

/// A program at a terminal of its own. It is killed on drop.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    started: Started,
    screen: Screen,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts `quay-auth` with these arguments, in this world.
    pub(crate) fn start(world: &World, arguments: &[&str]) -> Terminal {
        let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
        command.args(arguments);
        Terminal::run(&command)
    }

    /// Starts `quay-auth login` at this world's stand-in, with `--store file` and `--no-browser`.
    pub(crate) fn log_in(world: &World, more: &[&str]) -> Terminal {
        let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
        command.args(world.login_arguments(more));
        Terminal::run(&command)
    }

    /// Starts a program with the environment and arguments of this command.
    pub(crate) fn run(command: &Command) -> Terminal {
        // Wide, so that no line is broken.
        Terminal::run_in(command, 2000)
    }

    /// Starts a program at a terminal with that many columns.
    pub(crate) fn run_in(command: &Command, cols: u16) -> Terminal {
        let size = PtySize { rows: 50, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut builder = CommandBuilder::new(command.get_program());
        builder.args(command.get_args());
        builder.env_clear();
        builder.env("TERM", "xterm");
        for (name, value) in command.get_envs() {
            builder.env(name, value.expect("a variable that is set"));
        }
        builder.cwd(command.get_current_dir().expect("a folder"));
        let child = pair.slave.spawn_command(builder).expect("start it");
        let screen = Screen::default();
        let mut output = pair.master.try_clone_reader().expect("what it shows");
        let shown = Arc::clone(&screen);
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                *shown.0.lock().unwrap() += &String::from_utf8_lossy(&bytes[..count]);
                shown.1.notify_all();
            }
        });
        let keys = pair.master.take_writer().expect("its keyboard");
        Terminal { child, master: pair.master, keys, started: Started::by(command), screen, reader }
    }

    /// All text that was printed so far.
    pub(crate) fn screen(&self) -> String {
        self.screen.0.lock().unwrap().clone()
    }

    /// Waits until all text that was printed so far is as wanted.
    fn wait_until(&self, wanted: &str, is_wanted: impl Fn(&str) -> bool) {
        let (shown, bell) = &*self.screen;
        let is_waiting = |screen: &mut String| !is_wanted(screen);
        let (screen, timeout) = bell.wait_timeout_while(shown.lock().unwrap(), PATIENCE, is_waiting).unwrap();
        assert!(!timeout.timed_out(), "not shown in time: {wanted}, but:\n{screen}");
    }

    /// Waits until this text has been printed `count` times.
    pub(crate) fn shows_times(&self, part: &str, count: usize) {
        self.wait_until(part, |screen| screen.matches(part).count() >= count);
    }

    /// Waits until this text has been printed.
    pub(crate) fn shows(&self, part: &str) {
        self.shows_times(part, 1);
    }

    /// Types without Enter.
    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("type");
    }

    /// Types a line.
    pub(crate) fn enters(&mut self, line: &str) {
        let mut keys = line.to_owned();
        keys.push('\r');
        self.types(&keys);
    }

    /// Waits for the authorize URL.
    pub(crate) fn authorize_url(&self) -> String {
        const LAST: &str = "&realm=realm";
        let line_with_url =
            |screen: &str| screen.split_inclusive('\n').find(|line| line.contains(LAST)).map(str::to_owned);
        // The end of the line may arrive later.
        self.wait_until(LAST, |screen| line_with_url(screen).is_some_and(|line| line.ends_with('\n')));
        let line = line_with_url(&self.screen()).expect("the line");
        let (url, after) = line[line.find("http").expect("a URL")..].split_once(LAST).expect("the URL");
        // A shell may write into the same line.
        let more = after.split_whitespace().next().filter(|more| more.starts_with('&'));
        format!("{url}{LAST}{}", more.unwrap_or_default())
    }

    /// Whether the terminal echoes what is typed and edits it by lines, which is the default.
    pub(crate) fn has_default_modes(&self) -> bool {
        let modes = self.master.get_termios().expect("the terminal's modes");
        modes.local_flags.contains(LocalFlags::ECHO | LocalFlags::ICANON)
    }

    /// Waits until the terminal has its default modes (`true`), or no longer has them (`false`).
    pub(crate) fn wait_for_default_modes(&self, expected: bool) {
        let give_up = Instant::now() + PATIENCE;
        while self.has_default_modes() != expected {
            assert!(Instant::now() < give_up, "default modes: still not {expected}:\n{}", self.screen());
            thread::yield_now();
        }
    }

    /// The process ID of the program.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().expect("a process id")
    }

    /// Waits until the program ends, and expects this exit code. Returns all text that was printed.
    pub(crate) fn ends(mut self, code: u32) -> String {
        let give_up = Instant::now() + PATIENCE;
        let status = loop {
            // The last output may arrive after the program has ended.
            match self.child.try_wait().expect("its state") {
                Some(status) if self.reader.is_finished() => break status,
                _ => {}
            }
            assert!(Instant::now() < give_up, "it did not end in time:\n{}", self.screen());
            thread::sleep(Duration::from_millis(5));
        };
        assert!(self.has_default_modes(), "the modes of the terminal were not restored:\n{}", self.screen());
        let mut screen = self.screen();
        let _ = write!(screen, "\n[{status}]");
        assert_eq!(status.exit_code(), code, "{screen}");
        suggestions::check(&screen, &self.started);
        screen
    }
}

impl Drop for Terminal {
    #[expect(clippy::print_stderr, reason = "it belongs to a failure")]
    fn drop(&mut self) {
        let state = self.child.try_wait();
        if thread::panicking() {
            eprintln!("the terminal at that time; the program: {state:?}\n{}", self.screen());
        }
        // `kill` does not notice that the program has ended, and another process may have its ID by now.
        if matches!(state, Ok(None)) {
            let _ = self.child.kill();
        }
    }
}
