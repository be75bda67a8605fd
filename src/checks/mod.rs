//! What `doctor` looks at, one file a check: a function of the context that says what it found. To add one: a file here, a row in the
//! list, a test that breaks just that thing.

mod application;
mod browser;
mod bus;
mod certificate;
mod docker;
mod name;
mod proxy;
mod redirect;
mod server;
mod store;

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::docker::Places;
use crate::domain::Host;
use crate::quay::{Client, Error};
use crate::settings::{LoginSettings, NoBrowser, ProxyVariable};

/// How long all checks together may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is checked: one login, and where it runs.
pub(crate) struct Context {
    /// The login.
    pub(crate) login: LoginSettings,
    /// Where lists and tokens are kept.
    pub(crate) folder: PathBuf,
    /// Where docker and the containers tools look.
    pub(crate) places: Places,
    /// Why no browser of this machine's can be seen.
    pub(crate) without_browser: Option<NoBrowser>,
    /// The variables that name proxies.
    pub(crate) proxies: Vec<ProxyVariable>,
}

impl Context {
    /// The host of the login.
    fn host(&self) -> &Host {
        &self.login.profile.host
    }

    /// A client for it.
    fn client(&self) -> Result<Client, Error> {
        Client::new(self.host(), self.login.ca_file.as_deref())
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// As it should be, or not used.
    Ok,
    /// It may be in the way.
    Warn,
    /// It is in the way.
    Fail,
}

/// What a check found. A key of `doctor --json` each; only ever added to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// What was looked at.
    pub(crate) check: &'static str,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// What was found, in one line.
    pub(crate) detail: String,
    /// What to do.
    pub(crate) next: Option<String>,
}

/// As it should be.
fn ok(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding { check, outcome: Outcome::Ok, detail: detail.into(), next: None }
}

/// Perhaps in the way.
fn warn(check: &'static str, detail: impl Into<String>, next: impl Into<String>) -> Finding {
    Finding { check, outcome: Outcome::Warn, detail: detail.into(), next: Some(next.into()) }
}

/// In the way, with the words and the advice that any other command would give.
fn fail(check: &'static str, error: impl Into<crate::error::Error>) -> Finding {
    let error = error.into();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let next = error.hints().first().cloned();
    Finding { check, outcome: Outcome::Fail, detail: format!("{error}{cause}"), next }
}

/// A check and the name of its first finding.
type Check = (&'static str, fn(&Context) -> Vec<Finding>);

/// All checks, in the order in which a login needs them.
const CHECKS: [Check; 10] = [
    ("session bus", bus::check),
    ("store", store::check),
    ("redirect address", redirect::check),
    ("browser", browser::check),
    ("proxy", proxy::check),
    ("host name", name::check),
    ("certificate", certificate::check),
    ("server", server::check),
    ("client id", application::check),
    ("docker", docker::check),
];

/// Runs all checks at once; one that is not done in time is told so, and holds up no other.
pub(crate) fn run_all(context: Context) -> Vec<Finding> {
    let deadline = Instant::now() + PATIENCE;
    let context = Arc::new(context);
    let (sender, receiver) = mpsc::channel();
    let mut found: Vec<Vec<Finding>> = Vec::new();
    for (number, (name, check)) in CHECKS.into_iter().enumerate() {
        let late = format!("no answer within {} seconds", PATIENCE.as_secs());
        found.push(vec![Finding {
            check: name,
            outcome: Outcome::Fail,
            detail: late,
            next: Some("try again".to_owned()),
        }]);
        let (context, sender) = (Arc::clone(&context), sender.clone());
        // One that cannot be started stays as it is told above.
        let _ = thread::Builder::new().name(name.to_owned()).spawn(move || sender.send((number, check(&context))));
    }
    drop(sender);
    while let Ok((number, findings)) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        found[number] = findings;
    }
    found.into_iter().flatten().collect()
}
