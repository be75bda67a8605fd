//! Tokens in the desktop's keyring on Linux and BSD, by the Secret Service on the session bus. Which calls it takes is `bus.rs`.

mod bus;

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use self::bus::{Bus, Unlocked};
use super::{Error, Store};
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
        within(DEADLINE, move |bus| {
            let found = bus.search(&profile.to_string())?;
            let Some(item) = found.unlocked.first() else {
                // In a locked collection there may be an entry that the search could not see.
                let hidden = !found.locked.is_empty() || bus.default_is_locked()?;
                return if hidden { Err(Error::Locked) } else { Ok(None) };
            };
            let damaged = || Error::Damaged(profile.clone());
            let secret = bus.secret(item)?;
            let text = str::from_utf8(&secret).map_err(|_| damaged())?;
            AccessToken::parse(text.to_owned()).map(Some).map_err(|_| damaged())
        })
    }

    fn set(&self, profile: &Profile, token: &AccessToken) -> Result<(), Error> {
        let user = profile.to_string();
        let secret = Zeroizing::new(token.expose().to_owned());
        within(DEADLINE, move |bus| bus.create(&user, secret.as_bytes()))
    }

    fn delete(&self, profile: &Profile) -> Result<bool, Error> {
        let user = profile.to_string();
        within(DEADLINE, move |bus| {
            let found = bus.search(&user)?;
            if !found.locked.is_empty() {
                return Err(Error::Locked);
            }
            for item in &found.unlocked {
                bus.delete(item)?;
            }
            Ok(!found.unlocked.is_empty())
        })
    }

    fn make_ready(&self) -> Result<(), Error> {
        let locked = within(DEADLINE, |bus| {
            bus.default_collection()?;
            bus.default_is_locked()
        })?;
        if !locked {
            return Ok(());
        }
        // The desktop's own dialogue asks; where nobody can be asked, it is dismissed at once.
        match within(UNLOCK, |bus| bus.unlock_default(UNLOCK))? {
            Unlocked::Yes => Ok(()),
            Unlocked::Dismissed => Err(Error::Locked),
        }
    }
}

/// Does `work` on a thread of its own, which is left behind when the deadline passes: libdbus cannot be interrupted.
///
/// A call that got no reply is tried once more, within the same deadline.
fn within<T: Send + 'static>(
    deadline: Duration,
    work: impl Fn(&Bus) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let until = Instant::now() + deadline;
    let (done, result) = mpsc::channel();
    let attempt = move || work(&Bus::connect()?);
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
