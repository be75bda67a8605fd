//! `doctor`: checks each thing that a login needs, and says what to do.

use crate::checks::{Context, Finding, Outcome, run_all};
use crate::error::{Error, Exit};
use crate::settings::{LoginFlags, Settings};
use crate::terminal::Terminal;

/// The two lines that most people need: the help begins with them.
const FIRST: &str = "\
quay-auth doctor
quay-auth doctor --report";

/// Stands below the help.
const NOTES: &str = "\
All checks run at once, ten seconds at most. Ends with 1 when one of them fails.
--report prints what a bug report needs: no token, no user; of the environment names, and the proxies.";

/// What `doctor` takes.
#[derive(Debug, clap::Args)]
#[command(before_help = FIRST, after_help = NOTES)]
pub(crate) struct Args {
    /// Print a JSON list instead
    #[arg(long, conflicts_with = "report")]
    json: bool,

    /// Print a text for a bug report
    #[arg(long)]
    report: bool,
}

/// Runs the checks.
pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let login = settings.login(&LoginFlags::default(), settings.profile()?)?;
    let host = login.profile.host.clone();
    let context = Context {
        login,
        folder: settings.data_folder()?,
        places: settings.docker_places(),
        without_browser: settings.surroundings.without_browser,
        proxies: settings.proxies(),
    };
    terminal.wait_for(&format!("Checking what a login at {host} needs"), None);
    let findings = run_all(context);
    terminal.waited();
    let failed = findings.iter().filter(|finding| finding.outcome == Outcome::Fail).count();
    if args.json {
        terminal.json(&findings)?;
    } else if args.report {
        terminal.data(&report(&findings, settings))?;
    } else {
        for finding in &findings {
            terminal.finding(finding)?;
        }
    }
    match failed {
        0 => Ok(()),
        1 => Err(Error::new(Exit::Failure, "one check failed").hint("do what stands below it, then: quay-auth doctor")),
        _ => Err(Error::new(Exit::Failure, format!("{failed} checks failed"))
            .hint("do what stands below the first one, then: quay-auth doctor")),
    }
}

/// What a bug report needs: the program, the system, the findings, and which variables are set.
fn report(findings: &[Finding], settings: &Settings) -> String {
    let mut lines = vec![
        format!("quay-auth {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH),
        format!("logins: {}", settings.profiles.iter().filter(|record| record.token.is_some()).count()),
        format!("variables that are set: {}", settings.variables_that_matter().join(", ")),
        String::new(),
    ];
    lines.extend(findings.iter().map(|finding| {
        let outcome = match finding.outcome {
            Outcome::Ok => "ok",
            Outcome::Warn => "warn",
            Outcome::Fail => "fail",
        };
        format!("{outcome:4}  {}: {}", finding.check, finding.detail)
    }));
    let text = lines.join("\n");
    // The home's name is often the user's.
    match settings.home() {
        Some(home) => text.replace(&home.display().to_string(), "~"),
        None => text,
    }
}
