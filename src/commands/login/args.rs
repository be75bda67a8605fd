//! The arguments of `login`, and the settings of a login with them.

use crate::domain::{AssignmentId, HostArgument, Lifetime, ListenAddress, ProfileId, redact_tokens};
use crate::error::Error;
use crate::settings::{LoginFlags, LoginSettings, Settings};

use super::direct::DirectFlags;

const DESCRIPTION: &str = "\
Opens Quay in your browser, where you approve the login. Sign in to Quay there
first. The first login at a host needs the client ID of an OAuth application;
without --client-id, it explains how to get one.";

const EXAMPLES: &str = "\
Examples:
  # Log in to a host for the first time
  quay-auth login --host quay.example.com --client-id ID

  # Log in again
  quay-auth login

  # Request only what docker needs to pull
  quay-auth login --scopes repo:read

  # Get a token that may also push
  quay-auth login --add-scopes repo:write

  # Store a token that expires in 30 days
  quay-auth login --expires 30d

  # Store a token that you created in Quay's web UI
  quay-auth login --with-token < token.txt

  # Log in with a password and no browser, if Quay's operator allows it
  quay-auth login --direct --username alice";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Quay host; the same as --host
    #[arg(id = "host_argument", value_name = "HOST", value_parser = parse_host)]
    pub(crate) host: Option<HostArgument>,

    #[command(flatten)]
    pub(super) settings: LoginFlags,

    /// Print the URL instead of opening a browser
    #[arg(long, conflicts_with = "browser")]
    pub(super) no_browser: bool,

    /// Open a private window, which leaves no history; needs Chrome, Chromium, Edge or Firefox
    #[arg(long, conflicts_with_all = ["no_browser", "listen", "with_token"])]
    pub(super) private: bool,

    /// Listen on this address too, such as 0.0.0.0, for a browser outside of this container
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["browser", "paste", "with_token"])]
    pub(super) listen: Option<ListenAddress>,

    /// Paste the token from a page of Quay, instead of listening on a port for it
    #[arg(long)]
    pub(super) paste: bool,

    /// Read a token, or a URL that contains one, from stdin
    #[arg(long, conflicts_with = "paste")]
    pub(super) with_token: bool,

    #[command(flatten)]
    pub(super) direct: DirectFlags,

    /// Revoke the previous token, if the scopes of either token allow that
    #[arg(long)]
    pub(super) revoke_old: bool,

    /// Replace the browser's token with one that expires after TIME, such as 30d (needs Quay 3.18)
    #[arg(long, value_name = "TIME", conflicts_with = "with_token")]
    pub(super) expires: Option<Lifetime>,

    /// Do nothing if a valid token with these scopes is already stored
    #[arg(long)]
    pub(super) if_needed: bool,

    /// Use the assignment that an administrator created for you; each works for one login
    #[arg(long, value_name = "UUID")]
    pub(super) assignment: Option<AssignmentId>,
}

/// Refuses what looks like a token: people paste one here, and as a host it would be looked up in the DNS and printed.
fn parse_host(text: &str) -> Result<HostArgument, Box<dyn std::error::Error + Send + Sync>> {
    if redact_tokens(text) != text {
        return Err("it looks like a token; if it is a host, name it with --host".into());
    }
    Ok(text.parse()?)
}

impl Args {
    /// The settings of a login to that profile.
    pub(super) fn login(&self, settings: &Settings, profile: ProfileId) -> Result<LoginSettings, Error> {
        let Args {
            settings: flags,
            direct,
            no_browser,
            private,
            listen,
            paste,
            with_token,
            revoke_old,
            expires,
            assignment,
            ..
        } = self;
        let switches = [
            ("--direct", direct.direct),
            ("--accept-dangerous", direct.accept_dangerous),
            ("--no-browser", *no_browser),
            ("--private", *private),
            ("--paste", *paste),
            ("--with-token", *with_token),
            ("--revoke-old", *revoke_old),
        ];
        let options = [
            ("--username", direct.username.as_ref().map(ToString::to_string)),
            ("--browser", flags.browser.as_ref().map(ToString::to_string)),
            ("--listen", listen.map(|address| address.to_string())),
            ("--timeout", flags.timeout.map(|timeout| timeout.to_string())),
            ("--expires", expires.map(|expires| expires.to_string())),
            ("--assignment", assignment.as_ref().map(|assignment| assignment.as_str().to_owned())),
        ];
        let switches = switches.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| (name, None));
        let options = options.into_iter().filter(|(_, value)| value.is_some());
        let mut login = settings.login(flags, profile)?;
        login.other_options = switches.chain(options).collect();
        Ok(login)
    }
}
