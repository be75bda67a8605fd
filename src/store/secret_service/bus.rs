//! The calls of the Secret Service that a token store needs (specifications.freedesktop.org/secret-service, 0.2).
//!
//! Written on `dbus` itself for one reason, which no wrapper allows: the order of the first two calls, see [`Bus::connect`].

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

/// Who responds.
const NAME: &str = "org.freedesktop.secrets";

/// Where it responds.
const ROOT: &str = "/org/freedesktop/secrets";

/// Where the collection is that takes new entries.
const DEFAULT: &str = "/org/freedesktop/secrets/aliases/default";

/// The interfaces that are called.
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
const ITEM_INTERFACE: &str = "org.freedesktop.Secret.Item";
const PROMPT_INTERFACE: &str = "org.freedesktop.Secret.Prompt";

/// How long one call may take. A first try and its repetition fit into a read's deadline.
const CALL: Duration = Duration::from_millis(2400);

/// How long a person may take to answer a dialog.
const DIALOG: Duration = Duration::from_secs(60);

/// A prompt that takes longer shows a dialog. KeePassXC answers with one where it has nothing to ask, and completes it at once.
const SILENT: Duration = Duration::from_millis(300);

/// How often a dialog is looked after.
const GLANCE: Duration = Duration::from_millis(50);

/// A secret as it is sent: session, parameters, value, content type.
type Secret<'a> = (Path<'a>, Vec<u8>, Vec<u8>, String);

/// An entry.
pub(super) type Item = Path<'static>;

/// What an entry is found by.
pub(super) type Attributes = HashMap<String, String>;

/// A connection to the Secret Service.
pub(super) struct Bus {
    connection: Connection,
    prompt: Prompt,
    /// Whether the default collection is locked; `None` where there is none.
    is_locked: Cell<Option<bool>>,
}

/// What a search found.
pub(super) struct Found {
    /// Entries that can be read.
    pub(super) unlocked: Vec<Path<'static>>,
    /// Entries that cannot, because their collection is locked or their keyring asks for confirmation.
    pub(super) locked: Vec<Path<'static>>,
    /// Whether there may be more of them in a locked collection.
    pub(super) may_be_more: bool,
}

impl Bus {
    /// Connects and asks whether the default collection is locked, which every later step needs to know.
    ///
    /// Some call must come before `OpenSession`: gnome-keyring (42 to 50 at least) dies of an assertion when the two race, that is, when
    /// the first message of a client is `OpenSession`. Seen three times in 11 000 reads without, never in 24 000 with a call before it.
    pub(super) fn connect(prompt: Prompt, runtime_folder: Option<&FilePath>) -> Result<Self, Error> {
        let bus = Bus { connection: session_bus::connect(runtime_folder)?, prompt, is_locked: Cell::new(None) };
        match bus.object(&Path::from(DEFAULT)).get(COLLECTION_INTERFACE, "Locked") {
            Ok(is_locked) => bus.is_locked.set(Some(is_locked)),
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(bus)
    }

    /// The object at that path.
    fn object<'a>(&'a self, path: &'a Path<'a>) -> Proxy<'a, &'a Connection> {
        self.connection.with_proxy(NAME, path, CALL)
    }

    /// Calls the service itself.
    fn call<A, R>(&self, method: &str, arguments: A) -> Result<R, Error>
    where
        A: dbus::arg::AppendAll,
        R: dbus::arg::ReadAll + 'static,
    {
        Ok(self.object(&Path::from(ROOT)).method_call(SERVICE_INTERFACE, method, arguments)?)
    }

    /// Unlocks the default collection, where that is allowed. Fails where there is none or it stays locked.
    pub(super) fn open_default(&self) -> Result<(), Error> {
        match self.is_locked.get() {
            None => Err(Error::NoDefaultCollection),
            Some(false) => Ok(()),
            Some(true) => self.unlock_default(),
        }
    }

    /// The entries with these attributes. The default collection is unlocked first, where that is allowed.
    pub(super) fn search(&self, attributes: &Attributes) -> Result<Found, Error> {
        if self.is_locked.get() == Some(true) && matches!(self.prompt, Prompt::Allowed(_)) {
            self.open_default()?;
        }
        let is_locked = self.is_locked.get();
        // While all of its databases are locked, KeePassXC (2.7) responds to a search with a dialog, and only after that.
        let (unlocked, locked) = if is_locked == Some(false) || self.has_unlocked_collection()? {
            self.call("SearchItems", (attributes,))?
        } else {
            (Vec::new(), Vec::new())
        };
        Ok(Found { unlocked, locked, may_be_more: is_locked == Some(true) })
    }

    /// Unlocks the locked entries, where that is allowed. Otherwise fails if no entry can be read but there is or may be one.
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
        let collections: Vec<Path<'static>> = self.object(&Path::from(ROOT)).get(SERVICE_INTERFACE, "Collections")?;
        for collection in &collections {
            let is_locked: bool = self.object(collection).get(COLLECTION_INTERFACE, "Locked")?;
            if !is_locked {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What an entry is found by; `None` if it was deleted after the search.
    pub(super) fn attributes(&self, item: &Item) -> Result<Option<Attributes>, Error> {
        match self.object(item).get(ITEM_INTERFACE, "Attributes") {
            Ok(attributes) => Ok(Some(attributes)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Why an entry is locked: its collection is, or the keyring gives it out only after its user has confirmed it.
    fn reason_of_lock(&self, item: &Path<'static>) -> Result<Error, Error> {
        let collection = item.rsplit_once('/').map_or("/", |(collection, _)| collection);
        let is_locked: bool = self.object(&Path::from(collection)).get(COLLECTION_INTERFACE, "Locked")?;
        Ok(if is_locked { Error::Locked } else { Error::NeedsConfirmation })
    }

    /// The secrets of these entries; `None` if one was deleted after the search.
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

    /// Stores a secret in the default collection: in the entry with these attributes, or in a new one.
    ///
    /// `CreateItem` could replace too, but KeePassXC (2.7) then asks its user each time, also where that is switched off.
    pub(super) fn store(&self, label: &str, attributes: &Attributes, secret: &[u8]) -> Result<(), Error> {
        self.open_default()?;
        let default = Path::from(DEFAULT);
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

    /// Deletes an entry.
    pub(super) fn delete(&self, item: &Path<'static>) -> Result<(), Error> {
        match self.delete_unlocked(item) {
            // KeePassXC deletes what it would not give out without confirmation, so this is only tried now.
            Err(Error::Locked) => {
                self.unlock(slice::from_ref(item))?;
                self.delete_unlocked(item)
            }
            result => result,
        }
    }

    fn delete_unlocked(&self, item: &Path<'static>) -> Result<(), Error> {
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

    /// Unlocks the default collection. Who has refused that is not asked again by every step of a command.
    fn unlock_default(&self) -> Result<(), Error> {
        if let Prompt::Allowed(dialog) = &self.prompt
            && dialog.was_refused()
        {
            return Err(Error::NotUnlocked);
        }
        let result = self.unlock(&[Path::from(DEFAULT)]);
        match (&self.prompt, &result) {
            (_, Ok(())) => self.is_locked.set(Some(false)),
            (Prompt::Allowed(dialog), Err(Error::NotConfirmed | Error::Unanswered(_))) => dialog.refuse(),
            _ => {}
        }
        result.map_err(|error| if matches!(error, Error::NotConfirmed) { Error::NotUnlocked } else { error })
    }

    /// Completes what a write replied with, if it was a prompt.
    fn confirm(&self, prompt: &Path<'static>) -> Result<(), Error> {
        let Prompt::Allowed(dialog) = &self.prompt else {
            return if is_nothing(prompt) { Ok(()) } else { Err(Error::NeedsConfirmation) };
        };
        if is_nothing(prompt) || self.complete(prompt, dialog)? { Ok(()) } else { Err(Error::NotConfirmed) }
    }

    /// Performs a prompt and waits until it is completed; whether the user agreed. Nobody to ask counts as no.
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
        let begin = Instant::now();
        loop {
            self.connection.process(GLANCE)?;
            if let Some(answer) = *answer.lock().unwrap_or_else(PoisonError::into_inner) {
                return Ok(answer);
            }
            if dialog.is_dismissed() {
                self.dismiss(prompt);
                return Ok(false);
            }
            if begin.elapsed() >= DIALOG {
                self.dismiss(prompt);
                return Err(Error::Unanswered(DIALOG));
            }
            if begin.elapsed() >= SILENT {
                dialog.open();
            }
        }
    }

    /// Tells the keyring that nobody waits for the answer any longer. Its dialog may stay open, as those of KeePassXC and KWallet do.
    ///
    /// gnome-keyring (up to 50 at least) is not told: it dies of an assertion in `perform_next_unlock` while its dialog is open.
    fn dismiss(&self, prompt: &Path<'static>) {
        let bus = self.connection.with_proxy("org.freedesktop.DBus", "/org/freedesktop/DBus", CALL);
        let owner = |name| {
            bus.method_call("org.freedesktop.DBus", "GetNameOwner", (name,)).ok().map(|(owner,): (String,)| owner)
        };
        if owner("org.gnome.keyring") != owner(NAME) {
            // Whether that is understood makes no difference.
            let _: Result<(), _> = self.object(prompt).method_call(PROMPT_INTERFACE, "Dismiss", ());
        }
    }

    /// Opens a plain session: the bus is the user's own, a process that can watch it can ask for the entry itself, and a Diffie-Hellman
    /// exchange costs three times the whole read.
    fn open_session(&self) -> Result<Path<'static>, Error> {
        let no_input = Variant("");
        let (_output, session): (Variant<Box<dyn RefArg>>, _) = self.call("OpenSession", ("plain", no_input))?;
        Ok(session)
    }
}

/// The path that means "none".
fn is_nothing(path: &Path<'_>) -> bool {
    &**path == "/"
}

/// Whether the object does not exist: never, or no longer.
fn is_missing(error: &dbus::Error) -> bool {
    matches!(last_part(error), "UnknownMethod" | "UnknownObject" | "UnknownInterface" | "NoSuchObject")
}

/// What kind of error it is: the last part of its name.
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
