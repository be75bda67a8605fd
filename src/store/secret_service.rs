//! Tokens in the desktop's keyring on Linux and BSD, by the Secret Service protocol on the session bus.
//!
//! The session is plain: the bus is the user's own, a process that may watch it may ask for the item itself, and a
//! Diffie-Hellman exchange costs three times the whole read.

use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use dbus_secret_service::{EncryptionType, Error as ServiceError, SecretService as Service};
use zeroize::Zeroizing;

use super::{Error, SERVICE, Store};
use crate::domain::{AccessToken, Profile};

/// One deadline over a whole read or write, retries included.
const DEADLINE: Duration = Duration::from_secs(5);

/// How long a person may take to unlock the keyring.
const UNLOCK: Duration = Duration::from_secs(60);

/// The keyring of this session.
pub(super) struct SecretService;

impl Store for SecretService {
    fn get(&self, profile: &Profile) -> Result<Option<AccessToken>, Error> {
        let profile = profile.clone();
        within(DEADLINE, move |service| {
            let user = profile.to_string();
            let found = service.search_items(attributes(&user))?;
            let Some(item) = found.unlocked.first() else {
                return if found.locked.is_empty() && !is_locked(service)? { Ok(None) } else { Err(Error::Locked) };
            };
            let damaged = || Error::Damaged(profile.clone());
            let text = String::from_utf8(item.get_secret()?).map_err(|_| damaged())?;
            AccessToken::parse(text).map(Some).map_err(|_| damaged())
        })
    }

    fn set(&self, profile: &Profile, token: &AccessToken) -> Result<(), Error> {
        let user = profile.to_string();
        let secret = Zeroizing::new(token.expose().to_owned());
        within(DEADLINE, move |service| {
            let collection = default_collection(service)?;
            if collection.is_locked()? {
                return Err(Error::Locked);
            }
            let label = format!("{SERVICE}: {user}");
            collection.create_item(&label, attributes(&user), secret.as_bytes(), true, "text/plain")?;
            Ok(())
        })
    }

    fn delete(&self, profile: &Profile) -> Result<bool, Error> {
        let user = profile.to_string();
        within(DEADLINE, move |service| {
            let found = service.search_items(attributes(&user))?;
            if !found.locked.is_empty() {
                return Err(Error::Locked);
            }
            for item in &found.unlocked {
                item.delete()?;
            }
            Ok(!found.unlocked.is_empty())
        })
    }

    fn make_ready(&self) -> Result<(), Error> {
        let locked = within(DEADLINE, |service| Ok(default_collection(service)?.is_locked()?))?;
        if locked {
            // The desktop's own dialogue asks; where nobody can be asked, it is dismissed at once.
            within(UNLOCK, |service| Ok(default_collection(service)?.unlock()?))?;
        }
        Ok(())
    }
}

/// What our entries are found by; `secret-tool lookup service quay-auth username …` finds them too.
fn attributes(user: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("username", user)])
}

/// The collection that takes new entries.
fn default_collection(service: &Service) -> Result<dbus_secret_service::Collection<'_>, Error> {
    service.get_default_collection().map_err(|error| match error {
        ServiceError::NoResult => Error::NoDefaultCollection,
        other => other.into(),
    })
}

/// Whether the default collection is locked: then an entry that was not found may still be in it.
fn is_locked(service: &Service) -> Result<bool, Error> {
    match service.get_default_collection() {
        Ok(collection) => Ok(collection.is_locked()?),
        Err(ServiceError::NoResult) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Does `work` on a thread of its own, which is left behind when the deadline passes: libdbus cannot be interrupted.
///
/// A call that got no reply is tried once more, within the same deadline.
fn within<T: Send + 'static>(
    deadline: Duration,
    work: impl Fn(&Service) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let until = Instant::now() + deadline;
    let (done, result) = mpsc::channel();
    let attempt = move || {
        let prompt = if deadline == UNLOCK { UNLOCK.as_secs() } else { 0 };
        let service = Service::connect_with_max_prompt_timeout(EncryptionType::Plain, prompt)?;
        work(&service)
    };
    let worker = thread::Builder::new().name("keyring".to_owned()).spawn(move || {
        let first = attempt();
        let result = if matches!(first, Err(Error::NotAnswering)) { attempt() } else { first };
        let _ = done.send(result);
    });
    if let Err(error) = worker {
        return Err(Error::Keyring(Box::new(error)));
    }
    result.recv_timeout(until.saturating_duration_since(Instant::now())).unwrap_or(Err(Error::NotAnswering))
}

impl From<ServiceError> for Error {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Locked | ServiceError::Prompt => Error::Locked,
            ServiceError::Unavailable => Error::NoService(None),
            ServiceError::Dbus(bus) => {
                let name = bus.name().unwrap_or_default().rsplit('.').next().unwrap_or_default().to_owned();
                let cause: super::Cause = Box::new(bus);
                match name.as_str() {
                    "NoReply" | "Timeout" | "TimedOut" => Error::NotAnswering,
                    "IsLocked" => Error::Locked,
                    "ServiceUnknown" | "NameHasNoOwner" | "AccessDenied" | "SpawnFailed" | "ExecFailed"
                    | "ChildExited" | "ChildSignaled" => Error::NoService(Some(cause)),
                    "NoServer" | "FileNotFound" | "BadAddress" | "NotSupported" | "Disconnected" | "AuthFailed"
                    | "IOError" | "NoNetwork" => Error::NoBus(Some(cause)),
                    _ => Error::Keyring(cause),
                }
            }
            other => Error::Keyring(Box::new(other)),
        }
    }
}
