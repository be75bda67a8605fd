//! A real browser without a screen, controlled by WebDriver: what a person sees and clicks. It has a new profile, which is removed with it.
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

use crate::support::program::Running;
use crate::support::world::{PATIENCE, next_port};

/// How many browsers run at the same time. More would only slow each other down.
const MAX_BROWSERS: usize = 2;

/// A browser and its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Chromium,
    /// With a dark colour scheme.
    DarkChromium,
    /// With twice the resolution, and without checking certificates.
    ChromiumForPictures,
    /// With JavaScript off.
    ScriptlessChromium,
    /// With a private window.
    PrivateChromium,
    /// Treats the server at this port of `127.0.0.1` as one on the internet.
    ChromiumWithPublic(u16),
    Firefox,
    /// With a private window.
    PrivateFirefox,
    /// The small browser that comes with WebKit, on a virtual screen.
    WebKit,
}

impl Engine {
    /// The capabilities for its driver. `profile` is an empty folder.
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
            Engine::ChromiumForPictures => {
                let mut capabilities = chromium(Some("--force-device-scale-factor=2"), json!({}));
                capabilities["acceptInsecureCerts"] = true.into();
                capabilities
            }
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

    /// The command that starts its driver at that port.
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

/// No sandbox, which does not work for root and in most containers; no shared memory, which is small in containers; no background requests.
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

/// The permission to run a browser.
struct Permit;

static PERMITS: Mutex<usize> = Mutex::new(0);
static RELEASED: Condvar = Condvar::new();

impl Permit {
    fn acquire() -> Permit {
        let permits = PERMITS.lock().unwrap_or_else(PoisonError::into_inner);
        *RELEASED.wait_while(permits, |permits| *permits >= MAX_BROWSERS).unwrap_or_else(PoisonError::into_inner) += 1;
        Permit
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *PERMITS.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        RELEASED.notify_one();
    }
}

/// A browser with one tab. It is stopped on drop.
pub(crate) struct Browser {
    runtime: Runtime,
    client: Client,
    // These are dropped in this order.
    _driver: Driver,
    folder: Arc<TempDir>,
    _permit: Permit,
}

impl Browser {
    /// Starts Chromium.
    pub(crate) fn start() -> Browser {
        Browser::start_as(Engine::Chromium)
    }

    pub(crate) fn start_as(engine: Engine) -> Browser {
        let permit = Permit::acquire();
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
        Browser { runtime, client, _driver: driver, folder, _permit: permit }
    }

    /// Everything that the browser stores. The folder exists as long as the browser or the returned value.
    pub(crate) fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    fn wait<T>(&self, what: &str, step: impl Future<Output = Result<T, CmdError>>) -> T {
        match self.runtime.block_on(async { tokio::time::timeout(PATIENCE, step).await }) {
            Ok(result) => result.unwrap_or_else(|error| panic!("{what}: {error}")),
            Err(_) => panic!("{what}: not in time"),
        }
    }

    /// Opens a URL in the tab.
    pub(crate) fn goto(&self, url: &str) {
        self.wait(url, self.client.goto(url));
    }

    /// The URL in the address bar.
    pub(crate) fn url(&self) -> String {
        self.wait("the URL", self.client.current_url()).into()
    }

    pub(crate) fn back(&self) {
        self.wait("back", self.client.back());
    }

    pub(crate) fn refresh(&self) {
        self.wait("reload", self.client.refresh());
    }

    /// Opens a new tab and switches to it.
    pub(crate) fn new_tab(&self) {
        let tab = self.wait("a new tab", self.client.new_window(true));
        self.wait("a new tab", self.client.switch_to_window(tab.handle));
    }

    /// Switches to a tab, counted from 0.
    pub(crate) fn tab(&self, index: usize) {
        let mut tabs = self.wait("the tabs", self.client.windows());
        self.wait("a tab", self.client.switch_to_window(tabs.swap_remove(index)));
    }

    /// Clicks the visible button with this text. If there are several, clicks the last one, which is on top.
    pub(crate) fn press(&self, words: &str) {
        let path = format!("//button[normalize-space()='{words}']");
        self.wait(words, async {
            let mut seen = None;
            for button in self.client.find_all(Locator::XPath(&path)).await? {
                if button.is_displayed().await? {
                    seen = Some(button);
                }
            }
            seen.unwrap_or_else(|| panic!("no button has the text {words:?}")).click().await
        });
    }

    /// Waits until the page has an element that matches.
    pub(crate) fn waits_for(&self, selector: &str) {
        let wait = self.client.wait().at_most(PATIENCE).every(Duration::from_millis(20));
        let found = self.runtime.block_on(wait.for_element(Locator::Css(selector)));
        assert!(found.is_ok(), "no {selector} at {}: {}", self.url(), self.text("body"));
    }

    /// The visible text of the first element that matches.
    pub(crate) fn text(&self, selector: &str) -> String {
        self.wait(selector, async { self.client.find(Locator::Css(selector)).await?.text().await })
    }

    /// Runs a script. Returns its result.
    pub(crate) fn execute(&self, script: &str) -> Value {
        self.wait(script, self.client.execute(script, Vec::new()))
    }

    /// Runs a script. Returns what it passes to the function that is its last argument.
    pub(crate) fn execute_async(&self, script: &str) -> Value {
        self.wait("a script", self.client.execute_async(script, Vec::new()))
    }

    /// Sets the size of the window, in pixels.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        self.wait("a size", self.client.set_window_size(width, height));
    }

    /// A screenshot of the window, as PNG.
    pub(crate) fn picture(&self) -> Vec<u8> {
        self.wait("a picture", self.client.screenshot())
    }

    /// Approves the login with one click. Returns its messages.
    pub(crate) fn approve(&self, mut login: Running) -> String {
        self.goto(&login.authorize_url());
        self.press("Authorize Application");
        self.shows("stored");
        login.succeeds()
    }

    /// Waits until the page of quay-auth shows this outcome.
    pub(crate) fn shows(&self, outcome: &str) {
        self.waits_for(&format!("html[data-outcome={outcome}]"));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Gives Chromium time to stop by itself. Otherwise it is killed with its driver.
        let _ = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, self.client.clone().close()).await });
    }
}

/// The driver of a browser. All processes that it starts are in its process group.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start(engine: Engine, folder: &TempDir) -> Driver {
        // Not every driver can choose a port and report it.
        let port = next_port();
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
