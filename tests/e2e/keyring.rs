//! gnome-keyring on a session bus of its own, without a desktop: unlocked, locked or stalled; or a bus with nobody on it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use crate::world::World;

/// How long the keyring may take to come up.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often the bus is asked whether the keyring is there: it has no way to tell by itself that a script could wait for.
const PAUSE: Duration = Duration::from_millis(50);

/// Without the folders of service files, so that nothing starts by itself: what is there, a test put there.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"#;

/// A session bus, which ends when it is dropped.
pub(crate) struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    /// Starts one that the world's programs find.
    pub(crate) fn start(world: &mut World) -> Bus {
        let folder = world.runtime_folder();
        let configuration = folder.join("bus.conf");
        let socket = folder.join("session-bus");
        fs::write(&configuration, BUS.replace("SOCKET", &socket.display().to_string())).expect("write bus.conf");
        let mut daemon = world
            .command("dbus-daemon")
            .arg(format!("--config-file={}", configuration.display()))
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start dbus-daemon; tests/setup.sh installs it");
        let mut address = String::new();
        let stdout = daemon.stdout.take().expect("its stdout");
        BufReader::new(stdout).read_line(&mut address).expect("the bus's address");
        let address = address.trim_end().to_owned();
        world.set_session_bus(&address);
        Bus { daemon, address }
    }

    /// Calls a method, with arguments as `dbus-send` writes them, and returns the answer.
    fn call(&self, world: &World, destination: &str, object: &str, method: &str, arguments: &[&str]) -> String {
        let mut command = world.command("dbus-send");
        command.arg(format!("--bus={}", self.address)).arg(format!("--dest={destination}"));
        output_of(command.args(["--print-reply=literal", object, method]).args(arguments))
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        end(&mut self.daemon);
    }
}

/// gnome-keyring with an unlocked default collection; it and its bus end when it is dropped.
pub(crate) struct Keyring {
    daemon: Child,
    bus: Bus,
}

impl Keyring {
    /// Starts one that the world's programs find.
    pub(crate) fn start(world: &mut World) -> Keyring {
        let bus = Bus::start(world);
        let mut daemon = world
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start gnome-keyring-daemon; tests/setup.sh installs it");
        // Its end is the end of the password, with which the daemon makes the default collection.
        daemon.stdin.take().expect("its stdin").write_all(b"password").expect("give the password");
        let keyring = Keyring { daemon, bus };
        let deadline = Instant::now() + PATIENCE;
        while !keyring.has_come(world) {
            assert!(Instant::now() < deadline, "gnome-keyring did not come up in time");
            thread::sleep(PAUSE);
        }
        keyring
    }

    fn has_come(&self, world: &World) -> bool {
        let bus = "org.freedesktop.DBus";
        let name = "string:org.freedesktop.secrets";
        self.bus.call(world, bus, "/", "org.freedesktop.DBus.NameHasOwner", &[name]).contains("true")
    }

    /// Locks the default collection. Nobody is there to be asked for its password.
    pub(crate) fn lock(&self, world: &World) {
        let secrets = "org.freedesktop.secrets";
        let collection = "array:objpath:/org/freedesktop/secrets/collection/login";
        let locked = self.bus.call(
            world,
            secrets,
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.Lock",
            &[collection],
        );
        assert!(locked.contains("/collection/login"), "not locked: {locked}");
    }

    /// Stops the daemon where it is: it keeps its name on the bus and answers nothing.
    pub(crate) fn stall(&self) {
        signal::kill(pid(&self.daemon), Signal::SIGSTOP).expect("stop the daemon");
    }

    /// What the desktop's own tool says of our entry for this user name: `secret-tool COMMAND service quay-auth username …`.
    pub(crate) fn secret_tool(&self, world: &World, command: &str, username: &str) -> String {
        output_of(world.command("secret-tool").args([command, "service", "quay-auth", "username", username]))
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        end(&mut self.daemon);
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("a process id"))
}

/// Ends a daemon, a stopped one too.
fn end(daemon: &mut Child) {
    let _ = daemon.kill();
    let _ = daemon.wait();
}

/// What a command that succeeds says, on both outputs: secret-tool writes attributes to stderr.
fn output_of(command: &mut Command) -> String {
    let output = command.output().expect("run it; tests/setup.sh installs it");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}
