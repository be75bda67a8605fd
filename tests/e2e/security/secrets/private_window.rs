//! `login --private` with real browsers on a screen: what they then have on the disk.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::browsers::contains;
use crate::login::private::{login, program};
use crate::support::keyring::{Bus, wait_until};
use crate::support::pty::Terminal;
use crate::support::screen::Screen;
use crate::support::world::World;

/// A browser, as a script of that name that starts it with a profile of its own.
struct Browser {
    name: &'static str,
    /// What the titles of its windows contain.
    title: &'static str,
    command: &'static str,
}

const CHROMIUM: Browser = Browser {
    name: "chromium",
    title: "Chromium",
    command: "chromium --no-sandbox --disable-dev-shm-usage --disable-gpu --no-first-run --password-store=basic \
              --disable-background-networking --user-data-dir=\"$FOLDER/profile\"",
};

const FIREFOX: Browser =
    Browser { name: "firefox", title: "Firefox", command: "firefox-esr -profile \"$FOLDER/profile\"" };

/// Keep Firefox from asking anything when it starts for the first time.
const PREFERENCES: [&str; 4] = [
    "datareporting.policy.dataSubmissionEnabled",
    "browser.aboutwelcome.enabled",
    "browser.shell.checkDefaultBrowser",
    "app.normandy.enabled",
];

/// A browser after a complete login. It is stopped on drop.
struct AfterLogin {
    /// The folder of the script, with the browser's profile.
    folder: PathBuf,
    token: String,
    screen: Screen,
    _bus: Bus,
    world: World,
}

impl Browser {
    /// Logs in with this browser. Quay asks nothing, because alice has authorized the application before.
    fn log_in(&self, is_private: bool) -> AfterLogin {
        let mut world = World::new();
        // By which a second Firefox finds the first one.
        let bus = Bus::start(&mut world);
        let screen = Screen::start(&world);
        let script = program(&world, self.name, &format!("echo $$ >> \"$FOLDER/ids\"\nexec {} \"$@\"", self.command));
        let folder = script.parent().unwrap().to_owned();
        fs::create_dir(folder.join("profile")).unwrap();
        let preferences = PREFERENCES.map(|name| format!("user_pref(\"{name}\", false);\n"));
        fs::write(folder.join("profile/user.js"), preferences.concat()).unwrap();
        world.create_token("alice", "repo:read,user:read");
        let script = script.display().to_string();
        let private: &[&str] = if is_private { &["--private"] } else { &[] };
        let mut command = login(&world, &[&["--browser", &script], private].concat());
        command.envs(screen.command(&world, "true").get_envs().filter_map(|(name, value)| Some((name, value?))));
        // A private window is not signed in.
        world.quay.set_everyone_is(Some("alice").filter(|_| !is_private));
        // Stops the browser if anything fails.
        let mut after = AfterLogin { folder, token: String::new(), screen, _bus: bus, world };
        let world = &after.world;
        let mut terminal = Terminal::run(&command);
        if is_private {
            terminal.shows("Sign in to Quay in the private window, then press Enter.");
            let is_requested = |method: &str, path: &str| {
                world.quay.requests().iter().any(|request| request.method == method && request.path == path)
            };
            // The last thing that the page needs.
            wait_until("the sign-in page", || is_requested("GET", "/favicon.ico"));
            let keys = ["Tab", "a", "l", "i", "c", "e", "Tab", "p", "a", "s", "s", "w", "o", "r", "d", "Return"];
            after.screen.press(world, self.title, &keys);
            wait_until("the sign-in", || is_requested("POST", "/signin"));
            terminal.enters("");
        }
        terminal.shows("Logged in to");
        after.token = world.quay.tokens().pop().unwrap().value;
        terminal.ends(0);
        after
    }
}

impl AfterLogin {
    /// Whether the browser's files contain the URL with the token.
    fn stores_the_url(&self) -> bool {
        [&*self.token, "/callback/"].iter().any(|text| contains(&self.folder.join("profile"), text))
    }

    /// Quits the browser, which then writes what it has not written yet.
    fn quit(&self) {
        for id in self.processes() {
            let _ = kill(id, Signal::SIGTERM);
            let program = format!("/proc/{id}/exe");
            wait_until("the end of the browser", || fs::read_link(&program).is_err());
        }
    }

    fn processes(&self) -> Vec<Pid> {
        let ids = fs::read_to_string(self.folder.join("ids")).unwrap_or_default();
        ids.lines().map(|id| Pid::from_raw(id.parse().unwrap())).collect()
    }
}

impl Drop for AfterLogin {
    fn drop(&mut self) {
        for id in self.processes() {
            // Most have ended.
            let _ = kill(id, Signal::SIGKILL);
        }
    }
}

#[test]
fn chromium_writes_no_history_in_a_private_login() {
    writes_history_only_without_private(&CHROMIUM);
}

#[test]
fn firefox_writes_no_history_in_a_private_login() {
    writes_history_only_without_private(&FIREFOX);
}

fn writes_history_only_without_private(browser: &Browser) {
    let after = browser.log_in(false);
    wait_until("the history", || after.stores_the_url());
    drop(after);
    let after = browser.log_in(true);
    after.quit();
    assert!(!after.stores_the_url());
}
