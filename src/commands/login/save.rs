//! Checks a new token at Quay, then stores it.

use std::time::Duration;

use crate::browser_login::{LoginOutcome, StoredSummary};
use crate::commands::revoke::revoke_by_hand;
use crate::domain::{AccessToken, Scopes, ServerText, StoreKind, Timestamp};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::keyboard::Echo;
use crate::quay::{Client, Identity, TokenRefusal, Verification, verify};
use crate::settings::{LoginSettings, Settings};
use crate::store::{self, Profile, Saved, StoredToken, Vault};
use crate::terminal::Terminal;

use super::conversation::Conversation;
use super::finishing::Progress;
use super::previous_token::PreviousToken;

/// A token that is not stored yet.
pub(super) struct NewToken<'a> {
    pub(super) token: &'a AccessToken,
    /// The lifetime, if it is known.
    pub(super) expires_in: Option<Duration>,
    pub(super) scopes: Option<Scopes>,
    /// The profile as it will be, without the token.
    pub(super) profile: Profile,
}

/// A token that was stored.
pub(super) struct SavedToken {
    profile: Profile,
    stored: StoredToken,
    warnings: Vec<String>,
    pub(super) previous: Option<PreviousToken>,
}

/// A token that was not stored: what the page shows, and what the terminal shows.
pub(super) struct SaveFailure {
    pub(super) outcome: LoginOutcome,
    pub(super) error: Error,
}

/// What happened in the store.
struct WrittenToken {
    previous: Option<PreviousToken>,
    saved: Saved,
}

enum WriteError {
    /// The profile has the token of a user, and nobody has agreed to replace it by one of another or an unknown user.
    AnotherUser { stored: ServerText },
    /// The store or `profiles.toml` failed.
    Failed(Error),
}

pub(super) struct TokenSaver<'a> {
    pub(super) login: &'a LoginSettings,
    pub(super) client: &'a Client,
    pub(super) vault: &'a Vault,
}

impl TokenSaver<'_> {
    /// Asks Quay whether it accepts the token, and whose it is, and stores it unless Quay refuses it.
    pub(super) fn save(
        &self,
        new: NewToken<'_>,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<SavedToken, Box<SaveFailure>> {
        let id = &self.login.profile;
        let mut warnings = Vec::new();

        terminal.start_waiting(&format!("Checking the token at {}", id.host));
        let verification = verify(self.client, new.token);
        terminal.stop_waiting();
        let (identity, verified) = match verification {
            Verification::Accepted(identity) => (identity, true),
            Verification::Refused(reason) => {
                let error = not_valid(self.login, &reason);
                return Err(Box::new(SaveFailure { outcome: LoginOutcome::NotValid, error }));
            }
            Verification::Unreachable(error) => {
                let reason = Error::from(error).summary();
                warnings.push(format!("could not check whether Quay accepts the token: {reason}."));
                (Identity::default(), false)
            }
            Verification::Unclear { status } => {
                let answer = self.client.describe_answer(status);
                warnings.push(format!("could not check whether Quay accepts the token: {answer}."));
                (Identity::default(), false)
            }
        };
        let stored = StoredToken {
            user: identity.user,
            scopes: new.scopes,
            uuid: identity.uuid,
            expires_at: new.expires_in.and_then(|lifetime| Timestamp::now().checked_add(lifetime)),
            verified,
            ..StoredToken::unverified(new.token)
        };
        let mut profile = Profile { token: Some(stored.clone()), ..new.profile };
        let unlisted = PreviousToken::find_unlisted(&profile, self.vault, self.client, terminal);
        match self.write_or_ask(new.token, &mut profile, unlisted, conversation, terminal) {
            Ok(WrittenToken { previous, saved }) => {
                warnings.extend(saved_warnings(saved, self.login));
                let previous = previous.filter(|previous| !previous.has_expired());
                Ok(SavedToken { profile, stored, warnings, previous })
            }
            Err(mut failure) => {
                let advice = format!(
                    "the new token may still be valid at Quay; if you do not need it, {}",
                    revoke_by_hand(&id.host)
                );
                failure.error = failure.error.hint(advice);
                Err(failure)
            }
        }
    }

    /// Stores the token. Asks before it replaces another user's token, and asks where to store it if the store fails.
    fn write_or_ask(
        &self,
        token: &AccessToken,
        profile: &mut Profile,
        mut unlisted: Option<PreviousToken>,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<WrittenToken, Box<SaveFailure>> {
        let mut replaceable_user = None;
        loop {
            conversation.set_progress(Progress::Storing);
            let result = self.try_write(token, profile, &mut unlisted, replaceable_user.as_ref());
            conversation.set_progress(if result.is_ok() { Progress::Stored } else { Progress::NotStored });
            match result {
                Ok(written) => return Ok(written),
                Err(WriteError::AnotherUser { stored }) => {
                    let new = user(profile);
                    if let Err(error) = confirm_replacement(self.login, &stored, new.as_ref(), conversation, terminal) {
                        return Err(Box::new(SaveFailure { outcome: LoginOutcome::AnotherUser { user: new }, error }));
                    }
                    replaceable_user = Some(stored);
                }
                Err(WriteError::Failed(error)) => {
                    profile.store = ask_store(error, token, profile.store, conversation, terminal)
                        .map_err(|error| Box::new(SaveFailure { outcome: LoginOutcome::StoreFailed, error }))?;
                    self.vault.ask_again();
                }
            }
        }
    }

    /// Stores the token in place of whatever the profile holds by now: another login may have finished since this one began.
    fn try_write(
        &self,
        token: &AccessToken,
        profile: &Profile,
        unlisted: &mut Option<PreviousToken>,
        replaceable_user: Option<&ServerText>,
    ) -> Result<WrittenToken, WriteError> {
        let failed = |error| WriteError::Failed(store_error(error, self.login.command()));
        let mut change = self.vault.begin().map_err(failed)?;
        let previous = PreviousToken::load(change.profiles().find(&profile.id), self.vault);
        let previous = previous.or_else(|| unlisted.take()).filter(|previous| !previous.is(token));
        if let Some(stored) = previous.as_ref().and_then(PreviousToken::user)
            && user(profile).as_ref() != Some(stored)
            && replaceable_user != Some(stored)
        {
            let stored = stored.clone();
            *unlisted = previous;
            return Err(WriteError::AnotherUser { stored });
        }
        let saved = change.save(profile, token).map_err(failed)?;
        Ok(WrittenToken { previous, saved })
    }
}

fn not_valid(login: &LoginSettings, refusal: &TokenRefusal) -> Error {
    let hints = [
        "the password of a robot or an account is not a token; create a token by logging in, or in the web UI (\"Generate Token\")".into(),
        login.command().without("--with-token").into(),
    ];
    Error::token_refused(&login.profile.host, "this token; it was not stored", refusal, hints)
}

/// What failed although the token is stored.
fn saved_warnings(saved: Saved, login: &LoginSettings) -> impl Iterator<Item = String> {
    let unreadable = saved.unreadable.map(|error| store_error(error, login.command()).one_line());
    let unreadable = unreadable.map(|error| format!("print-token will fail: {error}"));
    let leftover = saved.leftover.map(|(store, error)| {
        format!(
            "could not delete an older token from the {}: {error}. The next login or logout tries again.",
            store.description()
        )
    });
    let not_updated =
        saved.not_updated.map(|error| format!("{error}, but the new token is stored and used all the same."));
    leftover.into_iter().chain(not_updated).chain(unreadable)
}

/// Asks whether to replace the token of another user. Without a terminal, it is not replaced.
fn confirm_replacement(
    login: &LoginSettings,
    stored: &ServerText,
    new: Option<&ServerText>,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let id = &login.profile;
    let (whose, for_whom) = match new {
        Some(new) => (format!("this token belongs to {new}"), format!(" for {new}")),
        None => ("Quay did not say whose token this is".to_owned(), String::new()),
    };
    let conflict = format!("{id} is logged in as {stored}, but {whose}");
    let question = format!("{conflict}. Replace {stored}'s login?");
    if terminal.is_interactive() && conversation.confirm(&question, false, terminal)? {
        return Ok(());
    }
    let other = login.command().option("--profile", Some("NAME"));
    let again = match login.is_direct() {
        true => login.command().option("--username", Some(stored)).purpose(format!("log in as {stored}")),
        false => login
            .command()
            .without("--with-token")
            .purpose(format!("sign in to Quay as {stored} in your browser, then run")),
    };
    Err(Error::new(Exit::Failure, format!("{conflict}; it was not stored"))
        .hint(again)
        .hint(format!("or use another profile{for_whom}: `{other}`"))
        .hint(CommandLine::of("logout", id).purpose("or log out first")))
}

/// Asks where to store a token whose store has failed. Without a terminal, or if the user gives up, that is the error.
fn ask_store(
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
        "The token is not stored yet. Try the {} again (t), store it in the token file (f), print it (p) or give up (g)?",
        store.description()
    );
    match conversation.ask(&question, Echo::Shown, terminal)?.as_deref().map(String::as_str) {
        Some("f") => Ok(StoreKind::File),
        Some("p") => {
            terminal.print_only_copy(token.expose())?;
            Err(Error::new(Exit::Store, "the token was printed, but not stored"))
        }
        Some("g") | None => Err(error),
        _ => Ok(store),
    }
}

impl SavedToken {
    /// Tells the user that the login has succeeded, in two lines.
    pub(super) fn report(&self, login: &LoginSettings, settings: &Settings, terminal: &mut Terminal) {
        let id = &self.profile.id;
        let user = self.stored.user.as_ref().map(|user| format!(" as {user}")).unwrap_or_default();
        terminal.done(&format!("Logged in to {}{user}.", id.host));
        let scopes = self.stored.scopes.as_ref().map_or_else(|| "scopes unknown".to_owned(), Scopes::to_string);
        let expiry =
            self.stored.expires_at.map(|end| format!(" Expires on {}.", end.day_or_time())).unwrap_or_default();
        let profile = if id.name.is_default() { String::new() } else { format!(" as {id}") };
        let store = self.profile.store.description();
        terminal.say(&format!("  Stored in the {store}{profile} ({scopes}).{expiry}"));
        self.warnings.iter().for_each(|warning| terminal.warn(warning));
        terminal.detail(&format!("  Use it in scripts with: {}", settings.short_command("print-token", id)));
        if login.has_new_client_id() {
            terminal.say(&format!("  Tell others how to log in: {}", settings.short_command("share", id)));
        }
    }

    /// The same for the page. `in_history` is whether the browser's history may have a token that is still valid.
    pub(super) fn summary(&self, in_history: bool) -> StoredSummary {
        StoredSummary {
            profile: self.profile.id.clone(),
            user: self.stored.user.clone(),
            scopes: self.stored.scopes.clone(),
            store: self.profile.store,
            expires_at: self.stored.expires_at,
            verified: self.stored.verified,
            in_history,
        }
    }
}

/// A profile with the settings of this login, and without a token.
pub(in crate::commands) fn new_profile(login: &LoginSettings) -> Profile {
    Profile {
        id: login.profile.clone(),
        client_id: login.client_id.clone(),
        redirect_uri: Some(login.redirect_uri.clone()),
        scopes: Some(login.scopes.clone()),
        store: login.store,
        ca_file: login.connection.ca_file.clone(),
        allow_http: login.connection.allow_http,
        token: None,
        pending: None,
    }
}

/// The user of the profile's token, if it is known.
fn user(profile: &Profile) -> Option<ServerText> {
    profile.token.as_ref()?.user.clone()
}

/// The store has failed for the profile that `login` logs in to. A token is of no use without its profile, so a failing `profiles.toml`
/// counts as a failing store.
pub(in crate::commands) fn store_error(error: store::Error, login: CommandLine) -> Error {
    Error::in_store(error, login).with_exit(Exit::Store)
}
