//! Stores profiles and tokens.
//!
//! | file | subject |
//! | --- | --- |
//! | `vault` | reads tokens, and is the only way to a store |
//! | `change` | stores and deletes tokens |
//! | `profile`, `profiles` | what is known of a token besides the secret, and `profiles.toml` |
//! | `prompt` | the dialog of a keyring |
//! | `file`, `native`, `secret_service` | the stores |
//!
//! To add a store, add a file here that implements [`Store`], a variant of `StoreKind`, and a call of `check_store` in its test. A store
//! without the token is no error, and a store that fails is one. No store is used in place of another.

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

/// The files in a data folder that contain names of hosts.
pub(crate) const FILES: [&str; 2] = [profiles::NAME, file::NAME];

/// Why a store failed. Each variant has its own hint.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no session bus, or none at the address in the environment.
    #[error("the keyring cannot be reached: there is no session bus")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NoBus(#[source] Cause),
    /// There is a session bus, but no keyring on it.
    #[error("no keyring service runs here")]
    NoService(#[source] Option<Cause>),
    /// The keyring has no collection for new entries.
    #[error("the keyring has no default collection")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NoDefaultCollection,
    /// It is locked, and the user was not asked to unlock it.
    #[error("the keyring is locked")]
    Locked,
    /// It is locked, and the user did not unlock it or could not be asked.
    #[error("the keyring is locked, and nobody unlocked it")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NotUnlocked,
    /// It asks the user each time a program reads a secret, and this command does not let it ask.
    #[error("the keyring asks for confirmation before it gives the token to a program")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NeedsConfirmation,
    /// The user did not agree.
    #[error("the keyring asked for confirmation and did not get it")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NotConfirmed,
    /// The user did not answer a dialog in this time.
    #[error("nobody answered the keyring's dialog within {} seconds", .0.as_secs())]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    Unanswered(Duration),
    /// It did not respond in time.
    #[error("the keyring is not responding")]
    #[cfg_attr(any(windows, target_os = "macos"), expect(dead_code, reason = "of the Secret Service"))]
    NotResponding,
    /// The entry of this profile is not a token.
    #[error("the {} has an entry for {_1} that is not a token", .0.description())]
    Damaged(StoreKind, ProfileId),
    /// The entry of this profile is another token than the one that quay-auth stored.
    #[error("the {} has another token for {_1} than the one that quay-auth stored", .0.description())]
    Mismatch(StoreKind, ProfileId),
    #[error("the token is longer than this system's keyring takes")]
    #[cfg_attr(all(unix, not(target_os = "macos")), expect(dead_code, reason = "only the Windows keyring has a limit"))]
    TooLong,
    /// Any other error of the keyring.
    #[error("the keyring failed")]
    Keyring(#[source] Cause),
    /// The token file, or another file in the data folder, could not be used.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The token file is damaged.
    #[error("{} is damaged", .0.display())]
    BrokenFile(PathBuf),
    /// A newer version of this program wrote the token file.
    #[error("a newer quay-auth wrote {} (format {version}; this one knows up to {VERSION})", path.display())]
    NewerFile { path: PathBuf, version: u32 },
    /// `profiles.toml` could not be read or written.
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    /// A bug, or a system without random numbers.
    #[error("the tokens cannot be written: {0}")]
    Unwritable(String),
    /// `folder-id` is damaged, so it is not known which entries of the keyring belong to this data folder.
    #[error("{} is damaged", .0.display())]
    BrokenFolderId(PathBuf),
}

/// An error of a library.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Distinguishes the keyring entries of a data folder from those of others: 32 random hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FolderId(String);

impl FolderId {
    fn parse(text: &str) -> Option<Self> {
        let is_valid = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_valid.then(|| FolderId(text.to_owned()))
    }
}

impl fmt::Display for FolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The content of an entry, which may not be a token. Wiped from memory when it is dropped.
type Secret = Zeroizing<Vec<u8>>;

/// The entries of a store for one profile.
struct Entries {
    /// Usually one. A keyring with several collections can have more.
    secrets: Vec<Secret>,
    /// False if a locked collection may have others.
    are_all: bool,
}

/// A place that stores tokens.
trait Store {
    /// Every entry of the profile.
    fn entries(&self, id: &ProfileId) -> Result<Entries, Error>;

    /// The profiles that have an entry, as `NAME@HOST`. Empty if the store cannot list them without a prompt.
    fn names(&self) -> Result<Vec<String>, Error>;

    /// Stores the token, and replaces an older one. If that fails, the store still has the older one.
    fn set(&self, id: &ProfileId, token: &AccessToken) -> Result<(), Error>;

    /// Deletes every entry of the profile except the token with the fingerprint `keep`. It is no error if there is none.
    fn delete_except(&self, id: &ProfileId, keep: Option<&Fingerprint>) -> Result<(), Error>;

    /// Checks whether `set` will work, and unlocks the store if it may prompt.
    fn prepare(&self) -> Result<(), Error>;
}

/// The name of the service that all entries of quay-auth have in a keyring.
const SERVICE: &str = "quay-auth";

/// What every store must do. The test of each store calls this.
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
