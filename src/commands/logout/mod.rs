//! `logout`: deletes a token here, after revoking it at Quay if its scopes allow that.

mod find;

use std::collections::BTreeMap;
use std::rc::Rc;

use self::find::{find_logins, ids};
use super::choice::choose_host;
use super::keyring_dialog::{AfterSignal, KeyringDialog};
use super::login::store_error;
use super::revoke::{Revocable, revoke_by_hand};
use crate::domain::{AccessToken, Host, ProfileId};
use crate::error::{Error, Exit};
use crate::hint::CommandLine;
use crate::quay::{ActingToken, Client, Revocation};
use crate::settings::{self, Settings, TokenVariable};
use crate::store::{Leftover, Profile, StoredToken, Vault};
use crate::terminal::Terminal;

const DESCRIPTION: &str = "\
Deletes the token from the keyring or token file. Before that, tries to revoke
it at Quay if its scopes are unknown, or include user:admin or org:admin (which
needs Quay 3.18). For any other token, shows how to revoke it in Quay's web UI.

Settings such as the client ID stay for the next login, unless you give --purge.

The exit code is 7 if quay-auth tried to revoke the token and failed, so that it
may still be valid. It is 0 if the scopes do not allow revoking it, and if Quay
says that it was no longer valid.";

const EXAMPLES: &str = "\
Examples:
  # Log out
  quay-auth logout

  # Log out of one of several profiles
  quay-auth logout --profile admin

  # Log out everywhere, and leave no settings behind
  quay-auth logout --all --purge";

#[derive(Debug, clap::Args)]
#[command(before_help = DESCRIPTION, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Log out of every profile, or with --host of every profile of that host
    #[arg(long, conflicts_with = "profile")]
    all: bool,

    /// Delete the settings of the profile too, such as its client ID
    #[arg(long)]
    purge: bool,

    /// Do not contact Quay, so that the token stays valid there
    #[arg(long)]
    no_revoke: bool,
}

/// A token to delete, and what is known of it.
struct Login {
    profile: Profile,
    stored: StoredToken,
    /// An error if its store no longer has it, or has something else in its place.
    token: Result<AccessToken, Error>,
    /// Whether `profiles.toml` lists it.
    is_listed: bool,
}

/// The hosts that cannot be asked, and why.
type Unreachable = BTreeMap<Host, Rc<Error>>;

pub(super) fn run(args: &Args, settings: Settings, terminal: &mut Terminal) -> Result<(), Error> {
    let settings = &if args.all { settings } else { choose_host(settings, terminal)? };
    let dialog = KeyringDialog::allow(AfterSignal::Terminate, terminal)?;
    let vault = settings.vault()?.with_prompts(dialog.prompt());
    let mut errors = Vec::new();
    let (ids, search_error) = ids(args, settings, &vault)?;
    let mut logins = Vec::new();
    let mut without_token = Vec::new();
    for id in &ids {
        match find_logins(id, settings, &vault) {
            Ok(found) => {
                if settings.profiles.find(id).is_some() && !found.iter().any(|login| login.is_listed) {
                    without_token.push(id);
                }
                logins.extend(found);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        // Otherwise a listed profile has met the same error.
        errors.extend(search_error);
    }
    logins.sort_by_key(Login::revoking_rank);
    let mut unreachable = Unreachable::default();
    for (index, login) in logins.iter().enumerate() {
        let others: Vec<ActingToken<'_>> = logins[index..]
            .iter()
            .filter(|other| other.profile.id.host == login.profile.id.host)
            .filter_map(Login::acting)
            .collect();
        errors.extend(login.log_out(&others, args, settings, &vault, &mut unreachable, terminal));
    }
    let mut has_deleted = !logins.is_empty() || args.purge && !without_token.is_empty();
    if args.purge {
        errors.extend(without_token.into_iter().filter_map(|id| delete(id, None, true, &vault, terminal).err()));
    }
    if let Some(failed) = delete_leftovers(&logins, &vault, terminal) {
        has_deleted = true;
        errors.extend(failed);
    }
    match settings.token_variable() {
        TokenVariable::ForHost(host, Ok(_)) => {
            terminal.warn(&format!("QUAY_AUTH_TOKEN is still set and is used for {host}."));
        }
        TokenVariable::ForHost(_, Err(error)) => terminal.warn(&Error::from(settings::Error::Token(error)).one_line()),
        TokenVariable::Unset | TokenVariable::Empty | TokenVariable::WithoutHost(_) => {}
    }
    let mut errors = errors.into_iter();
    let first = errors.next();
    errors.for_each(|error| terminal.warn(&error.one_line()));
    match (first, has_deleted) {
        (Some(error), _) => Err(error),
        (None, true) => Ok(()),
        (None, false) if args.all => {
            Err(Error::new(Exit::NoLogin, "you are not logged in").hint(CommandLine::new("status")))
        }
        (None, false) => {
            let id = settings.profile()?;
            Err(Error::no_login(&id, settings.login_command(&id)))
        }
    }
}

impl Login {
    /// Higher for a token that may be able to revoke others: it goes last.
    fn revoking_rank(&self) -> u8 {
        let can_revoke = |acting: &ActingToken<'_>| acting.can_revoke(self.profile.client_id.as_ref());
        match (&self.stored.scopes, self.acting()) {
            (Some(_), Some(acting)) if can_revoke(&acting) => 2,
            (None, Some(_)) => 1,
            _ => 0,
        }
    }

    /// The token, to authenticate as.
    fn acting(&self) -> Option<ActingToken<'_>> {
        let token = self.token.as_ref().ok()?;
        Some(ActingToken { token, scopes: self.stored.scopes.as_ref() })
    }

    /// Revokes the token at Quay with itself or one of `acting`, and deletes it whether or not that worked.
    fn log_out(
        &self,
        acting: &[ActingToken<'_>],
        args: &Args,
        settings: &Settings,
        vault: &Vault,
        unreachable: &mut Unreachable,
        terminal: &mut Terminal,
    ) -> Vec<Error> {
        let id = &self.profile.id;
        let revocation = match &self.token {
            Ok(_) if self.stored.past_expiry().is_some() => Some(Ok(Revocation::AlreadyInactive)),
            _ if args.no_revoke => None,
            Ok(_) => Some(self.revoke(acting, settings, unreachable, terminal)),
            // Its UUID is known, so another token may be able to. If not, nothing is known about it.
            Err(_) if self.can_be_revoked_by(acting) => Some(self.revoke(acting, settings, unreachable, terminal))
                .filter(|revocation| matches!(revocation, Ok(Revocation::Done))),
            Err(_) => None,
        };
        let is_revoked = matches!(revocation, Some(Ok(Revocation::Done)));
        let deleted = delete(id, Some(self), args.purge, vault, terminal).map_err(|error| match is_revoked {
            true => error.hint(format!("the token was revoked at {}, but this machine still has it", id.host)),
            false => error,
        });
        let is_deleted = matches!(deleted, Ok(true));
        let mut errors: Vec<Error> = deleted.err().into_iter().collect();
        let revocation = match revocation {
            // It does not matter then that Quay could not be asked.
            Some(Err(_)) if !self.can_be_revoked_by(acting) => Some(Ok(Revocation::NotPossible)),
            revocation => revocation,
        };
        errors.extend(self.report(revocation, is_deleted, terminal));
        errors
    }

    /// Fails if Quay cannot be asked. A host that could not be reached is not asked again.
    fn revoke(
        &self,
        acting: &[ActingToken<'_>],
        settings: &Settings,
        unreachable: &mut Unreachable,
        terminal: &mut Terminal,
    ) -> Result<Revocation, Rc<Error>> {
        let id = &self.profile.id;
        if let Some(error) = unreachable.get(&id.host) {
            return Err(Rc::clone(error));
        }
        let ask = || {
            let client = Client::new(&settings.connection(id)?)?;
            terminal.start_waiting(&format!("Revoking the token at {}", id.host));
            let revocable = Revocable {
                uuid: self.stored.uuid.as_ref(),
                client_id: self.profile.client_id.as_ref(),
                token: self.token.as_ref().ok(),
            };
            let revocation = revocable.revoke(&client, &acting.iter().collect::<Vec<_>>());
            terminal.stop_waiting();
            match revocation {
                Revocation::Unreachable(error) => Err(Error::from(error)),
                revocation => Ok(revocation),
            }
        };
        ask().map_err(|error| Rc::clone(unreachable.entry(id.host.clone()).or_insert(Rc::new(error))))
    }

    /// Whether one of these tokens may have the scopes to revoke this one.
    fn can_be_revoked_by(&self, acting: &[ActingToken<'_>]) -> bool {
        acting.iter().any(|acting| acting.can_revoke(self.profile.client_id.as_ref()))
    }

    /// Says what happened to the token here and at Quay.
    fn report(
        &self,
        revocation: Option<Result<Revocation, Rc<Error>>>,
        is_deleted: bool,
        terminal: &mut Terminal,
    ) -> Option<Error> {
        let id = &self.profile.id;
        let host = &id.host;
        let deleted = match self.is_listed {
            true => format!("Deleted the token of {id}"),
            false => format!("Deleted a token of {id} that profiles.toml did not list"),
        };
        let is_missing = self.token.as_ref().is_err_and(|error| error.exit == Exit::NoLogin);
        match (&revocation, &self.token) {
            (Some(Ok(Revocation::Done)), Err(error)) => {
                terminal.done(&format!("Revoked the token of {id}, although {error}."));
            }
            (Some(Ok(Revocation::Done)), Ok(_)) => {
                let deleted = if is_deleted { " and deleted it" } else { "" };
                terminal.done(&format!("Revoked the token of {id}{deleted}."));
            }
            _ if !is_deleted || is_missing => {}
            (Some(Ok(Revocation::AlreadyInactive)), _) => {
                terminal.done(&match self.stored.past_expiry() {
                    Some(expired_at) => format!("{deleted}, which expired on {}.", expired_at.day_or_time()),
                    None => format!("{deleted}, which was no longer valid at {host}."),
                });
            }
            (_, Ok(_)) => terminal.done(&format!("{deleted}.")),
            (_, Err(error)) => terminal.done(&format!("Logged out of {id}, although {error}.")),
        }
        let validity = match (&revocation, self.stored.expires_at) {
            (Some(Ok(Revocation::StillValid)), Some(expires_at)) => {
                format!("it is still valid at Quay until {}", expires_at.day_or_time())
            }
            (Some(Ok(Revocation::StillValid)), None) => "it is still valid at Quay".to_owned(),
            _ => "it may still be valid at Quay".to_owned(),
        };
        let by_hand = format!("{validity}; {}", revoke_by_hand(host));
        let failed = || Error::new(Exit::Network, format!("could not revoke the token of {id} at {host}"));
        match (revocation, &self.token) {
            (Some(Ok(Revocation::Done | Revocation::AlreadyInactive)), _) => None,
            (Some(Ok(Revocation::Unreachable(cause))), _) => {
                Some(failed().hint(by_hand).caused_by_error(&cause.into()))
            }
            (Some(Ok(Revocation::Refused(reason) | Revocation::Failed(reason))), _) => {
                Some(failed().caused_by(reason).hint(by_hand))
            }
            (Some(Err(cause)), _) => Some(failed().with_exit(cause.exit).hint(by_hand).caused_by_error(&cause)),
            (_, Err(error)) if is_missing => Some(Error::new(Exit::NoLogin, error.to_string()).hint(by_hand)),
            (Some(Ok(Revocation::NotPossible | Revocation::StillValid)) | None, _) => {
                terminal.hint(by_hand.as_str());
                None
            }
        }
    }
}

/// Deletes the token, and with `purge` the settings. Returns `false`, and deletes nothing, if a login has stored another token meanwhile.
fn delete(
    id: &ProfileId,
    login: Option<&Login>,
    purge: bool,
    vault: &Vault,
    terminal: &mut Terminal,
) -> Result<bool, Error> {
    let failed = |error| store_error(error, CommandLine::of("login", id));
    let mut change = vault.begin()?;
    if let Some(login) = login.filter(|login| !login.is_listed) {
        let unlisted = Leftover { id: id.clone(), store: login.profile.store };
        let deleted = change.delete_leftover(&unlisted).map(|()| true);
        return deleted.map_err(|error| failed(error).hint(CommandLine::of("logout", id).purpose("to try again")));
    }
    let now = change.profiles().token(id);
    let expected = login.map(|login| &login.stored.fingerprint);
    if now.is_some() && now.map(|token| &token.fingerprint) != expected {
        terminal.warn(&format!("a login stored a new token of {id} meanwhile, which was not deleted."));
        return Ok(false);
    }
    let deletion = change.delete(id, purge);
    if let Some(error) = deletion.leftover {
        return Err(failed(error).hint(CommandLine::of("logout", id).purpose("to try again")));
    }
    if let Some(error) = deletion.not_updated {
        return Err(Error::new(Exit::Store, format!("deleted the token of {id}, but its profile still lists it"))
            .caused_by(failed(error).one_line())
            .hint(CommandLine::of("logout", id).purpose("when the disk has room and can be written to again")));
    }
    if purge {
        terminal.done(&format!("Deleted the settings of {id}."));
    }
    Ok(true)
}

/// Tries again to delete what earlier logins and logouts could not, unless this one has tried it just now. `None` if there was nothing.
fn delete_leftovers(tried: &[Login], vault: &Vault, terminal: &mut Terminal) -> Option<Vec<Error>> {
    let mut leftovers = vault.profiles().ok()?.leftovers().to_vec();
    leftovers.retain(|Leftover { id, store }| {
        tried.iter().all(|login| login.profile.id != *id || login.profile.store != *store)
    });
    if leftovers.is_empty() {
        return None;
    }
    let mut change = match vault.begin() {
        Ok(change) => change,
        Err(error) => return Some(vec![Error::from(error).with_exit(Exit::Store)]),
    };
    let delete = |leftover: &Leftover| match change.delete_leftover(leftover) {
        Ok(()) => {
            let (id, store) = (&leftover.id, leftover.store.description());
            terminal.done(&format!("Deleted an older token of {id} from the {store}."));
            None
        }
        Err(error) => {
            let cause = Error::from(error).one_line();
            let error = Error::new(Exit::Store, leftover.to_string()).caused_by(cause);
            Some(error.hint(CommandLine::new("logout").flag("--all").purpose("to try again")))
        }
    };
    Some(leftovers.iter().filter_map(delete).collect())
}
