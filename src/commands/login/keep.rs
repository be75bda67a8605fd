//! A fresh token: is it good, whose is it, and then stored and recorded. Only after that anybody is told.

use std::path::Path;
use std::time::Duration;

use crate::domain::{AccessToken, Profile, Scopes, ServerText, StoreKind, Timestamp};
use crate::error::{Error, Exit};
use crate::files::Lock;
use crate::keyboard::Echo;
use crate::login::{Outcome, Stored};
use crate::quay::{Client, Identity, Verdict, verify};
use crate::settings::LoginSettings;
use crate::store::{self, Pending, Profiles, ProfilesError, Record, TokenRecord};
use crate::system;
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

/// A token that was put in its place.
struct Placed {
    /// Where it is.
    store: StoreKind,
    /// The token that it took the place of.
    replaced: Option<Replaced>,
    /// What did not go well.
    warning: Option<String>,
}

/// Why a token was not put in its place.
enum Unplaced {
    /// A token of `held` is kept for the login, and nobody said that it may go for one of `new`.
    AnotherUser {
        /// Whose is kept.
        held: ServerText,
        /// Whose came in.
        new: ServerText,
    },
    /// The store or the list of logins failed.
    Failed(Error),
}

/// What a token is kept with.
pub(super) struct Keeper<'a> {
    /// The settled settings.
    pub(super) login: &'a LoginSettings,
    /// Speaks to the Quay.
    pub(super) client: &'a Client,
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
        let token_record = TokenRecord {
            user: identity.user,
            scopes: caught.scopes,
            uuid: identity.uuid,
            obtained_at: Timestamp::now(),
            expires_at: caught.expires_in.and_then(|lives| Timestamp::now().after(lives)),
            verified,
        };
        let record = Record { token: Some(token_record.clone()), ..caught.remember };
        match self.place(caught.token, record, conversation, terminal) {
            Ok(Placed { store, replaced, warning }) => {
                warnings.extend(warning);
                let stored = stored(&token_record, profile, store);
                (Outcome::Stored(stored.clone()), Ok(Kept { stored, warnings, replaced }))
            }
            Err(failed) => (failed.0, Err(failed.1.hint(LIVES_ON))),
        }
    }

    /// Puts token and record in their place. A person decides whether another user's token may go, and where this one is kept when its
    /// store fails.
    fn place(
        &self,
        token: &AccessToken,
        mut record: Record,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<Placed, Box<(Outcome, Error)>> {
        let profile = &self.login.profile;
        let mut may_go = None;
        loop {
            match self.try_to_place(token, &record, may_go.as_ref()) {
                Ok(placed) => return Ok(placed),
                Err(Unplaced::AnotherUser { held, new }) => {
                    match may_replace(profile, &held, &new, conversation, terminal) {
                        Ok(()) => may_go = Some(held),
                        Err(error) => return Err(Box::new((Outcome::AnotherUser { user: new }, error))),
                    }
                }
                Err(Unplaced::Failed(error)) => {
                    let place = elsewhere(error, token, record.store, conversation, terminal);
                    record.store = place.map_err(|error| Box::new((Outcome::StoreFailed, error)))?;
                }
            }
        }
    }

    /// The same, by what is known at that moment: another login may have ended since this one began.
    fn try_to_place(
        &self,
        token: &AccessToken,
        record: &Record,
        may_go: Option<&ServerText>,
    ) -> Result<Placed, Unplaced> {
        let (change, known) =
            Profiles::begin_change(self.folder).map_err(|error| Unplaced::Failed(unwritten(error)))?;
        let before = known.find(&record.profile);
        if let (Some(held), Some(new)) = (before.and_then(user), user(record))
            && held != new
            && may_go != Some(&held)
        {
            return Err(Unplaced::AnotherUser { held, new });
        }
        let replaced = Replaced::kept(before, self.folder).filter(|replaced| !replaced.is(token));
        write(&change, token, record, before, self.folder).map_err(Unplaced::Failed)?;
        let mut warning = None;
        if let Some(before) = before.filter(|before| before.store != record.store && before.token.is_some())
            && let Err(error) = store::open(before.store, self.folder).delete(&record.profile)
        {
            warning = Some(format!("the old token is still in the {}: {error}", before.store));
        }
        Ok(Placed { store: record.store, replaced, warning })
    }
}

/// A person's word that another user's token may go; elsewhere it stays.
fn may_replace(
    profile: &Profile,
    held: &ServerText,
    new: &ServerText,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let question = format!("{profile} is a login of {held}, and this token is one of {new}. Replace it?");
    if terminal.is_interactive() && conversation.confirm(&question, false, terminal)? {
        return Ok(());
    }
    Err(another_user(profile, held, new))
}

/// Where a person wants the token, whose store failed, to be kept; elsewhere, or when it goes nowhere, the error.
fn elsewhere(
    error: Error,
    token: &AccessToken,
    store: StoreKind,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<StoreKind, Error> {
    if !terminal.is_interactive() {
        return Err(error);
    }
    terminal.report(&error);
    let question = format!(
        "The token is not kept yet. Try the {store} again (t), keep it in a private file (f), print it (p), or give up (g)?"
    );
    match conversation.ask(&question, Echo::Shown, terminal)?.as_deref().map(String::as_str) {
        Some("f") => Ok(StoreKind::File),
        Some("p") => {
            terminal.only_copy(token.expose())?;
            Err(Error::new(Exit::Store, "the token was printed and is kept nowhere"))
        }
        Some("g") | None => Err(error),
        _ => Ok(store),
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

/// Whose token the record tells of, where that is known.
fn user(record: &Record) -> Option<ServerText> {
    record.token.as_ref()?.user.clone()
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
/// far it came. One retry, since a keyring may have been busy. The lock is that of `Profiles::begin_change`, with `before` as it was then.
pub(in crate::commands) fn write(
    _: &Lock,
    token: &AccessToken,
    record: &Record,
    before: Option<&Record>,
    folder: &Path,
) -> Result<(), Error> {
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

/// A store without its record is of no use: it counts as one that failed.
pub(in crate::commands) fn unwritten(error: ProfilesError) -> Error {
    Error::from(error).with_exit(Exit::Store)
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
            StoreKind::File => system::PRIVATE_FILE.to_owned(),
        },
        expires: text(token.expires_at.map(Timestamp::day)),
    }
}
