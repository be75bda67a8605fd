//! A screen without a monitor, and a person who answers the dialogs on it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::support::keyring::wait_until;
use crate::support::world::{PATIENCE, World};

/// An X server. It is stopped on drop.
pub(crate) struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    pub(crate) fn start(world: &World) -> Screen {
        let mut server = world
            .command("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset", "-screen", "0", "1280x1024x24"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start Xvfb; tests/setup.sh installs it");
        let mut number = String::new();
        BufReader::new(server.stdout.take().expect("its stdout")).read_line(&mut number).expect("its display");
        Screen { server, display: format!(":{}", number.trim()) }
    }

    /// A program that shows its windows on this screen.
    pub(crate) fn command(&self, world: &World, program: &str) -> Command {
        let mut command = world.command(program);
        command.env("DISPLAY", &self.display);
        command
    }

    /// Waits for a window with this title, types this text into it, and presses Enter.
    pub(crate) fn type_text(&self, world: &World, title: &str, text: &str) {
        let window = self.window(world, title);
        self.xdotool(world, &["windowfocus", "--sync", &window, "type", "--clearmodifiers", text]);
        self.xdotool(world, &["key", "--clearmodifiers", "Return"]);
    }

    /// Waits for a window with this title, and presses these keys in it, as `xdotool key` names them.
    pub(crate) fn press(&self, world: &World, title: &str, keys: &[&str]) {
        let window = self.window(world, title);
        // There is no window manager, so the window must get the focus explicitly.
        self.xdotool(world, &[&["windowfocus", "--sync", &window, "key", "--clearmodifiers"], keys].concat());
    }

    /// Waits for a window with this title. Returns its number.
    fn window(&self, world: &World, title: &str) -> String {
        wait_until(title, || self.has_window(world, title));
        self.find(world, title).lines().last().expect("a window").to_owned()
    }

    /// Whether there is a window with this title now.
    pub(crate) fn has_window(&self, world: &World, title: &str) -> bool {
        !self.find(world, title).is_empty()
    }

    /// The numbers of all windows with this title. A window that closes meanwhile may hide the others.
    fn find(&self, world: &World, title: &str) -> String {
        let output = self.command(world, "xdotool").args(["search", "--onlyvisible", "--name", title]).output();
        String::from_utf8(output.expect("run xdotool; tests/setup.sh installs it").stdout).expect("text")
    }

    fn xdotool(&self, world: &World, arguments: &[&str]) -> String {
        let mut command = self.command(world, "timeout");
        command.arg(PATIENCE.as_secs().to_string()).arg("xdotool").args(arguments);
        let output = command.output().expect("run xdotool; tests/setup.sh installs it");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
