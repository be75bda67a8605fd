//! The token that a login has replaced: it is still valid at Quay, and often quay-auth can revoke it.

use super::conversation::Conversation;
use crate::commands::revoke::{Revocable, revoke_by_hand};
use crate::domain::{AccessToken, ServerText, StoreKind};
use crate::error::{Error, Exit};
use crate::quay::{ActingToken, Client, Revocation, Verification, verify};
use crate::store::{Lookup, Profile, StoredToken, Vault};
use crate::terminal::Terminal;

pub(super) struct PreviousToken {
    profile: Profile,
    stored: StoredToken,
    /// `None` if the store could not be read.
    token: Option<AccessToken>,
}

impl PreviousToken {
    /// Reads the token of the profile before a new one is stored.
    pub(super) fn load(profile: Option<&Profile>, vault: &Vault) -> Option<Self> {
        let profile = profile?;
        let stored = profile.token.clone()?;
        let token = match vault.find(&profile.id, Some(profile)) {
            Ok(Lookup::Found(_, token)) => Some(token),
            _ => None,
        };
        Some(PreviousToken { profile: profile.clone(), stored, token })
    }

    /// Looks for a token that `profiles.toml` does not list, and asks Quay whose it is.
    pub(super) fn find_unlisted(
        new: &Profile,
        vault: &Vault,
        client: &Client,
        terminal: &mut Terminal,
    ) -> Option<Self> {
        let profiles = vault.profiles().ok()?;
        let is_listed = profiles.token(&new.id).is_some();
        let (store, token) = StoreKind::ALL.into_iter().find_map(|kind| {
            // The store of the new token fails again, with its error, when that is stored. No other one is unlocked for this.
            let found = match kind == new.store {
                true => vault.unlisted(kind, &new.id, &profiles),
                false if is_listed => return None,
                false => vault.without_prompts().unlisted(kind, &new.id, &profiles),
            };
            Some((kind, found.ok()?.into_iter().next()?))
        })?;
        let mut stored = StoredToken::unverified(&token);
        if new.token.as_ref().is_some_and(|new| new.fingerprint == stored.fingerprint) {
            return None;
        }
        match verify(client, &token) {
            Verification::Refused(_) => return None,
            Verification::Accepted(identity) => (stored.user, stored.uuid) = (identity.user, identity.uuid),
            Verification::Unreachable(_) | Verification::Unclear { .. } => {}
        }
        let user = stored.user.as_ref().map_or_else(|| "an unknown user".to_owned(), ToString::to_string);
        let (store, id) = (store.description(), &new.id);
        terminal
            .warn(&format!("the {store} already has a token of {user} for {id}, although profiles.toml lists none."));
        Some(PreviousToken { profile: Profile { token: None, ..new.clone() }, stored, token: Some(token) })
    }

    /// Whose token it is, if that is known.
    pub(super) fn user(&self) -> Option<&ServerText> {
        self.stored.user.as_ref()
    }

    /// Whether it needs no revoking, by this machine's clock.
    pub(super) fn has_expired(&self) -> bool {
        self.stored.past_expiry().is_some()
    }

    /// Whether it is the new token itself, so that nothing was replaced.
    pub(super) fn is(&self, token: &AccessToken) -> bool {
        self.stored.fingerprint == token.fingerprint()
    }

    /// Whether the new token, or this one itself, is known to have the scopes to revoke this one.
    pub(super) fn can_be_revoked_by(&self, new: &ActingToken<'_>) -> bool {
        let itself = self.acting();
        let mut acting = std::iter::once(new).chain(&itself).filter(|acting| acting.scopes.is_some());
        acting.any(|acting| self.revocable().can_be_revoked_by(acting))
    }

    fn revocable(&self) -> Revocable<'_> {
        Revocable {
            uuid: self.stored.uuid.as_ref(),
            client_id: self.profile.client_id.as_ref(),
            token: self.token.as_ref(),
        }
    }

    /// This token as one that revokes itself.
    fn acting(&self) -> Option<ActingToken<'_>> {
        self.token.as_ref().map(|token| ActingToken { token, scopes: self.stored.scopes.as_ref() })
    }

    /// Revokes it at Quay with the new token or with itself. Asks the user first, unless `revoke_old` is set. If it cannot be
    /// revoked, says how to do that in the web UI.
    pub(super) fn revoke(
        self,
        new: &ActingToken<'_>,
        revoke_old: bool,
        client: &Client,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<(), Error> {
        let host = &self.profile.id.host;
        let by_hand = format!("your previous token may still be valid; {}", revoke_by_hand(host));
        let (revocable, itself) = (self.revocable(), self.acting());
        // A token with unknown scopes may not be able to do it, so it is tried only if the user asked for it with --revoke-old.
        let acting: Vec<&ActingToken<'_>> = std::iter::once(new)
            .chain(&itself)
            .filter(|acting| revoke_old || acting.scopes.is_some())
            .filter(|acting| revocable.can_be_revoked_by(acting))
            .collect();
        if acting.is_empty() {
            terminal.hint(by_hand.as_str());
            return Ok(());
        }
        if !revoke_old {
            if !terminal.is_interactive() {
                terminal.hint(by_hand.as_str());
                terminal.hint("next time, add --revoke-old to revoke the previous token");
                return Ok(());
            }
            let question = format!("Revoke your previous token at {host}?");
            let answer = conversation.confirm(&question, true, terminal);
            if answer.as_ref().is_err_and(|error| error.exit == Exit::Timeout) {
                terminal.hint(by_hand.as_str());
                return Ok(());
            }
            let is_confirmed = answer.map_err(|error| {
                Error::new(error.exit, "the new token is stored, but the question was not answered")
                    .hint(by_hand.clone())
            })?;
            if !is_confirmed {
                return Ok(());
            }
        }
        match revocable.revoke(client, &acting) {
            Revocation::Done => terminal.done(&format!("Revoked your previous token at {host}.")),
            Revocation::AlreadyInactive => {
                terminal.say(&format!("  Your previous token was no longer valid at {host}."));
            }
            Revocation::NotPossible | Revocation::StillValid => terminal.hint(by_hand.as_str()),
            Revocation::Unreachable(error) => {
                terminal.warn(&format!("could not revoke your previous token: {}.", Error::from(error).summary()));
                terminal.hint(by_hand.as_str());
            }
            Revocation::Refused(reason) | Revocation::Failed(reason) => {
                terminal.warn(&format!("could not revoke your previous token: {reason}."));
                terminal.hint(by_hand.as_str());
            }
        }
        Ok(())
    }
}
