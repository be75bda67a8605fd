//! The checks of `doctor`, one file each. A check is a function of the [`Context`] that returns what it found. To add one, add a file
//! here, a row in `CHECKS`, and a test that breaks just this thing.

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
mod token;

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::docker::DockerPaths;
use crate::domain::Host;
use crate::error::Error;
use crate::hint::Hint;
use crate::quay::{self, Client};
use crate::settings::{LoginSettings, NoBrowser, TokenVariable};
use crate::store::{StoredToken, Vault};
use crate::system::in_background;

/// How long all checks together may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is checked: the settings of a login, and the machine.
pub(crate) struct Context {
    pub(crate) login: LoginSettings,
    pub(crate) vault: Vault,
    pub(crate) docker_paths: DockerPaths,
    /// Why no browser can be opened on this machine.
    pub(crate) without_browser: Option<NoBrowser>,
    /// What is known of the stored token.
    pub(crate) token: Option<StoredToken>,
    pub(crate) token_variable: TokenVariable,
    /// The names of the variables that are set and name proxies.
    pub(crate) proxy_variables: Vec<&'static str>,
}

impl Context {
    fn host(&self) -> &Host {
        &self.login.profile.host
    }

    fn client(&self) -> Result<Client, quay::Error> {
        Client::new(&self.login.connection)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CheckStatus {
    /// Fine, or not used.
    Ok,
    /// A possible problem.
    Warn,
    /// A problem.
    Fail,
}

/// What a check found. Its fields are those of `doctor --json`: they may be added, but not renamed or removed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// The name of the check.
    pub(crate) check: &'static str,
    pub(crate) outcome: CheckStatus,
    /// What was found, in one line.
    pub(crate) detail: String,
    /// What to do about it.
    pub(crate) next: Option<Hint>,
}

fn ok(check: &'static str, detail: impl Into<String>) -> Finding {
    Finding { check, outcome: CheckStatus::Ok, detail: detail.into(), next: None }
}

fn warn(check: &'static str, detail: impl Into<String>, next: impl Into<Hint>) -> Finding {
    Finding { check, outcome: CheckStatus::Warn, detail: detail.into(), next: Some(next.into()) }
}

fn fail(check: &'static str, error: impl Into<Error>) -> Finding {
    failed(check, &error.into())
}

/// A failure, with the message and the first hint that any other command would print.
pub(crate) fn failed(check: &'static str, error: &Error) -> Finding {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    let next = error.hints().first().cloned();
    Finding { check, outcome: CheckStatus::Fail, detail: format!("{error}{cause}"), next }
}

struct Check {
    /// The name of its first finding.
    name: &'static str,
    run: fn(&Context) -> Vec<Finding>,
}

/// All checks, in the order in which a login needs them.
const CHECKS: [Check; 12] = [
    Check { name: "session bus", run: bus::check },
    Check { name: "store", run: store::check },
    Check { name: "leftovers", run: store::check_leftovers },
    Check { name: "redirect URI", run: redirect::check },
    Check { name: "browser", run: browser::check },
    Check { name: "proxy", run: proxy::check },
    Check { name: "host name", run: name::check },
    Check { name: "certificate", run: certificate::check },
    Check { name: "server", run: server::check },
    Check { name: "client ID", run: application::check },
    Check { name: "token", run: token::check },
    Check { name: "docker", run: docker::check },
];

/// Runs all checks at the same time. One that does not finish in time counts as failed and does not delay the others.
pub(crate) fn run_all(context: Context) -> Vec<Finding> {
    let deadline = Instant::now() + TIMEOUT;
    let context = Arc::new(context);
    let (sender, receiver) = mpsc::channel();
    let mut findings: Vec<Vec<Finding>> = Vec::new();
    for (index, Check { name, run }) in CHECKS.into_iter().enumerate() {
        findings.push(vec![Finding {
            check: name,
            outcome: CheckStatus::Fail,
            detail: format!("no answer within {} seconds", TIMEOUT.as_secs()),
            next: Some("try again".into()),
        }]);
        let (context, sender) = (Arc::clone(&context), sender.clone());
        in_background(move || drop(sender.send((index, run(&context)))));
    }
    drop(sender);
    while let Ok((index, found)) = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        findings[index] = found;
    }
    findings.into_iter().flatten().collect()
}
