//! The token that a login took the place of: it is still good at Quay, and can often be ended by this program.

use std::path::Path;

use super::conversation::Conversation;
use crate::commands::revoking::{Doomed, by_hand};
use crate::domain::AccessToken;
use crate::error::Error;
use crate::quay::{Authority, Client, Revocation};
use crate::store::{self, Record, TokenRecord};
use crate::terminal::Terminal;

/// A token that is kept no more.
pub(super) struct Replaced {
    /// Its login.
    record: Record,
    /// What was known of it.
    known: TokenRecord,
    /// The token, where its store still gave it.
    token: Option<AccessToken>,
}

impl Replaced {
    /// The token that is kept for the login, before another one is.
    pub(super) fn kept(record: Option<&Record>, folder: &Path) -> Option<Self> {
        let record = record?;
        let known = record.token.clone()?;
        let token = store::open(record.store, folder).get(&record.profile).ok().flatten();
        Some(Replaced { record: record.clone(), known, token })
    }

    /// Whether it is this one, and so was not replaced.
    pub(super) fn is(&self, token: &AccessToken) -> bool {
        self.token.as_ref().is_some_and(|kept| kept.same_as(token))
    }

    /// Ends it where `new` or its own scopes allow that, `unasked` or with the person's word; else says how.
    pub(super) fn end(
        self,
        new: &Authority<'_>,
        unasked: bool,
        client: &Client,
        conversation: &mut Conversation,
        terminal: &mut Terminal,
    ) -> Result<(), Error> {
        let host = &self.record.profile.host;
        let doomed = Doomed { known: &self.known, record: &self.record, token: self.token.as_ref() };
        let own = self.token.as_ref().map(|token| Authority { token, scopes: self.known.scopes.as_ref() });
        // What nobody knows to be allowed is tried only when it was asked for.
        let is_known = |authority: &&Authority<'_>| unasked || authority.scopes.is_some();
        let authorities: Vec<&Authority<'_>> = [Some(new), own.as_ref()]
            .into_iter()
            .flatten()
            .filter(is_known)
            .filter(|authority| doomed.is_within_reach_of(authority))
            .collect();
        let stays = format!("the token before this one stays valid at {host}");
        if authorities.is_empty() {
            terminal.hint(&format!("{stays}; {}", by_hand(host)));
            return Ok(());
        }
        if !unasked {
            if !terminal.is_interactive() {
                terminal.hint(&format!("{stays}; a login with --revoke-old ends it, or: {}", by_hand(host)));
                return Ok(());
            }
            let question = format!("The token before this one is still valid at {host}. Revoke it?");
            let answer = conversation.confirm(&question, true, terminal);
            let is_to_end = answer.map_err(|error| {
                Error::new(error.exit, "the new token is kept, but the question was not answered")
                    .hint(format!("{stays}; {}", by_hand(host)))
            })?;
            if !is_to_end {
                return Ok(());
            }
        }
        let mut ended = Revocation::OutOfReach;
        for authority in authorities {
            ended = doomed.revoke(client, authority);
            if matches!(ended, Revocation::Done | Revocation::AlreadyEnded) {
                break;
            }
        }
        match ended {
            Revocation::Done => terminal.done(&format!("Revoked the token before this one at {host}.")),
            Revocation::AlreadyEnded => terminal.say(&format!("  The token before this one had ended at {host}.")),
            Revocation::OutOfReach => terminal.hint(&format!("{stays}; {}", by_hand(host))),
            Revocation::Failed(reason) => {
                terminal.warn(&format!("the token before this one could not be revoked: {reason}."));
                terminal.hint(&format!("it stays valid; {}", by_hand(host)));
            }
        }
        Ok(())
    }
}
