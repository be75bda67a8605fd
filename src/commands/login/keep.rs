//! A fresh token: is it good, whose is it, and then stored and recorded. Only after that anybody is told.

use std::path::Path;
use std::time::Duration;

use crate::domain::{AccessToken, Profile, Scopes, ServerText, StoreKind, Timestamp};
use crate::error::{Error, Exit};
use crate::keyboard::Echo;
use crate::login::{Outcome, Stored};
use crate::quay::{Client, Identity, Verdict, verify};
use crate::settings::{LoginSettings, Settings};
use crate::store::{self, Pending, Profiles, Record, TokenRecord};
use crate::terminal::Terminal;

use super::conversation::Conversation;
use super::replaced::Replaced;

/// A token that came in.
pub(super) struct Caught<'a> {
    /// The secret.
    pub(super) token: &'a AccessToken,
    /// How long it lives, where that was told.
    pub(super) expires_in: Option<Duration>,
    /// What it may do, where that is known.
    pub(super) scopes: Option<Scopes>,
    /// What is remembered beside it for the next login.
    pub(super) remember: Record,
}

/// What is told on the terminal when all went well.
pub(super) struct Kept {
    /// For the page.
    stored: Stored,
    /// What to mind.
    warnings: Vec<String>,
    /// The token that this one took the place of.
    pub(super) replaced: Option<Replaced>,
}

/// What a token is kept with.
pub(super) struct Keeper<'a> {
    /// The settled settings.
    pub(super) login: &'a LoginSettings,
    /// Speaks to the Quay.
    pub(super) client: &'a Client,
    /// What was known before.
    pub(super) settings: &'a Settings,
    /// Where records are.
    pub(super) folder: &'a Path,
}

impl Keeper<'_> {
    /// Checks, stores and records the token: the page's outcome, and the terminal's.
    pub(super) fn keep(
        &self,
        caught: Caught<'_>,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> (Outcome, Result<Kept, Error>) {
        let profile = &self.login.profile;
        let before = self.settings.profiles.find(profile);
        let mut warnings = Vec::new();

        terminal.detail(&format!("Asking {} whose token this is.", profile.host));
        terminal.wait_for(&format!("Checking the token at {}", profile.host), None);
        let verdict = verify(self.client, caught.token);
        terminal.waited();
        let (identity, verified) = match verdict {
            Verdict::Accepted(identity) => (identity, true),
            Verdict::Refused(reason) => return (Outcome::NotValid, Err(Error::not_valid(profile, &reason))),
            Verdict::Unreachable(error) => {
                warnings.push(format!("{error}, so it is not known whether Quay accepts the token."));
                (Identity::default(), false)
            }
            Verdict::Unclear { status } => {
                let host = &profile.host;
                warnings.push(format!(
                    "{host} answered with status {status}, so it is not known whether it accepts the token."
                ));
                (Identity::default(), false)
            }
        };
        if let Some((held, new)) = other_user(before, &identity) {
            let question = format!("{profile} is a login of {held}, and this token is one of {new}. Replace it?");
            let replace =
                if terminal.is_interactive() { conversation.confirm(&question, false, terminal) } else { Ok(false) };
            match replace {
                Ok(true) => {}
                Ok(false) => {
                    return (Outcome::AnotherUser { user: new.clone() }, Err(another_user(profile, &held, &new)));
                }
                Err(error) => return (Outcome::AnotherUser { user: new }, Err(error)),
            }
        }
        let token_record = TokenRecord {
            user: identity.user,
            scopes: caught.scopes,
            uuid: identity.uuid,
            obtained_at: Timestamp::now(),
            expires_at: caught.expires_in.and_then(|lives| Timestamp::now().after(lives)),
            verified,
        };
        let record = Record { token: Some(token_record.clone()), ..caught.remember };
        let replaced = Replaced::kept(before, self.folder).filter(|replaced| !replaced.is(caught.token));
        let store = match self.write(caught.token, record, conversation, terminal) {
            Ok(store) => store,
            Err(error) => return (Outcome::StoreFailed, Err(error)),
        };
        if let Some(before) = before.filter(|before| before.store != store && before.token.is_some())
            && let Err(error) = store::open(before.store, self.folder).delete(profile)
        {
            warnings.push(format!("the old token is still in the {}: {error}", before.store));
        }
        let stored = stored(&token_record, profile, store);
        (Outcome::Stored(stored.clone()), Ok(Kept { stored, warnings, replaced }))
    }

    /// Writes token and record. When that fails, a person decides where the token goes; elsewhere it is said that it is alive.
    fn write(
        &self,
        token: &AccessToken,
        mut record: Record,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<StoreKind, Error> {
        loop {
            let before = self.settings.profiles.find(&record.profile);
            let Err(error) = write(token, &record, before, self.folder) else { return Ok(record.store) };
            if !terminal.is_interactive() {
                return Err(error.hint(LIVES_ON));
            }
            terminal.report(&error);
            let question = format!(
                "The token is not kept yet. Try the {} again (t), keep it in a private file (f), print it (p), or give up (g)?",
                record.store
            );
            match conversation.ask(&question, Echo::Shown, terminal)?.as_deref().map(String::as_str) {
                Some("f") => record.store = StoreKind::File,
                Some("p") => {
                    terminal.secret(token)?;
                    return Err(Error::new(Exit::Store, "the token was printed and is kept nowhere").hint(LIVES_ON));
                }
                Some("g") | None => return Err(error.hint(LIVES_ON)),
                _ => {}
            }
        }
    }
}

/// A token that is kept nowhere is still good.
const LIVES_ON: &str = "this token stays valid at Quay; if it is not used, end it in the web UI: account settings, \"Authorized Applications\", \"Revoke Authorization\"";

/// Says how it ended.
pub(super) fn say(kept: &Kept, profile: &Profile, terminal: &mut Terminal) {
    let Kept { stored, warnings, .. } = kept;
    let user = if stored.user.is_empty() { String::new() } else { format!(" as {}", stored.user) };
    terminal.done(&format!("Logged in to {}{user}.", stored.host));
    let ends = if stored.expires.is_empty() { String::new() } else { format!("; it ends on {}", stored.expires) };
    let scopes = if stored.scopes.is_empty() { "unknown" } else { &stored.scopes };
    terminal.say(&format!("  The token of {profile} is kept in {}; its scopes: {scopes}{ends}.", stored.store));
    warnings.iter().for_each(|warning| terminal.warn(warning));
    let flags = if profile.name.is_default() { String::new() } else { format!(" {}", profile.flags()) };
    terminal.say(&format!("  Print it in scripts with: quay-auth print-token{flags}"));
}

/// The user whose login the profile is, and the other one whose token came in.
fn other_user(before: Option<&Record>, identity: &Identity) -> Option<(ServerText, ServerText)> {
    let held = before?.token.as_ref()?.user.clone()?;
    let new = identity.user.clone()?;
    (held != new).then_some((held, new))
}

/// The old token was kept.
fn another_user(profile: &Profile, held: &ServerText, new: &ServerText) -> Error {
    let flags = profile.flags();
    Error::new(
        Exit::Failure,
        format!("{profile} is a login of {held}, and this token is one of {new}; it was not stored"),
    )
    .hint(format!("sign in to Quay as {held} in that browser and log in again"))
    .hint(format!("or give {new} a profile of its own: quay-auth login --host {} --profile NAME", profile.host))
    .hint(format!("or end the old login first: quay-auth logout {flags}"))
}

/// The record to be, then the token into its store, then the record as it is: killed at any moment, `commands::recover` finds out how
/// far it came. One retry, since a keyring may have been busy.
pub(in crate::commands) fn write(
    token: &AccessToken,
    record: &Record,
    before: Option<&Record>,
    folder: &Path,
) -> Result<(), Error> {
    let unwritten = |error| Error::from(error).with_exit(Exit::Store);
    let _change = Profiles::begin_change(folder).map_err(unwritten)?;
    let pending = Pending { fingerprint: token.fingerprint(), record: record.clone() };
    let half_way = Record {
        pending: Some(Box::new(pending)),
        ..before.cloned().unwrap_or_else(|| Record { token: None, ..record.clone() })
    };
    Profiles::update(folder, |profiles| profiles.put(half_way)).map_err(unwritten)?;
    let store = store::open(record.store, folder);
    let stored = store.set(&record.profile, token).or_else(|_| store.set(&record.profile, token));
    let now = if stored.is_ok() { Some(record) } else { before };
    Profiles::update(folder, |profiles| match now {
        Some(now) => {
            profiles.put(now.clone());
            profiles.docker_mut(&now.profile.host).is_logged_out &= stored.is_err();
        }
        None => profiles.forget(&record.profile),
    })
    .map_err(unwritten)?;
    Ok(stored?)
}

/// What is told of a stored token.
fn stored(token: &TokenRecord, profile: &Profile, store: StoreKind) -> Stored {
    let text = |text: Option<String>| text.unwrap_or_default();
    Stored {
        verified: token.verified,
        user: text(token.user.as_ref().map(ToString::to_string)),
        profile: profile.to_string(),
        host: profile.host.to_string(),
        scopes: text(token.scopes.as_ref().map(ToString::to_string)),
        store: match store {
            StoreKind::Keyring => "the keyring".to_owned(),
            StoreKind::File => "a file that only you may read".to_owned(),
        },
        expires: text(token.expires_at.map(Timestamp::day)),
    }
}
