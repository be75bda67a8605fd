//! A real browser without a screen, driven by its driver: what a person sees and clicks. Its profile is its own and ends with it.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::future::Future;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::world::{PATIENCE, deal_port};

/// How many run at a time: more would only slow each other down.
const SEATS: usize = 2;

/// Which browser, and what is special about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Chromium, as most tests have it.
    Chromium,
    /// Chromium on a system that is set to dark.
    DarkChromium,
    /// Chromium with JavaScript off.
    ScriptlessChromium,
    /// Chromium with windows of which nothing is to stay.
    PrivateChromium,
    /// Chromium that takes the server at this port of `127.0.0.1` for one on the internet.
    ChromiumWithPublic(u16),
    /// Firefox.
    Firefox,
    /// Firefox with such windows.
    PrivateFirefox,
    /// WebKit's own small browser, at a screen that nobody sees.
    WebKit,
}

impl Engine {
    /// What its driver is asked for; `profile` is a folder of its own.
    fn capabilities(self, profile: &str) -> Value {
        let chromium = |flag: Option<&str>, prefs: Value| {
            let own = format!("--user-data-dir={profile}");
            let flags: Vec<&str> = FLAGS.into_iter().chain([own.as_str()]).chain(flag).collect();
            json!({"goog:chromeOptions": {"args": flags, "prefs": prefs}})
        };
        let firefox =
            |prefs: Value| json!({"moz:firefoxOptions": {"args": ["-headless", "-profile", profile], "prefs": prefs}});
        match self {
            Engine::Chromium => chromium(None, json!({})),
            Engine::DarkChromium => chromium(Some("--blink-settings=preferredColorScheme=0"), json!({})),
            Engine::PrivateChromium => chromium(Some("--incognito"), json!({})),
            Engine::ChromiumWithPublic(port) => {
                chromium(Some(&format!("--ip-address-space-overrides=127.0.0.1:{port}=public")), json!({}))
            }
            Engine::ScriptlessChromium => {
                chromium(None, json!({"profile.managed_default_content_settings.javascript": 2}))
            }
            Engine::Firefox => firefox(json!({})),
            Engine::PrivateFirefox => firefox(json!({"browser.privatebrowsing.autostart": true})),
            Engine::WebKit => {
                let browser = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";
                json!({"webkitgtk:browserOptions": {"binary": browser, "args": ["--automation"]}})
            }
        }
    }

    /// Its driver, which listens on that port.
    fn driver(self, port: u16) -> Command {
        let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/bin/geckodriver");
        let (program, flag) = match self {
            Engine::Firefox | Engine::PrivateFirefox => (tools, format!("--port={port}")),
            Engine::WebKit => ("xvfb-run", format!("--port={port}")),
            _ => ("chromedriver", format!("--port={port}")),
        };
        let mut command = Command::new(program);
        if self == Engine::WebKit {
            command.args(["--auto-servernum", "WebKitWebDriver"]);
        }
        command.arg(flag);
        command
    }
}

/// No sandbox, since it does not work for root, nor in most containers; no shared memory, which is small there; and nothing that
/// talks to the network by itself.
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
];

/// One of the few browsers that may run at a time.
struct Seat;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

impl Seat {
    fn take() -> Seat {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        *FREED.wait_while(taken, |taken| *taken >= SEATS).unwrap_or_else(PoisonError::into_inner) += 1;
        Seat
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FREED.notify_one();
    }
}

/// A browser with one tab; ends when it is dropped.
pub(crate) struct Browser {
    runtime: Runtime,
    client: Client,
    // In the order in which they end.
    _driver: Driver,
    folder: Arc<TempDir>,
    _seat: Seat,
}

impl Browser {
    /// Starts a Chromium that has never been anywhere.
    pub(crate) fn start() -> Browser {
        Browser::start_as(Engine::Chromium)
    }

    /// Starts such a browser.
    pub(crate) fn start_as(engine: Engine) -> Browser {
        let seat = Seat::take();
        let folder = Arc::new(tempfile::Builder::new().prefix("browser-").tempdir().expect("a folder"));
        let driver = Driver::start(engine, &folder);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let profile = folder.path().join("profile");
        fs::create_dir(&profile).expect("a folder for the profile");
        let profile = profile.display().to_string();
        let Value::Object(capabilities) = engine.capabilities(&profile) else { unreachable!() };
        let connect = async {
            let address = format!("http://127.0.0.1:{}", driver.port);
            ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&address).await
        };
        let client = runtime.block_on(connect).expect("start the browser; tests/setup.sh installs it");
        Browser { runtime, client, _driver: driver, folder, _seat: seat }
    }

    /// All that it keeps; stays as long as either is there.
    pub(crate) fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    fn wait<T>(&self, what: &str, step: impl Future<Output = Result<T, CmdError>>) -> T {
        match self.runtime.block_on(async { tokio::time::timeout(PATIENCE, step).await }) {
            Ok(result) => result.unwrap_or_else(|error| panic!("{what}: {error}")),
            Err(_) => panic!("{what}: not in time"),
        }
    }

    /// Opens an address in the tab.
    pub(crate) fn goto(&self, url: &str) {
        self.wait(url, self.client.goto(url));
    }

    /// What the address bar shows.
    pub(crate) fn url(&self) -> String {
        self.wait("the address", self.client.current_url()).into()
    }

    /// Goes back.
    pub(crate) fn back(&self) {
        self.wait("back", self.client.back());
    }

    /// Reloads the page.
    pub(crate) fn refresh(&self) {
        self.wait("reload", self.client.refresh());
    }

    /// Opens a tab and goes on there; `tab` leads back.
    pub(crate) fn new_tab(&self) {
        let tab = self.wait("a new tab", self.client.new_window(true));
        self.wait("a new tab", self.client.switch_to_window(tab.handle));
    }

    /// Goes on in another tab; 0 is the first.
    pub(crate) fn tab(&self, index: usize) {
        let mut tabs = self.wait("the tabs", self.client.windows());
        self.wait("a tab", self.client.switch_to_window(tabs.swap_remove(index)));
    }

    /// Clicks the button with these words; of several that can be seen the last, which lies on top.
    pub(crate) fn press(&self, words: &str) {
        let path = format!("//button[normalize-space()='{words}']");
        self.wait(words, async {
            let mut seen = None;
            for button in self.client.find_all(Locator::XPath(&path)).await? {
                if button.is_displayed().await? {
                    seen = Some(button);
                }
            }
            seen.unwrap_or_else(|| panic!("no button says {words:?}")).click().await
        });
    }

    /// What can be read in the first element of this kind.
    pub(crate) fn text(&self, selector: &str) -> String {
        self.wait(selector, async { self.client.find(Locator::Css(selector)).await?.text().await })
    }

    /// What a script returns.
    pub(crate) fn execute(&self, script: &str) -> Value {
        self.wait(script, self.client.execute(script, Vec::new()))
    }

    /// What a script hands to the function that is its last argument.
    pub(crate) fn execute_async(&self, script: &str) -> Value {
        self.wait("a script", self.client.execute_async(script, Vec::new()))
    }

    /// Makes the window that large, in pixels.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        self.wait("a size", self.client.set_window_size(width, height));
    }

    /// A picture of the window, as PNG.
    pub(crate) fn picture(&self) -> Vec<u8> {
        self.wait("a picture", self.client.screenshot())
    }

    /// Waits until our page shows this outcome.
    pub(crate) fn shows(&self, outcome: &str) {
        let selector = format!("html[data-outcome={outcome}]");
        let wait = self.client.wait().at_most(PATIENCE).every(Duration::from_millis(20));
        let shown = self.runtime.block_on(wait.for_element(Locator::Css(&selector)));
        assert!(shown.is_ok(), "no {outcome} at {}: {}", self.url(), self.text("body"));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Lets Chromium end in order; if it does not, its driver's end is its end.
        let _ = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, self.client.clone().close()).await });
    }
}

/// A browser's driver, in a process group of its own, which all that it starts belongs to.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start(engine: Engine, folder: &TempDir) -> Driver {
        // Not every driver chooses a port and tells it.
        let port = deal_port();
        let mut command = engine.driver(port);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", folder.path()).env("TMPDIR", folder.path()).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let process =
            command.spawn().unwrap_or_else(|error| panic!("{command:?}; tests/setup.sh installs it: {error}"));
        let driver = Driver { process, port };
        let give_up = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < give_up, "{command:?} does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        driver
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Ok(id) = i32::try_from(self.process.id()) {
            let _ = signal::killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.process.wait();
    }
}
