//! The calls of the Secret Service that a token store takes (specifications.freedesktop.org/secret-service, 0.2).
//!
//! Written on `dbus` itself for one reason, which no wrapper lets through: the order of the first two calls, see [`Bus::connect`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dbus::Path;
use dbus::arg::{PropMap, RefArg, Variant};
use dbus::blocking::stdintf::org_freedesktop_dbus::Properties;
use dbus::blocking::{Connection, Proxy};
use dbus::message::MatchRule;
use zeroize::Zeroizing;

use crate::store::{Cause, Error, SERVICE};

/// Who answers.
const NAME: &str = "org.freedesktop.secrets";

/// Where it answers.
const ROOT: &str = "/org/freedesktop/secrets";

/// The interfaces that are spoken.
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
const ITEM_INTERFACE: &str = "org.freedesktop.Secret.Item";
const PROMPT_INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// How long one call may take. A first try and its repetition fit into a read's deadline.
const CALL: Duration = Duration::from_millis(2400);

/// A secret as it travels: session, parameters, value, content type.
type Secret<'a> = (Path<'a>, Vec<u8>, Vec<u8>, String);

/// A connection to the Secret Service.
pub(super) struct Bus {
    /// The session bus.
    connection: Connection,
    /// The collection that takes new entries; `/` where there is none.
    default: Path<'static>,
}

/// What a search found.
pub(super) struct Found {
    /// Entries that can be read.
    pub(super) unlocked: Vec<Path<'static>>,
    /// Entries in a locked collection.
    pub(super) locked: Vec<Path<'static>>,
}

/// What became of a request to unlock.
pub(super) enum Unlocked {
    /// The collection is open.
    Yes,
    /// Nobody opened it.
    Dismissed,
}

impl Bus {
    /// Connects and asks for the default collection, which every later step may need.
    ///
    /// Some call must come before `OpenSession`: gnome-keyring (42 to 50 at least) dies of an assertion when the two race, that is, when
    /// the first message of a client is `OpenSession`. Seen three times in 11 000 reads without, never in 24 000 with a call before it.
    pub(super) fn connect() -> Result<Self, Error> {
        let connection = Connection::new_session()?;
        let (default,) =
            proxy(&connection, &Path::from(ROOT)).method_call(SERVICE_INTERFACE, "ReadAlias", ("default",))?;
        Ok(Bus { connection, default })
    }

    /// The object at that path.
    fn object<'a>(&'a self, path: &'a Path<'a>) -> Proxy<'a, &'a Connection> {
        proxy(&self.connection, path)
    }

    /// Calls the service itself.
    fn call<A, R>(&self, method: &str, arguments: A) -> Result<R, Error>
    where
        A: dbus::arg::AppendAll,
        R: dbus::arg::ReadAll + 'static,
    {
        Ok(self.object(&Path::from(ROOT)).method_call(SERVICE_INTERFACE, method, arguments)?)
    }

    /// The collection that takes new entries.
    pub(super) fn default_collection(&self) -> Result<&Path<'static>, Error> {
        if is_nothing(&self.default) { Err(Error::NoDefaultCollection) } else { Ok(&self.default) }
    }

    /// Whether the default collection is locked; one that does not exist is not.
    pub(super) fn default_is_locked(&self) -> Result<bool, Error> {
        if is_nothing(&self.default) {
            return Ok(false);
        }
        Ok(self.object(&self.default).get(COLLECTION_INTERFACE, "Locked")?)
    }

    /// Our entries for that user name.
    pub(super) fn search(&self, user: &str) -> Result<Found, Error> {
        let (unlocked, locked) = self.call("SearchItems", (attributes(user),))?;
        Ok(Found { unlocked, locked })
    }

    /// The secret of an entry.
    pub(super) fn secret(&self, item: &Path<'static>) -> Result<Zeroizing<Vec<u8>>, Error> {
        let session = self.open_session()?;
        let (secret,): (Secret<'_>,) = self.object(item).method_call(ITEM_INTERFACE, "GetSecret", (session,))?;
        Ok(Zeroizing::new(secret.2))
    }

    /// Makes our entry for that user name, or replaces its secret. Never prompts.
    pub(super) fn create(&self, user: &str, secret: &[u8]) -> Result<(), Error> {
        let collection = self.default_collection()?;
        let label: Box<dyn RefArg> = Box::new(format!("{SERVICE}: {user}"));
        let properties = PropMap::from([
            (format!("{ITEM_INTERFACE}.Label"), Variant(label)),
            (format!("{ITEM_INTERFACE}.Attributes"), Variant(Box::new(owned_attributes(user)) as Box<dyn RefArg>)),
        ]);
        let secret: Secret<'_> = (self.open_session()?, Vec::new(), secret.to_vec(), "text/plain".to_owned());
        let replace = true;
        let (_item, prompt): (Path<'_>, Path<'_>) =
            self.object(collection).method_call(COLLECTION_INTERFACE, "CreateItem", (properties, secret, replace))?;
        if is_nothing(&prompt) { Ok(()) } else { Err(Error::Locked) }
    }

    /// Deletes an entry. Never prompts.
    pub(super) fn delete(&self, item: &Path<'static>) -> Result<(), Error> {
        let (prompt,): (Path<'_>,) = self.object(item).method_call(ITEM_INTERFACE, "Delete", ())?;
        if is_nothing(&prompt) { Ok(()) } else { Err(Error::Locked) }
    }

    /// Lets the desktop ask its user to unlock the default collection.
    pub(super) fn unlock_default(&self, patience: Duration) -> Result<Unlocked, Error> {
        let collection = self.default_collection()?;
        let (unlocked, prompt): (Vec<Path<'_>>, Path<'static>) = self.call("Unlock", (vec![collection],))?;
        if is_nothing(&prompt) {
            return Ok(if unlocked.is_empty() { Unlocked::Dismissed } else { Unlocked::Yes });
        }
        let answer = Arc::new(Mutex::new(None));
        let rule = MatchRule::new_signal(PROMPT_INTERFACE, "Completed").with_path(prompt.clone());
        let _matching = self.connection.add_match(rule, {
            let answer = Arc::clone(&answer);
            move |(dismissed, _): (bool, Variant<Box<dyn RefArg>>), _, _| {
                *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(dismissed);
                false
            }
        })?;
        let no_window = "";
        let () = self.object(&prompt).method_call(PROMPT_INTERFACE, "Prompt", (no_window,))?;
        let until = Instant::now() + patience;
        loop {
            match *answer.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(true) => return Ok(Unlocked::Dismissed),
                Some(false) => return Ok(Unlocked::Yes),
                None if Instant::now() >= until => return Ok(Unlocked::Dismissed),
                None => {}
            }
            self.connection.process(Duration::from_secs(1))?;
        }
    }

    /// Opens a plain session: the bus is the user's own, a process that may watch it may ask for the entry itself, and a
    /// Diffie-Hellman exchange costs three times the whole read.
    fn open_session(&self) -> Result<Path<'static>, Error> {
        let no_input = Variant("");
        let (_output, session): (Variant<Box<dyn RefArg>>, _) = self.call("OpenSession", ("plain", no_input))?;
        Ok(session)
    }
}

/// The object at that path.
fn proxy<'a>(connection: &'a Connection, path: &'a Path<'a>) -> Proxy<'a, &'a Connection> {
    connection.with_proxy(NAME, path, CALL)
}

/// The path that stands for "none".
fn is_nothing(path: &Path<'_>) -> bool {
    &**path == "/"
}

/// What our entries are found by; `secret-tool lookup service quay-auth username …` finds them too.
fn attributes(user: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("username", user)])
}

/// The same, to be kept.
fn owned_attributes(user: &str) -> HashMap<String, String> {
    attributes(user).into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

impl From<dbus::Error> for Error {
    fn from(error: dbus::Error) -> Self {
        let name = error.name().unwrap_or_default().rsplit('.').next().unwrap_or_default().to_owned();
        let cause: Cause = Box::new(error);
        match name.as_str() {
            "NoReply" | "Timeout" | "TimedOut" => Error::NotAnswering,
            "IsLocked" => Error::Locked,
            "ServiceUnknown" | "NameHasNoOwner" | "AccessDenied" | "SpawnFailed" | "ExecFailed" | "ChildExited"
            | "ChildSignaled" => Error::NoService(Some(cause)),
            "NoServer" | "FileNotFound" | "BadAddress" | "NotSupported" | "Disconnected" | "AuthFailed" | "IOError"
            | "NoNetwork" => Error::NoBus(Some(cause)),
            _ => Error::Keyring(cause),
        }
    }
}
