//! The assignment with which a user who is not an administrator can log in, once.

use crate::domain::{AssignmentId, ClientId, Host};
use crate::error::Error;
use crate::quay::{Client, Release, find_assignment};
use crate::settings::{LoginSettings, Settings};
use crate::store::{Lookup, Profile, Vault};
use crate::terminal::Terminal;

use super::conversation::Conversation;

/// Looks for an assignment, if a token is stored for this host that can list them (`user:admin`). The profile's own token comes first.
pub(super) fn find(
    login: &LoginSettings,
    client_id: &ClientId,
    client: &Client,
    settings: &Settings,
    vault: &Vault,
    conversation: &mut Conversation,
    terminal: &mut Terminal,
) -> Result<Option<AssignmentId>, Error> {
    let host = &login.profile.host;
    let can_list = |profile: &&Profile| {
        let scopes = profile.token.as_ref().and_then(|token| token.scopes.as_ref());
        profile.id.host == *host && scopes.is_some_and(|scopes| scopes.iter().any(|scope| scope == "user:admin"))
    };
    let profile = settings.profiles.iter().filter(can_list).min_by_key(|profile| profile.id != login.profile);
    let Some(profile) = profile else { return Ok(None) };
    // A store that fails here fails again, with its error, before the browser opens.
    let Ok(Lookup::Found(_, token)) = vault.find(&profile.id, Some(profile)) else { return Ok(None) };
    let what = format!("Asking {host} for an assignment");
    let found = conversation.request(&what, terminal, || find_assignment(client, &token, client_id))?;
    Ok(match found {
        Ok(found) => {
            if let Some(assignment) = &found {
                terminal
                    .say(&format!("The application is assigned to you: using --assignment {}.", assignment.as_str()));
            }
            found
        }
        Err(error) => {
            terminal.detail(&format!("Could not ask for assignments: {}.", Error::from(error).summary()));
            None
        }
    })
}

/// Where a user finds the UUID of an assignment, in two lines. Only the old web UI has it.
pub(super) fn where_to_find(host: &Host, release: Release) -> [String; 2] {
    let origin = host.origin();
    let old_ui = if release == Release::OldWebUi { origin } else { format!("{origin}/angular") };
    [
        format!("its UUID is in the old web UI ({old_ui}): account settings,"),
        "\"External Logins And Applications\", in the address behind \"Authorize Application\"".to_owned(),
    ]
}
