//! Calls of the Secret Service API (specifications.freedesktop.org/secret-service, 0.2).
//!
//! They use `dbus` directly, because no crate for the Secret Service lets its caller choose the first call, see [`Bus::connect`].

use std::cell::Cell;
use std::collections::HashMap;
use std::mem;
use std::path::Path as FilePath;
use std::slice;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dbus::Path;
use dbus::arg::{PropMap, RefArg, Variant};
use dbus::blocking::stdintf::org_freedesktop_dbus::Properties;
use dbus::blocking::{Connection, Proxy};
use dbus::message::MatchRule;
use zeroize::Zeroizing;

use super::session_bus;
use crate::domain::ServerText;
use crate::store::{self, Dialog, Error, Prompt};

/// The keyring's name on the bus.
const BUS_NAME: &str = "org.freedesktop.secrets";

/// The path of the service.
const SERVICE: &str = "/org/freedesktop/secrets";

/// The path of the collection for new entries.
const DEFAULT_COLLECTION: &str = "/org/freedesktop/secrets/aliases/default";

const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
const ITEM_INTERFACE: &str = "org.freedesktop.Secret.Item";
const PROMPT_INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// How long one call may take. A call and its repetition fit into the time limit of a read.
const CALL_TIMEOUT: Duration = Duration::from_millis(2400);

/// How long a person may take to answer a dialog.
const DIALOG_TIMEOUT: Duration = Duration::from_secs(60);

/// A prompt that is not completed by then shows a dialog. KeePassXC also prompts if it has nothing to ask, and completes that at once.
const DIALOG_DELAY: Duration = Duration::from_millis(300);

/// How often to check whether a prompt was dismissed.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A secret as it is sent: session, parameters, value, content type.
type Secret<'a> = (Path<'a>, Vec<u8>, Vec<u8>, String);

/// An entry. The API calls it an item.
pub(super) type Item = Path<'static>;

/// The attributes of an entry, by which it is found.
pub(super) type Attributes = HashMap<String, String>;

/// A connection to the Secret Service.
pub(super) struct Bus {
    connection: Connection,
    prompt: Prompt,
    /// Whether the default collection is locked. `None` if there is none.
    is_locked: Cell<Option<bool>>,
}

/// The entries that a search found.
pub(super) struct Found {
    /// They can be read.
    pub(super) unlocked: Vec<Item>,
    /// They cannot be read, because their collection is locked or the keyring asks for confirmation.
    pub(super) locked: Vec<Item>,
    /// Whether a locked collection may have more.
    pub(super) may_be_more: bool,
}

impl Bus {
    /// Connects, and asks whether the default collection is locked.
    ///
    /// `OpenSession` must not be the first call: gnome-keyring (42 to 50 at least) then sometimes fails an assertion and exits. That happened
    /// in three of 11 000 reads, and in none of 24 000 reads with another call before it.
    pub(super) fn connect(prompt: Prompt, runtime_folder: Option<&FilePath>) -> Result<Self, Error> {
        let bus = Bus { connection: session_bus::connect(runtime_folder)?, prompt, is_locked: Cell::new(None) };
        match bus.object(&Path::from(DEFAULT_COLLECTION)).get(COLLECTION_INTERFACE, "Locked") {
            Ok(is_locked) => bus.is_locked.set(Some(is_locked)),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(bus)
    }

    fn object<'a>(&'a self, path: &'a Path<'a>) -> Proxy<'a, &'a Connection> {
        self.connection.with_proxy(BUS_NAME, path, CALL_TIMEOUT)
    }

    /// Calls a method of the service.
    fn call<A, R>(&self, method: &str, arguments: A) -> Result<R, Error>
    where
        A: dbus::arg::AppendAll,
        R: dbus::arg::ReadAll + 'static,
    {
        Ok(self.object(&Path::from(SERVICE)).method_call(SERVICE_INTERFACE, method, arguments)?)
    }

    /// Unlocks the default collection, if the keyring may prompt. Fails if there is none, or if it stays locked.
    pub(super) fn open_default(&self) -> Result<(), Error> {
        match self.is_locked.get() {
            None => Err(Error::NoDefaultCollection),
            Some(false) => Ok(()),
            Some(true) => self.unlock_default(),
        }
    }

    /// The entries with these attributes. Unlocks the default collection first, if the keyring may prompt.
    pub(super) fn search(&self, attributes: &Attributes) -> Result<Found, Error> {
        if self.is_locked.get() == Some(true) && matches!(self.prompt, Prompt::Allowed(_)) {
            self.open_default()?;
        }
        let is_locked = self.is_locked.get();
        // While all databases of KeePassXC (2.7) are locked, it opens a dialog before it responds to a search.
        let (unlocked, locked) = if is_locked == Some(false) || self.has_unlocked_collection()? {
            self.call("SearchItems", (attributes,))?
        } else {
            (Vec::new(), Vec::new())
        };
        Ok(Found { unlocked, locked, may_be_more: is_locked == Some(true) })
    }

    /// Unlocks the locked entries, if the keyring may prompt. Otherwise fails if no entry can be read, but there is or may be one.
    pub(super) fn unlock_found(&self, mut found: Found) -> Result<Found, Error> {
        match (&self.prompt, found.locked.first()) {
            (Prompt::Allowed(_), Some(_)) => {
                self.unlock(&found.locked)?;
                found.unlocked.extend(mem::take(&mut found.locked));
                Ok(found)
            }
            (Prompt::Never, Some(first)) if found.unlocked.is_empty() => Err(self.reason_of_lock(first)?),
            (_, None) if found.unlocked.is_empty() && found.may_be_more => Err(Error::Locked),
            _ => Ok(found),
        }
    }

    fn has_unlocked_collection(&self) -> Result<bool, Error> {
        let collections: Vec<Path<'static>> =
            self.object(&Path::from(SERVICE)).get(SERVICE_INTERFACE, "Collections")?;
        for collection in &collections {
            let is_locked: bool = self.object(collection).get(COLLECTION_INTERFACE, "Locked")?;
            if !is_locked {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The attributes of an entry. `None` if it was deleted after the search.
    pub(super) fn attributes(&self, item: &Item) -> Result<Option<Attributes>, Error> {
        match self.object(item).get(ITEM_INTERFACE, "Attributes") {
            Ok(attributes) => Ok(Some(attributes)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Why an entry is locked: its collection is locked, or the user must confirm that a program reads the entry.
    fn reason_of_lock(&self, item: &Item) -> Result<Error, Error> {
        let collection = item.rsplit_once('/').map_or("/", |(collection, _)| collection);
        let is_locked: bool = self.object(&Path::from(collection)).get(COLLECTION_INTERFACE, "Locked")?;
        Ok(if is_locked { Error::Locked } else { Error::NeedsConfirmation })
    }

    /// The secrets of these entries. `None` if one was deleted after the search.
    pub(super) fn secrets(&self, items: &[Item]) -> Result<Option<Vec<store::Secret>>, Error> {
        let mut secrets = Vec::new();
        if items.is_empty() {
            return Ok(Some(secrets));
        }
        let session = self.open_session()?;
        for item in items {
            let secret: Result<(Secret<'_>,), _> =
                self.object(item).method_call(ITEM_INTERFACE, "GetSecret", (&session,));
            match secret {
                Ok((secret,)) => secrets.push(Zeroizing::new(secret.2)),
                Err(error) if is_missing(&error) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(secrets))
    }

    /// Stores a secret in the default collection, in the entry with these attributes or in a new one.
    ///
    /// `CreateItem` could also replace an entry, but KeePassXC (2.7) then asks its user each time, even if that is switched off.
    pub(super) fn store(&self, label: &str, attributes: &Attributes, secret: &[u8]) -> Result<(), Error> {
        self.open_default()?;
        let default = Path::from(DEFAULT_COLLECTION);
        let (existing,): (Vec<Path<'static>>,) =
            self.object(&default).method_call(COLLECTION_INTERFACE, "SearchItems", (attributes,))?;
        let session = self.open_session()?;
        let secret: Secret<'_> = (session, Vec::new(), secret.to_vec(), "text/plain".to_owned());
        if let Some(item) = existing.first() {
            if matches!(self.prompt, Prompt::Allowed(_)) {
                self.unlock(&existing[..1])?;
            }
            match self.object(item).method_call(ITEM_INTERFACE, "SetSecret", (secret.clone(),)) {
                Ok(()) => return Ok(()),
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let properties = PropMap::from([
            (format!("{ITEM_INTERFACE}.Label"), Variant(Box::new(label.to_owned()) as Box<dyn RefArg>)),
            (format!("{ITEM_INTERFACE}.Attributes"), Variant(Box::new(attributes.clone()) as Box<dyn RefArg>)),
        ]);
        let replace = true;
        let (_item, prompt): (Path<'_>, Path<'static>) =
            self.object(&default).method_call(COLLECTION_INTERFACE, "CreateItem", (properties, secret, replace))?;
        self.confirm(&prompt)
    }

    pub(super) fn delete(&self, item: &Item) -> Result<(), Error> {
        match self.delete_unlocked(item) {
            // Not before: without a confirmation, KeePassXC does not let programs read some entries, but it deletes them.
            Err(Error::Locked) => {
                self.unlock(slice::from_ref(item))?;
                self.delete_unlocked(item)
            }
            result => result,
        }
    }

    fn delete_unlocked(&self, item: &Item) -> Result<(), Error> {
        let prompt: Result<(Path<'static>,), _> = self.object(item).method_call(ITEM_INTERFACE, "Delete", ());
        match prompt {
            Ok((prompt,)) => self.confirm(&prompt),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Unlocks collections or entries.
    fn unlock(&self, objects: &[Path<'static>]) -> Result<(), Error> {
        let Prompt::Allowed(dialog) = &self.prompt else { return Err(Error::Locked) };
        let (unlocked, prompt): (Vec<Path<'_>>, Path<'static>) = self.call("Unlock", (objects,))?;
        let is_unlocked = if is_nothing(&prompt) { !unlocked.is_empty() } else { self.complete(&prompt, dialog)? };
        if is_unlocked { Ok(()) } else { Err(Error::NotConfirmed) }
    }

    /// Unlocks the default collection. A user who has refused that is not asked again by the next step of the same command.
    fn unlock_default(&self) -> Result<(), Error> {
        if let Prompt::Allowed(dialog) = &self.prompt
            && dialog.was_refused()
        {
            return Err(Error::NotUnlocked);
        }
        let result = self.unlock(&[Path::from(DEFAULT_COLLECTION)]);
        match (&self.prompt, &result) {
            (_, Ok(())) => self.is_locked.set(Some(false)),
            (Prompt::Allowed(dialog), Err(Error::NotConfirmed | Error::Unanswered(_))) => dialog.refuse(),
            _ => {}
        }
        result.map_err(|error| if matches!(error, Error::NotConfirmed) { Error::NotUnlocked } else { error })
    }

    /// Completes the prompt that a write returned, if there is one.
    fn confirm(&self, prompt: &Path<'static>) -> Result<(), Error> {
        let Prompt::Allowed(dialog) = &self.prompt else {
            return if is_nothing(prompt) { Ok(()) } else { Err(Error::NeedsConfirmation) };
        };
        if is_nothing(prompt) || self.complete(prompt, dialog)? { Ok(()) } else { Err(Error::NotConfirmed) }
    }

    /// Performs a prompt, and waits until it is completed. Returns whether the user agreed, which is `false` after a dismissal.
    fn complete(&self, prompt: &Path<'static>, dialog: &Dialog) -> Result<bool, Error> {
        let answer = Arc::new(Mutex::new(None));
        let rule = MatchRule::new_signal(PROMPT_INTERFACE, "Completed").with_path(prompt.clone());
        let matching = self.connection.add_match(rule, {
            let answer = Arc::clone(&answer);
            move |(is_dismissed, _): (bool, Variant<Box<dyn RefArg>>), _, _| {
                *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(!is_dismissed);
                true
            }
        })?;
        if !dialog.begin() {
            return Ok(false);
        }
        let answer = self.wait_for_answer(prompt, dialog, &answer);
        dialog.end();
        self.connection.remove_match(matching)?;
        answer
    }

    fn wait_for_answer(
        &self,
        prompt: &Path<'static>,
        dialog: &Dialog,
        answer: &Mutex<Option<bool>>,
    ) -> Result<bool, Error> {
        let no_window = "";
        let () = self.object(prompt).method_call(PROMPT_INTERFACE, "Prompt", (no_window,))?;
        let start = Instant::now();
        loop {
            self.connection.process(POLL_INTERVAL)?;
            if let Some(answer) = *answer.lock().unwrap_or_else(PoisonError::into_inner) {
                return Ok(answer);
            }
            if dialog.is_dismissed() {
                self.dismiss(prompt);
                return Ok(false);
            }
            if start.elapsed() >= DIALOG_TIMEOUT {
                self.dismiss(prompt);
                return Err(Error::Unanswered(DIALOG_TIMEOUT));
            }
            if start.elapsed() >= DIALOG_DELAY {
                dialog.open();
            }
        }
    }

    /// Tells the keyring that quay-auth no longer waits for the answer. The dialogs of KeePassXC and KWallet stay open all the same.
    ///
    /// gnome-keyring (up to 50 at least) is not told, because it would fail an assertion in `perform_next_unlock` and exit.
    fn dismiss(&self, prompt: &Path<'static>) {
        let bus = self.connection.with_proxy("org.freedesktop.DBus", "/org/freedesktop/DBus", CALL_TIMEOUT);
        let owner = |name| {
            bus.method_call("org.freedesktop.DBus", "GetNameOwner", (name,)).ok().map(|(owner,): (String,)| owner)
        };
        if owner("org.gnome.keyring") != owner(BUS_NAME) {
            // It makes no difference whether the keyring supports this call.
            let _: Result<(), _> = self.object(prompt).method_call(PROMPT_INTERFACE, "Dismiss", ());
        }
    }

    /// Opens a plain session. A Diffie-Hellman session would make a read three times as slow, and protects nothing here: a process that can
    /// watch the user's bus can also ask for the entry (docs/architecture.md, "Decisions").
    fn open_session(&self) -> Result<Path<'static>, Error> {
        let no_input = Variant("");
        let (_output, session): (Variant<Box<dyn RefArg>>, _) = self.call("OpenSession", ("plain", no_input))?;
        Ok(session)
    }
}

/// Whether the path means "none".
fn is_nothing(path: &Path<'_>) -> bool {
    &**path == "/"
}

/// Whether the object does not exist, or no longer.
fn is_missing(error: &dbus::Error) -> bool {
    matches!(last_part(error), "UnknownMethod" | "UnknownObject" | "UnknownInterface" | "NoSuchObject")
}

/// The last part of the error's name, which says what kind of error it is.
fn last_part(error: &dbus::Error) -> &str {
    error.name().unwrap_or_default().rsplit('.').next().unwrap_or_default()
}

impl From<dbus::Error> for Error {
    fn from(error: dbus::Error) -> Self {
        match last_part(&error) {
            "NoReply" | "Timeout" | "TimedOut" => Error::NotResponding,
            "IsLocked" => Error::Locked,
            "ServiceUnknown" | "NameHasNoOwner" => Error::NoService(None),
            "AccessDenied" => Error::NoService(Some("the session bus does not let this program use one".into())),
            "SpawnFailed" | "ExecFailed" | "ChildExited" | "ChildSignaled" => {
                Error::NoService(Some("the one that is installed could not be started".into()))
            }
            "Disconnected" | "IOError" => Error::NoBus("the session bus closed the connection".into()),
            _ => {
                let message = ServerText::from(error.message().unwrap_or_default());
                Error::Keyring(format!("its service replied: {message}").into())
            }
        }
    }
}
