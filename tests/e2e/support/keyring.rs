//! gnome-keyring on a session bus of its own, without a desktop: unlocked, locked or stalled. Or a session bus without a keyring.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use crate::support::screen::Screen;
use crate::support::world::World;

/// How long the keyring may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// The password of gnome-keyring's default collection.
const PASSWORD: &str = "password";

/// The title of the dialog that asks for it.
const UNLOCK: &str = "Unlock Login Keyring";

/// How often the test asks the bus for the state of the keyring. The bus announces no event for it.
const PAUSE: Duration = Duration::from_millis(50);

/// Without folders of service files, so that the bus starts no programs.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"#;

/// A session bus. It is stopped on drop.
pub(crate) struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    /// Starts a session bus that programs in this world find.
    pub(crate) fn start(world: &mut World) -> Bus {
        let folder = world.runtime_folder();
        let configuration = folder.join("bus.conf");
        let socket = folder.join("bus");
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

    /// Calls a method, with arguments as `dbus-send` writes them, and returns the reply.
    pub(crate) fn call(
        &self,
        world: &World,
        destination: &str,
        object: &str,
        method: &str,
        arguments: &[&str],
    ) -> String {
        let reply = self.try_call(world, destination, object, method, arguments);
        reply.unwrap_or_else(|| panic!("{method} failed"))
    }

    /// The same; `None` if the reply is an error.
    pub(crate) fn try_call(
        &self,
        world: &World,
        destination: &str,
        object: &str,
        method: &str,
        arguments: &[&str],
    ) -> Option<String> {
        let mut command = world.command("dbus-send");
        command.arg(format!("--bus={}", self.address)).arg(format!("--dest={destination}"));
        let output = command.args(["--print-reply=literal", object, method]).args(arguments).output();
        let output = output.expect("run dbus-send; tests/setup.sh installs it");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The calls that programs send to the keyring while `act` runs: interface and method, a line each.
    pub(crate) fn calls_during(&self, world: &World, act: impl FnOnce()) -> Vec<String> {
        let mut monitor = world
            .command("dbus-monitor")
            .args(["--address", &self.address, "destination=org.freedesktop.secrets"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("start dbus-monitor; tests/setup.sh installs it");
        let mut lines =
            BufReader::new(monitor.stdout.take().expect("its stdout")).lines().map(|line| line.expect("text"));
        // From here on it is a monitor.
        assert!(lines.any(|line| line.contains("member=NameLost")), "dbus-monitor has ended");
        act();
        self.call(world, "org.freedesktop.secrets", "/", "org.freedesktop.DBus.Peer.Ping", &[]);
        let calls = lines.filter(|line| line.starts_with("method call"));
        let method = |call: String| call.split_once("interface=").expect("an interface").1.replace("; member=", ".");
        let calls = calls.map(method).take_while(|call| !call.ends_with(".Ping")).collect();
        end(&mut monitor);
        calls
    }

    /// Whether a program offers the Secret Service.
    pub(crate) fn has_secret_service(&self, world: &World) -> bool {
        self.has_name(world, "org.freedesktop.secrets")
    }

    /// Whether a program has this name.
    fn has_name(&self, world: &World, name: &str) -> bool {
        let name = format!("string:{name}");
        self.call(world, "org.freedesktop.DBus", "/", "org.freedesktop.DBus.NameHasOwner", &[&name]).contains("true")
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        end(&mut self.daemon);
    }
}

/// A screen on which gnome-keyring shows its dialogs, and the program that shows them. Both are stopped on drop.
pub(crate) struct Dialogs {
    prompter: Child,
    pub(crate) screen: Screen,
}

impl Dialogs {
    /// Starts it for this keyring, which has no dialogs otherwise.
    pub(crate) fn start(world: &World, keyring: &Keyring) -> Dialogs {
        let screen = Screen::start(world);
        let prompter = screen
            .command(world, "/usr/libexec/gcr-prompter")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start gcr-prompter; tests/setup.sh installs it");
        let name = "org.gnome.keyring.SystemPrompter";
        wait_until("gcr-prompter has started", || keyring.bus.has_name(world, name));
        Dialogs { prompter, screen }
    }

    /// Waits for the dialog that asks for the password, and types it.
    pub(crate) fn unlock(&self, world: &World) {
        self.screen.type_text(world, UNLOCK, PASSWORD);
    }

    /// Waits for that dialog, and cancels it.
    pub(crate) fn cancel(&self, world: &World) {
        self.screen.press(world, UNLOCK, &["Escape"]);
    }

    /// Waits until that dialog is closed.
    pub(crate) fn wait_until_closed(&self, world: &World) {
        wait_until("the dialog is closed", || !self.screen.has_window(world, UNLOCK));
    }
}

impl Drop for Dialogs {
    fn drop(&mut self) {
        end(&mut self.prompter);
    }
}

/// gnome-keyring with an unlocked default collection. It and its bus are stopped on drop.
pub(crate) struct Keyring {
    daemon: Child,
    bus: Bus,
}

impl Keyring {
    /// Starts a keyring that programs in this world find.
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
        // The daemon reads the password until the pipe is closed, and then creates the default collection with it.
        daemon.stdin.take().expect("its stdin").write_all(PASSWORD.as_bytes()).expect("give the password");
        let keyring = Keyring { daemon, bus };
        wait_until("gnome-keyring has started", || keyring.bus.has_secret_service(world));
        keyring
    }

    /// The bus on which it is.
    pub(crate) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Locks the default collection. Without a desktop, no dialog can ask for its password.
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

    /// Makes the collection `session` the default one. It ends with the session.
    pub(crate) fn make_session_collection_default(&self, world: &World) {
        let secrets = "org.freedesktop.secrets";
        let arguments = ["string:default", "objpath:/org/freedesktop/secrets/collection/session"];
        self.bus.call(
            world,
            secrets,
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service.SetAlias",
            &arguments,
        );
    }

    /// Stores a secret with another tool, in the entry of `quay-auth` with these attributes.
    pub(crate) fn store(&self, world: &World, attributes: &[(&str, &str)], secret: &str) {
        let mut command = world.command("secret-tool");
        command.args(["store", "--label=another tool", "service", "quay-auth"]);
        command.args(attributes.iter().flat_map(|(name, value)| [name, value]));
        let mut child = command.stdin(Stdio::piped()).spawn().expect("start secret-tool");
        child.stdin.take().expect("its stdin").write_all(secret.as_bytes()).expect("give the secret");
        assert!(child.wait().expect("its end").success());
    }

    /// Every entry of quay-auth for this user name, with its secret, in all collections. Empty if there is none.
    pub(crate) fn secret_tool_all(&self, world: &World, username: &str) -> String {
        let arguments = ["search", "--all", "service", "quay-auth", "username", username];
        let output = world.command("secret-tool").args(arguments).output().expect("run secret-tool");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Stops the process of the daemon: it keeps its name on the bus but does not respond.
    pub(crate) fn stall(&self) {
        signal::kill(pid(&self.daemon), Signal::SIGSTOP).expect("stop the daemon");
    }

    /// Runs `secret-tool COMMAND service quay-auth username …`, a tool of the desktop, and returns its output.
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

/// Waits until a keyring is in that state, which its bus does not announce.
pub(crate) fn wait_until(state: &str, is_reached: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_reached() {
        assert!(Instant::now() < deadline, "not in time: {state}");
        thread::sleep(PAUSE);
    }
}

/// Ends a daemon, even if its process is stopped.
pub(crate) fn end(daemon: &mut Child) {
    let _ = daemon.kill();
    let _ = daemon.wait();
}

/// Both outputs of a command, which must succeed. secret-tool writes attributes to stderr.
fn output_of(command: &mut Command) -> String {
    let output = command.output().expect("run it; tests/setup.sh installs it");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}
