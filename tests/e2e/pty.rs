//! The program at a real pseudo-terminal: typed at, read from, with the terminal's own modes to look at.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::termios::LocalFlags;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::world::{PATIENCE, World};

/// What stands on the terminal so far, and a bell for whoever waits for more.
type Screen = Arc<(Mutex<String>, Condvar)>;

/// A program at a terminal of its own; killed when it is dropped.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    screen: Screen,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// `quay-auth` with these arguments, in this world's environment.
    pub(crate) fn start(world: &World, arguments: &[&str]) -> Terminal {
        let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
        command.args(arguments);
        Terminal::run(&command)
    }

    /// `quay-auth login` at this world's Quay into the file store, without a browser.
    pub(crate) fn log_in(world: &World, more: &[&str]) -> Terminal {
        let host = world.quay.host();
        let usual =
            ["login", "--host", &host, "--client-id", crate::world::CLIENT_ID, "--store", "file", "--no-browser"];
        Terminal::start(world, &[&usual[..], &["--redirect-uri", &world.redirect_uri], more].concat())
    }

    /// Any program, with the environment and arguments of this command.
    pub(crate) fn run(command: &Command) -> Terminal {
        // Wide, so that no line is broken.
        Terminal::run_in(command, 2000)
    }

    /// The same at a terminal with that many columns.
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
        Terminal { child, master: pair.master, keys, screen, reader }
    }

    /// All that was shown so far.
    pub(crate) fn screen(&self) -> String {
        self.screen.0.lock().unwrap().clone()
    }

    /// Waits until this has been shown `count` times.
    pub(crate) fn shows_times(&self, part: &str, count: usize) {
        let (shown, bell) = &*self.screen;
        let is_missing = |screen: &mut String| screen.matches(part).count() < count;
        let (screen, timeout) = bell.wait_timeout_while(shown.lock().unwrap(), PATIENCE, is_missing).unwrap();
        assert!(!timeout.timed_out(), "`{part}` was not shown in time, but:\n{screen}");
    }

    /// Waits until this is shown.
    pub(crate) fn shows(&self, part: &str) {
        self.shows_times(part, 1);
    }

    /// Types, without Enter.
    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("type");
    }

    /// Types a line.
    pub(crate) fn enters(&mut self, line: &str) {
        let mut keys = line.to_owned();
        keys.push('\r');
        self.types(&keys);
    }

    /// Waits for the authorize URL, which stands on a line of its own.
    pub(crate) fn authorize_url(&self) -> String {
        self.shows("/oauth/authorize?");
        // The rest of the line may be on its way.
        self.shows("&realm=realm");
        let screen = self.screen();
        let line = screen.lines().find(|line| line.contains("/oauth/authorize?")).expect("the line");
        line[line.find("http").expect("an address")..].trim().to_owned()
    }

    /// Whether the terminal shows what is typed and edits it by lines, as it does for a shell.
    pub(crate) fn is_as_usual(&self) -> bool {
        let modes = self.master.get_termios().expect("the terminal's modes");
        modes.local_flags.contains(LocalFlags::ECHO | LocalFlags::ICANON)
    }

    /// Waits until the terminal is as usual, or is not.
    pub(crate) fn becomes_as_usual(&self, usual: bool) {
        let give_up = Instant::now() + PATIENCE;
        while self.is_as_usual() != usual {
            assert!(Instant::now() < give_up, "echo and line editing are {usual:?} in time:\n{}", self.screen());
            thread::yield_now();
        }
    }

    /// The program's process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().expect("a process id")
    }

    /// Waits until it ends, with this code. Returns all that was shown.
    pub(crate) fn ends(mut self, code: u32) -> String {
        let give_up = Instant::now() + PATIENCE;
        let status = loop {
            // What it said last may still be on its way.
            match self.child.try_wait().expect("its state") {
                Some(status) if self.reader.is_finished() => break status,
                _ => {}
            }
            assert!(Instant::now() < give_up, "it does not end, but shows:\n{}", self.screen());
            thread::sleep(Duration::from_millis(5));
        };
        assert!(self.is_as_usual(), "the terminal is left as it was:\n{}", self.screen());
        let mut screen = self.screen();
        let _ = write!(screen, "\n[{status}]");
        assert_eq!(status.exit_code(), code, "{screen}");
        screen
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Fails on one that has ended already, which is as well.
        let _ = self.child.kill();
    }
}
