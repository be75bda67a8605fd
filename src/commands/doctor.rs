//! `doctor`: checks each thing that a login needs, and shows how to fix it.

use super::keyring_dialog::{AfterSignal, KeyringDialog};
use crate::checks::{CheckStatus, Context, Finding, failed, run_all};
use crate::domain::ProfileId;
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::settings::{self, LoginFlags, Settings};
use crate::terminal::{Terminal, Tone};

const DESCRIPTION: &str = "\
Checks the keyring or token file, the redirect URI, the browser, the network,
the server, the client ID and docker's settings. All checks run at the same time
and take ten seconds at most.

The exit code is 1 if a check fails.";

const EXAMPLES: &str = "\
Examples:
  # Find out why a login does not work
  quay-auth doctor

  # Check another host before you log in there
  quay-auth doctor --host quay.example.com

  # Print a text for a bug report
  quay-auth doctor --report";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Print a JSON list instead of text
    #[arg(long, conflicts_with = "report")]
    pub(super) json: bool,

    /// Print a text for a bug report, without tokens, user names or your home folder; it has the addresses of proxies, and the names of variables that are set
    #[arg(long)]
    report: bool,
}

pub(super) fn run(
    args: &Args,
    load: impl FnOnce(&mut Terminal) -> Result<Settings, Error>,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    match load(terminal).and_then(|settings| Ok((check(&settings, terminal)?, settings))) {
        Ok(((id, findings), settings)) => show(args, &id, &findings, &settings, terminal),
        Err(error) => {
            // The document of this command is a list, even if nothing can be checked.
            if args.json {
                terminal.print_json(&[failed("settings", &error)])?;
            }
            Err(error)
        }
    }
}

/// Checks what a login as the selected profile needs.
fn check(settings: &Settings, terminal: &mut Terminal) -> Result<(ProfileId, Vec<Finding>), Error> {
    let login = settings.login(&LoginFlags::default(), settings.profile()?)?;
    let id = login.profile.clone();
    let dialog = KeyringDialog::allow(AfterSignal::Terminate, terminal)?;
    let token = settings.profiles.token(&id).cloned();
    let context = Context {
        login,
        token,
        vault: settings.vault()?.with_prompts(dialog.prompt()),
        docker_paths: settings::docker_paths(),
        without_browser: settings.environment.no_browser,
        token_variable: settings.token_variable(),
        proxy_variables: settings::proxy_variables().names(),
    };
    terminal.start_waiting(&format!("Checking what a login at {} needs", id.host));
    let findings = run_all(context);
    terminal.stop_waiting();
    Ok((id, findings))
}

fn show(
    args: &Args,
    id: &ProfileId,
    findings: &[Finding],
    settings: &Settings,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let count = findings.iter().filter(|finding| finding.outcome == CheckStatus::Fail).count();
    if args.json {
        terminal.print_json(&findings)?;
    } else if args.report {
        terminal.print(&report(findings, settings))?;
    } else {
        for finding in findings {
            let tone = match finding.outcome {
                CheckStatus::Ok => Tone::Success,
                CheckStatus::Warn => Tone::Warning,
                CheckStatus::Fail => Tone::Error,
            };
            let next = finding.next.as_ref().map(|next| format!("\n        {next}")).unwrap_or_default();
            terminal.print_labelled(
                tone,
                label(finding.outcome),
                &format!("{}: {}{next}", finding.check, finding.detail),
            )?;
        }
    }
    let (message, purpose) = match count {
        0 => return Ok(()),
        1 => ("one check failed".to_owned(), "Fix what failed, then run"),
        _ => (format!("{count} checks failed"), "Fix the first failure above, then run"),
    };
    Err(Error::new(Exit::Failure, message).hint(CommandLine::of("doctor", id).purpose(purpose)))
}

/// All labels have the same width.
fn label(status: CheckStatus) -> &'static str {
    match status {
        CheckStatus::Ok => "ok  ",
        CheckStatus::Warn => "warn",
        CheckStatus::Fail => "fail",
    }
}

/// The text for a bug report.
fn report(findings: &[Finding], settings: &Settings) -> String {
    let mut lines = vec![
        format!("quay-auth {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH),
        format!("profiles: {}", settings.profiles.iter().filter(|profile| profile.token.is_some()).count()),
        format!("variables: {}", settings::relevant_variables().join(", ")),
        String::new(),
    ];
    let line = |finding: &Finding| format!("{}  {}: {}", label(finding.outcome), finding.check, finding.detail);
    lines.extend(findings.iter().map(line));
    let text = lines.join("\n");
    // The name of the home folder is often that of the user.
    match settings::home() {
        Some(home) => text.replace(&home.display().to_string(), "~"),
        None => text,
    }
}
