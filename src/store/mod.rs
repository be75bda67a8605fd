//! Where profiles and tokens are stored.
//!
//! | file | subject |
//! | --- | --- |
//! | `vault` | the one way to them: reads a token that belongs to its profile |
//! | `change` | changes to them, one process at a time: save, delete, finish what was interrupted |
//! | `profile`, `profiles` | what is known besides the secrets, and its file |
//! | `file`, `native`, `secret_service` | the stores |
//!
//! To add a store: a file here with the methods of [`Store`], a variant of `StoreKind`, the shared test. "No token" is no error, and a
//! failing store is one: the two are never confused. No store is used in place of another.

mod change;
mod file;
#[cfg(any(windows, target_os = "macos"))]
mod native;
mod profile;
mod profiles;
mod prompt;
#[cfg(all(unix, not(target_os = "macos")))]
mod secret_service;
mod vault;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::domain::{AccessToken, Fingerprint, ProfileId, StoreKind};
use crate::files;

pub(crate) use change::Saved;
pub(crate) use profile::{DockerState, Leftover, OriginalDockerFile, Profile, StoredToken};
use profiles::VERSION;
pub(crate) use profiles::{Profiles, ProfilesError};
pub(crate) use prompt::{Dialog, Prompt};
pub(crate) use vault::{Interrupted, Lookup, Vault};

/// The files of a data folder that name hosts.
pub(crate) const FILES: [&str; 2] = [profiles::NAME, file::NAME];

/// Why a store could not do what it was asked; each has its own next step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no session bus, or its address is stale.
    #[error("the keyring cannot be reached: there is no session bus")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NoBus(#[source] Cause),
    /// The bus is there, but nothing offers a keyring on it.
    #[error("no keyring service runs here")]
    NoService(#[source] Option<Cause>),
    /// The keyring has no collection that takes new entries.
    #[error("the keyring has no default collection")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NoDefaultCollection,
    /// It is locked, and nobody was asked to unlock it.
    #[error("the keyring is locked")]
    Locked,
    /// It is locked. Its user did not unlock it, or could not be asked.
    #[error("the keyring is locked, and nobody unlocked it")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NotUnlocked,
    /// It asks its user each time before it gives out a secret, and nobody was asked.
    #[error("the keyring asks for confirmation before it gives the token to a program")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NeedsConfirmation,
    /// Its user did not agree.
    #[error("the keyring asked for confirmation and did not get it")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NotConfirmed,
    /// Its user did not answer a dialog for so long.
    #[error("nobody answered the keyring's dialog within {} seconds", .0.as_secs())]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    Unanswered(Duration),
    /// Its service did not respond within the deadline.
    #[error("the keyring is not responding")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NotResponding,
    /// Its entry for this profile is not a token.
    #[error("the {} has an entry for {_1} that is not a token", .0.description())]
    Damaged(StoreKind, ProfileId),
    /// Its entry for this profile is another token than the one that was stored.
    #[error("the {} has another token for {_1} than the one that quay-auth stored", .0.description())]
    Mismatch(StoreKind, ProfileId),
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
    BrokenFile(PathBuf),
    /// A newer version of this program wrote the token file.
    #[error("a newer quay-auth wrote {} (format {version}; this one knows up to {VERSION})", path.display())]
    NewerFile {
        path: PathBuf,
        /// Its format version.
        version: u32,
    },
    /// The profiles could not be read or written.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    /// The tokens cannot be written as a file of this kind.
    #[error("the tokens cannot be written: {0}")]
    Unwritable(String),
    /// Which entries of the keyring belong to this data folder is not known.
    #[error("{} is damaged", .0.display())]
    BrokenFolderId(PathBuf),
}

/// What a lower library said.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Tells the keyring entries of one data folder from those of others: 32 hex digits, chosen at random once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FolderId(String);

impl fmt::Display for FolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an entry contains, which may be no token; wiped on drop.
type Secret = Zeroizing<Vec<u8>>;

/// What a store has for one profile.
struct Entries {
    /// One normally; several where the keyring has several collections.
    secrets: Vec<Secret>,
    /// Whether there can be no others, in a locked collection.
    are_all: bool,
}

/// A place that stores tokens.
trait Store {
    /// Every entry for that profile. Never prompts.
    fn entries(&self, id: &ProfileId) -> Result<Entries, Error>;

    /// The written names, `NAME@HOST`, of all profiles that have an entry, where the store can list them without a prompt.
    fn names(&self) -> Result<Vec<String>, Error>;

    /// Stores the token in place of the one before. If it fails, the one before is still there.
    fn set(&self, id: &ProfileId, token: &AccessToken) -> Result<(), Error>;

    /// Deletes every entry for that profile except one with the fingerprint `keep`. No error if there is none.
    fn delete_except(&self, id: &ProfileId, keep: Option<&Fingerprint>) -> Result<(), Error>;

    /// Tries whether `set` will work, unlocking the store where that is allowed.
    fn prepare(&self) -> Result<(), Error>;
}

/// The name under which the keyring lists our entries, on every system.
const SERVICE: &str = "quay-auth";

/// What each store must do alike; its own tests call this.
#[cfg(test)]
fn check_store(store: &dyn Store) {
    let id = |name: &str| ProfileId { host: "http://localhost:8080".parse().unwrap(), name: name.parse().unwrap() };
    let (one, two) = (id("default"), id("admin"));
    let token = |c: &str| AccessToken::parse(c.repeat(40)).unwrap();
    let stored = |id| -> Vec<String> {
        let secrets = store.entries(id).unwrap().secrets;
        secrets.iter().map(|secret| String::from_utf8(secret.to_vec()).unwrap()).collect()
    };
    store.prepare().unwrap();
    assert!(stored(&one).is_empty());
    store.delete_except(&one, None).unwrap();
    store.set(&one, &token("a")).unwrap();
    store.set(&two, &token("b")).unwrap();
    assert_eq!((stored(&one), stored(&two)), (vec!["a".repeat(40)], vec!["b".repeat(40)]));
    store.set(&one, &token("c")).unwrap();
    assert_eq!((stored(&one), stored(&two)), (vec!["c".repeat(40)], vec!["b".repeat(40)]));
    let longest = AccessToken::parse("x".repeat(4096)).unwrap();
    store.set(&one, &longest).unwrap();
    store.delete_except(&one, Some(&longest.fingerprint())).unwrap();
    assert_eq!(stored(&one), ["x".repeat(4096)]);
    let mut names = store.names().unwrap();
    names.sort();
    assert_eq!(names, ["admin@localhost:8080", "default@localhost:8080"]);
    store.delete_except(&one, Some(&token("a").fingerprint())).unwrap();
    assert_eq!((stored(&one), stored(&two)), (Vec::new(), vec!["b".repeat(40)]));
    store.delete_except(&two, None).unwrap();
    assert!(stored(&two).is_empty());
}
