//! Where tokens are kept. To add a place: a file here with `get`, `set` and `delete`, a variant of `StoreKind`, the shared tests.
//!
//! "Absent" is `Ok(None)`, and a failing store is an error: the two are never mixed up. No store falls back on another.

mod file;
#[cfg(test)]
mod memory;
#[cfg(any(windows, target_os = "macos"))]
mod native;
mod profiles;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;

use std::path::Path;

use crate::domain::{AccessToken, Profile, StoreKind};
use crate::files;

pub(crate) use profiles::{DockerRecord, Pending, Profiles, ProfilesError, Record, TokenRecord};

/// Why a store could not do what it was asked; each has its own next step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no session bus, or its address is stale.
    #[error("the keyring cannot be reached: there is no session bus")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NoBus(#[source] Option<Cause>),
    /// The bus is there, but nothing offers a keyring on it.
    #[error("no keyring service runs here")]
    NoService(#[source] Option<Cause>),
    /// The keyring has no collection that takes new entries.
    #[error("the keyring has no default collection")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NoDefaultCollection,
    /// It is locked, and unlocking was not asked for or did not happen.
    #[error("the keyring is locked")]
    Locked,
    /// No answer within the deadline.
    #[error("the keyring does not answer")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NotAnswering,
    /// What it holds for this profile is not a token.
    #[error("what is kept for {0} is not a token")]
    Damaged(Profile),
    /// The token is longer than the keyring takes.
    #[error("the token is longer than this system's keyring takes")]
    #[cfg_attr(all(unix, not(target_os = "macos")), expect(dead_code, reason = "only the Windows keyring has a limit"))]
    TooLong,
    /// Anything else that the keyring said.
    #[error("the keyring failed")]
    Keyring(#[source] Cause),
    /// The token file could not be used.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The token file is not readable as one.
    #[error("{} is damaged", .0.display())]
    BrokenFile(std::path::PathBuf),
}

/// What a lower library said.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A place that keeps tokens.
pub(crate) trait Store {
    /// The token of the profile; `None` where there is none. Never prompts.
    fn get(&self, profile: &Profile) -> Result<Option<AccessToken>, Error>;

    /// Keeps the token, in place of the one before. When it fails, the one before is still there.
    fn set(&self, profile: &Profile, token: &AccessToken) -> Result<(), Error>;

    /// Forgets the token; whether there was one.
    fn delete(&self, profile: &Profile) -> Result<bool, Error>;

    /// Proves that `set` will work, unlocking the store where a person can do so (60 seconds at most).
    fn make_ready(&self) -> Result<(), Error>;
}

/// The store of that kind; `folder` is where the file store keeps its file.
pub(crate) fn open(kind: StoreKind, folder: &Path) -> Box<dyn Store + Send> {
    match kind {
        #[cfg(all(unix, not(target_os = "macos")))]
        StoreKind::Keyring => Box::new(secret_service::SecretService),
        #[cfg(any(windows, target_os = "macos"))]
        StoreKind::Keyring => Box::new(native::Native),
        StoreKind::File => Box::new(file::File::new(folder)),
    }
}

/// The name under which the keyring lists our entries, on every system.
const SERVICE: &str = "quay-auth";

/// What each store must do alike; its own tests call this.
#[cfg(test)]
fn keeps_tokens(store: &dyn Store) {
    let profile = |name: &str| Profile { host: "http://localhost:8080".parse().unwrap(), name: name.parse().unwrap() };
    let (one, two) = (profile("default"), profile("admin"));
    let token = |c: &str| AccessToken::parse(c.repeat(40)).unwrap();
    let kept = |profile| store.get(profile).unwrap().map(|token| token.expose().to_owned());
    store.make_ready().unwrap();
    assert_eq!(kept(&one), None);
    assert!(!store.delete(&one).unwrap());
    store.set(&one, &token("a")).unwrap();
    store.set(&two, &token("b")).unwrap();
    assert_eq!((kept(&one), kept(&two)), (Some("a".repeat(40)), Some("b".repeat(40))));
    store.set(&one, &token("c")).unwrap();
    assert_eq!((kept(&one), kept(&two)), (Some("c".repeat(40)), Some("b".repeat(40))));
    store.set(&one, &AccessToken::parse("x".repeat(4096)).unwrap()).unwrap();
    assert_eq!(kept(&one), Some("x".repeat(4096)));
    assert!(store.delete(&one).unwrap());
    assert_eq!((kept(&one), kept(&two)), (None, Some("b".repeat(40))));
    assert!(store.delete(&two).unwrap());
}
