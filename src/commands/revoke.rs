//! Revoking a token at Quay, for `logout` and for a login that replaces a token; and how a person does it.

use crate::domain::{AccessToken, ClientId, Host, ServerText};
use crate::quay::{ActingToken, Client, Identity, Revocation, Verification, revoke, verify};

/// A token to revoke.
pub(super) struct Revocable<'a> {
    pub(super) uuid: Option<&'a ServerText>,
    /// The application that the token was created for.
    pub(super) client_id: Option<&'a ClientId>,
    /// The secret, unless its store has lost it.
    pub(super) token: Option<&'a AccessToken>,
}

impl Revocable<'_> {
    /// Whether `acting` may have the scopes to revoke this token.
    pub(super) fn can_be_revoked_by(&self, acting: &ActingToken<'_>) -> bool {
        acting.can_revoke(self.client_id)
    }

    /// Revokes it, authenticated as the first of these tokens that can do it. If none can, asks Quay whether it is valid at all.
    pub(super) fn revoke(&self, client: &Client, acting: &[&ActingToken<'_>]) -> Revocation {
        let mut result = Revocation::NotPossible;
        for acting in acting.iter().filter(|acting| self.can_be_revoked_by(acting)) {
            result = self.revoke_with(client, acting);
            if matches!(result, Revocation::Done | Revocation::AlreadyInactive | Revocation::Unreachable(_)) {
                return result;
            }
        }
        let token = self.token.filter(|_| matches!(result, Revocation::NotPossible | Revocation::Refused(_)));
        match (&result, token.map(|token| identify(client, token))) {
            (_, Some(Ok(None))) => Revocation::AlreadyInactive,
            (Revocation::NotPossible, Some(Ok(Some(_)))) => Revocation::StillValid,
            (Revocation::NotPossible, Some(Err(Revocation::Unreachable(error)))) => Revocation::Unreachable(error),
            _ => result,
        }
    }

    /// Revokes it, authenticated as `acting`.
    fn revoke_with(&self, client: &Client, acting: &ActingToken<'_>) -> Revocation {
        let uuid = match (self.uuid, self.token) {
            (Some(uuid), _) => uuid.clone(),
            (None, None) => return Revocation::Refused("its UUID is not known".to_owned()),
            (None, Some(token)) => match identify(client, token) {
                Ok(Some(Identity { uuid: Some(uuid), .. })) => uuid,
                Ok(Some(Identity { uuid: None, .. })) => {
                    return Revocation::Refused(format!("{} does not say its UUID", client.host()));
                }
                Ok(None) => return Revocation::AlreadyInactive,
                Err(failure) => return failure,
            },
        };
        revoke(client, acting, uuid.as_str(), self.client_id)
    }
}

/// Whose token it is, or `None` if Quay refuses it. Fails if Quay says neither.
fn identify(client: &Client, token: &AccessToken) -> Result<Option<Identity>, Revocation> {
    match verify(client, token) {
        Verification::Accepted(identity) => Ok(Some(identity)),
        Verification::Refused(_) => Ok(None),
        Verification::Unreachable(error) => Err(Revocation::Unreachable(error)),
        Verification::Unclear { status } => Err(Revocation::Failed(client.describe_answer(status))),
    }
}

/// How a person revokes a token, in a few words. docs/getting-started.md has each step in both of Quay's web UIs.
pub(super) fn revoke_by_hand(host: &Host) -> String {
    format!("revoke it at {host}: account settings, \"External logins\", \"Authorized Applications\"")
}
