//! Ending a token at Quay, for `logout` and for a login that takes the place of one; and how to do it by hand.

use crate::domain::{AccessToken, Host};
use crate::quay::{Authority, Client, Revocation, Verdict, revoke, verify};
use crate::store::{Record, TokenRecord};

/// A token that is to be ended.
pub(super) struct Doomed<'a> {
    /// What is known of it.
    pub(super) known: &'a TokenRecord,
    /// The login that it was made for, with its application.
    pub(super) record: &'a Record,
    /// The token, where it is at hand.
    pub(super) token: Option<&'a AccessToken>,
}

impl Doomed<'_> {
    /// Whether that authority's scopes can be enough, as far as they are known.
    pub(super) fn is_within_reach_of(&self, authority: &Authority<'_>) -> bool {
        authority.can_revoke(self.record.client_id.as_ref())
    }

    /// Ends it by the word of that authority.
    pub(super) fn revoke(&self, client: &Client, authority: &Authority<'_>) -> Revocation {
        if !self.is_within_reach_of(authority) {
            return Revocation::OutOfReach;
        }
        let uuid = match (&self.known.uuid, self.token) {
            (Some(uuid), _) => uuid.to_string(),
            (None, None) => return Revocation::OutOfReach,
            (None, Some(token)) => match verify(client, token) {
                Verdict::Refused(_) => return Revocation::AlreadyEnded,
                Verdict::Accepted(identity) => match identity.uuid {
                    Some(uuid) => uuid.to_string(),
                    None => return Revocation::OutOfReach,
                },
                Verdict::Unreachable(error) => return Revocation::Failed(error.to_string()),
                Verdict::Unclear { status } => {
                    return Revocation::Failed(format!("{} answers with status {status}", client.host()));
                }
            },
        };
        match (revoke(client, authority, &uuid, self.record.client_id.as_ref()), self.token) {
            // That it is not there any more is said only of a token that Quay does not accept any more: what Quay does not find or
            // refuses may be the other token, whose word this is.
            (Revocation::AlreadyEnded, None) => Revocation::OutOfReach,
            (Revocation::AlreadyEnded, Some(token)) => match verify(client, token) {
                Verdict::Refused(_) => Revocation::AlreadyEnded,
                Verdict::Accepted(_) => Revocation::OutOfReach,
                Verdict::Unreachable(error) => Revocation::Failed(error.to_string()),
                Verdict::Unclear { status } => {
                    Revocation::Failed(format!("{} answers with status {status}", client.host()))
                }
            },
            (ended, _) => ended,
        }
    }
}

/// Where a person ends a token, in both web UIs.
pub(super) fn by_hand(host: &Host) -> String {
    format!(
        "end it in the web UI of {host}: account settings, \"External Logins And Applications\" (newer: \"External logins\"), \
         \"Authorized Applications\", \"Revoke Authorization\""
    )
}
