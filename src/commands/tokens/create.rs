//! `tokens create`: creates a restricted, short-lived token, and prints it or stores it as a profile.

use serde::Serialize;
use zeroize::Zeroizing;

use super::list::Row;
use super::{ONLY_OWN_SCOPES, TokensSession};
use crate::commands::keyring_dialog::{AfterSignal, KeyringDialog};
use crate::commands::login::{new_profile, store_error};
use crate::commands::scopes::unknown_scope;
use crate::commands::selected_token::SelectedToken;
use crate::domain::{AccessToken, Lifetime, ProfileId, ProfileName, Scopes};
use crate::error::{Error, Exit, login_with_more_scopes};
use crate::hint::CommandLine;
use crate::quay::ListedToken;
use crate::settings::{LoginFlags, LoginSettings, Settings};
use crate::store::{Profile, Prompt, StoredToken, Vault};
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Prints the token, and does not store it. With --as, stores it as a profile
instead. The token can only have scopes that your own token has.

Needs Quay 3.18 or later, and a token with the scope org:admin: log in with
`quay-auth login --add-scopes org:admin`.";

/// The parser would write it in more than 80 columns.
const USAGE: &str = "quay-auth tokens create --name <NAME> --scopes <SCOPES> --expires <TIME>";

const EXAMPLES: &str = "\
Examples:
  # Create a token for a CI job
  quay-auth tokens create --name ci --scopes repo:read --expires 30d

  # Store the new token as the profile `push`
  quay-auth tokens create --name laptop --scopes repo:write --expires 90d \\
    --as push";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES, override_usage = USAGE)]
pub(crate) struct Args {
    /// Name of the token, shown in Quay
    #[arg(long, value_name = "NAME")]
    name: String,

    /// Scopes of the token, for example repo:read,repo:write
    #[arg(long, value_name = "SCOPES")]
    scopes: Scopes,

    /// Time until the token expires, for example 12h or 30d; at most ten years
    #[arg(long, value_name = "TIME")]
    expires: Lifetime,

    /// Store the token as this profile of the same host, instead of printing it
    #[arg(long = "as", value_name = "PROFILE", conflicts_with = "json")]
    store_as: Option<ProfileName>,

    /// Print a JSON object with the token and what `tokens list --json` shows
    #[arg(long)]
    pub(in crate::commands) json: bool,
}

/// The output of `--json`, documented in docs/reference.md. Fields may be added, but not renamed or removed.
#[derive(Serialize)]
struct Json<'a> {
    token: &'a str,
    #[serde(flatten)]
    row: Row<'a>,
}

pub(super) fn run(args: &Args, settings: &Settings, terminal: &mut Terminal) -> Result<(), Error> {
    if args.store_as.is_none() && terminal.discards_results() {
        return Err(Error::new(Exit::Usage, "stdout is closed or is /dev/null, so the new token would be lost")
            .hint("to store the token, add --as PROFILE")
            .hint("to write it to a file that only you can read, run `umask 077`, then add > FILE"));
    }
    let session = TokensSession::open(settings, terminal)?;
    check_scopes(&args.scopes, &session.selected)?;
    let dialog = KeyringDialog::allow(AfterSignal::Terminate, terminal)?;
    let prepare = |name| NewProfile::prepare(name, &session, settings, dialog.prompt());
    let new_profile = args.store_as.as_ref().map(prepare).transpose()?;
    let name = args.name.trim();
    let lifetime = args.expires.duration();
    let (token, listed) = session.call(terminal, |tokens| tokens.create(name, &args.scopes, lifetime))?;
    terminal.mask_in_log(&token);
    let result = match &new_profile {
        Some(new_profile) => new_profile.store(&token, &listed, args, &session),
        None if args.json => json(&token, &listed, &session).and_then(|text| terminal.print_only_copy(&text)),
        None => terminal.print_only_copy(token.expose()),
    };
    if let Err(error) = result {
        // Without a copy the token is of no use, so it must not stay valid.
        return Err(match session.call(terminal, |tokens| tokens.revoke(listed.uuid.as_str())) {
            Ok(_) => error.hint("the new token was revoked, because no copy of it is left"),
            Err(_) => error.hint(
                CommandLine::of("tokens revoke", &session.selected.profile)
                    .argument(&listed.uuid)
                    .purpose("the new token may still be valid; to revoke it"),
            ),
        });
    }
    let expires = listed.expires_at.map(|expires_at| format!(" It expires on {}.", expires_at.day_or_time()));
    terminal.done(&format!("Created the token {name} ({}).{}", args.scopes, expires.unwrap_or_default()));
    if let Some(NewProfile { login, .. }) = new_profile {
        let id = &login.profile;
        terminal.say(&format!("  Stored as {id}. Print it with: {}", CommandLine::of("print-token", id)));
    }
    Ok(())
}

/// Checks, as far as the scopes of this login are known, that it may create a token with these scopes (docs/quay.md, cases S7 to S10).
fn check_scopes(wanted: &Scopes, selected: &SelectedToken) -> Result<(), Error> {
    let (profile, granted) = (&selected.profile, selected.scopes());
    let is_granted = |scope: &&str| granted.is_some_and(|granted| granted.iter().any(|own| own == *scope));
    if let Some(scope) = wanted.unknown().find(|scope| !is_granted(scope)) {
        return Err(unknown_scope(scope, &Scopes::known_names().collect::<Vec<_>>()));
    }
    let Some(granted) = granted else { return Ok(()) };
    let needed = wanted.union(&Scopes::org_admin());
    let Some(missing) = granted.missing(&needed) else { return Ok(()) };
    let cause = match granted.missing(wanted) {
        Some(_) => ONLY_OWN_SCOPES,
        None => "creating a token needs it",
    };
    Err(Error::new(Exit::NoLogin, format!("the token of {profile} lacks {missing}"))
        .caused_by(cause)
        .hint(login_with_more_scopes(profile, &missing)))
}

fn json(token: &AccessToken, listed: &ListedToken, session: &TokensSession) -> Result<Zeroizing<String>, Error> {
    let text = serde_json::to_string_pretty(&Json { token: token.expose(), row: Row::new(listed, session) });
    text.map(Zeroizing::new).map_err(|error| Error::new(Exit::Failure, "cannot write JSON").caused_by(error))
}

/// The profile to store the new token as.
struct NewProfile {
    login: LoginSettings,
    vault: Vault,
}

impl NewProfile {
    /// Checks, before the token is created, that it can be stored and replaces no other token.
    fn prepare(
        name: &ProfileName,
        session: &TokensSession,
        settings: &Settings,
        prompt: Prompt,
    ) -> Result<Self, Error> {
        let id = ProfileId { host: session.selected.profile.host.clone(), name: name.clone() };
        refuse_to_replace(settings.profiles.find(&id))?;
        let login = settings.login(&LoginFlags::default(), id)?;
        let vault = settings.vault()?.with_prompts(prompt);
        vault.prepare(login.store).map_err(|error| store_error(error, login.command()))?;
        Ok(NewProfile { login, vault })
    }

    fn store(
        &self,
        token: &AccessToken,
        listed: &ListedToken,
        args: &Args,
        session: &TokensSession,
    ) -> Result<(), Error> {
        let user = session.selected.stored.as_ref().and_then(|stored| stored.user.clone());
        let profile = Profile {
            client_id: Some(session.client_id.clone()),
            redirect_uri: None,
            scopes: Some(args.scopes.clone()),
            token: Some(StoredToken {
                user: listed.created_by.clone().or(user),
                scopes: Some(args.scopes.clone()),
                uuid: Some(listed.uuid.clone()),
                expires_at: listed.expires_at,
                verified: true,
                ..StoredToken::unverified(token)
            }),
            ..new_profile(&self.login)
        };
        let failed = |error| store_error(error, self.login.command());
        let mut change = self.vault.begin().map_err(failed)?;
        refuse_to_replace(change.profiles().find(&profile.id))?;
        change.save(&profile, token).map(drop).map_err(failed)
    }
}

fn refuse_to_replace(existing: Option<&Profile>) -> Result<(), Error> {
    let Some(Profile { id, token: Some(_), .. }) = existing else { return Ok(()) };
    Err(Error::new(Exit::Usage, format!("{id} already has a token"))
        .hint(CommandLine::of("logout", id).purpose("choose another name, or log out first")))
}
