//! Asks every server about its token, all at the same time: accepted, refused, or not known. A slow or broken server says nothing of a
//! token.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::domain::{AccessToken, Profile, ServerText, StoreKind};
use crate::error::{Error, Exit};
use crate::quay::{Client, Identity, Verdict, verify};
use crate::settings::{LoginFlags, Settings};
use crate::store;

/// How long all answers together may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of a token.
#[derive(Debug)]
pub(super) enum State {
    /// Quay accepts it.
    Accepted(Identity),
    /// Quay does not, in its own words.
    Refused(ServerText),
    /// Quay could not be asked, or answered something else.
    Unknown(String),
    /// Its store failed.
    Unreadable(Error),
    /// Its store does not hold it any more.
    Missing,
    /// Nobody was asked.
    NotAsked,
}

impl State {
    /// The word in the table and in JSON.
    pub(super) fn word(&self) -> &'static str {
        match self {
            State::Accepted(_) => "accepted",
            State::Refused(_) => "refused",
            State::Unknown(_) => "unknown",
            State::Unreadable(_) => "unreadable",
            State::Missing => "missing",
            State::NotAsked => "not asked",
        }
    }

    /// Why, where there is more to say than the word.
    pub(super) fn reason(&self) -> Option<String> {
        match self {
            State::Accepted(_) | State::Missing | State::NotAsked => None,
            State::Refused(reason) => Some(reason.to_string()),
            State::Unknown(reason) => Some(reason.clone()),
            State::Unreadable(error) => Some(error.to_string()),
        }
    }

    /// What is wrong, as an error of `whose` token; `None` where nothing is. The worst comes first by [`State::rank`].
    pub(super) fn into_error(self, whose: &str, profile: &Profile, store: Option<StoreKind>) -> Option<Error> {
        let host = &profile.host;
        let again = match store {
            Some(_) => format!("quay-auth login {}", profile.flags()),
            None => "put another token into QUAY_AUTH_TOKEN, or unset it".to_owned(),
        };
        match self {
            State::Accepted(_) | State::NotAsked => None,
            State::Refused(reason) => Some(
                Error::new(Exit::Refused, format!("{host} does not accept {whose}"))
                    .caused_by(format!("Quay says: {reason}"))
                    .hint(again),
            ),
            State::Unreadable(error) => Some(error),
            State::Missing => {
                let store = store.unwrap_or_default();
                Some(Error::new(Exit::NoLogin, format!("the {store} no longer holds {whose}")).hint(again))
            }
            State::Unknown(reason) => Some(
                Error::new(Exit::Network, format!("it is not known whether {host} accepts {whose}"))
                    .caused_by(reason)
                    .hint("try again; without the network: quay-auth status --offline"),
            ),
        }
    }

    /// How bad it is: a token that is good no more before one that cannot be read, before one that is gone, before one not known of.
    pub(super) fn rank(&self) -> u8 {
        match self {
            State::Refused(_) => 0,
            State::Unreadable(_) => 1,
            State::Missing => 2,
            State::Unknown(_) => 3,
            State::Accepted(_) | State::NotAsked => 4,
        }
    }
}

/// A token to ask about.
pub(super) struct Question {
    /// The login.
    pub(super) profile: Profile,
    /// Where the token is.
    pub(super) place: Place,
}

/// Where a token is.
pub(super) enum Place {
    /// In that store, below that folder.
    Store(StoreKind, PathBuf),
    /// At hand.
    Here(AccessToken),
}

/// Asks about all of them at once; the states come in the order of the questions.
pub(super) fn ask_all(questions: Vec<Question>, settings: &Settings) -> Vec<State> {
    let deadline = Instant::now() + PATIENCE;
    let (answers, answered) = mpsc::channel();
    let mut states = Vec::new();
    for (number, question) in questions.into_iter().enumerate() {
        states.push(State::Unknown(format!("no answer within {} seconds", PATIENCE.as_secs())));
        // What is not allowed, such as plain http to another machine, is not asked.
        let login = match settings.login(&LoginFlags::default(), question.profile.clone()) {
            Ok(login) => login,
            Err(error) => {
                let _ = answers.send((number, State::Unknown(error.to_string())));
                continue;
            }
        };
        let answers = answers.clone();
        let asked = thread::Builder::new().name("status".to_owned()).spawn(move || {
            let _ = answers.send((number, ask(&question, login.ca_file.as_deref())));
        });
        if let Err(error) = asked {
            states[number] = State::Unknown(error.to_string());
        }
    }
    drop(answers);
    // Who has not answered by then is not waited for: the process ends without.
    while let Ok((number, state)) = answered.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        states[number] = state;
    }
    states
}

/// Asks about one.
fn ask(question: &Question, ca_file: Option<&std::path::Path>) -> State {
    let kept;
    let token = match &question.place {
        Place::Here(token) => token,
        Place::Store(kind, folder) => match store::open(*kind, folder).get(&question.profile) {
            Ok(Some(token)) => {
                kept = token;
                &kept
            }
            Ok(None) => return State::Missing,
            Err(error) => return State::Unreadable(error.into()),
        },
    };
    let client = match Client::new(&question.profile.host, ca_file) {
        Ok(client) => client,
        Err(error) => return State::Unknown(error.to_string()),
    };
    match verify(&client, token) {
        Verdict::Accepted(identity) => State::Accepted(identity),
        Verdict::Refused(reason) => State::Refused(reason),
        Verdict::Unreachable(error) => State::Unknown(error.to_string()),
        Verdict::Unclear { status: 200 } => State::Unknown("it answers, but not as Quay does".to_owned()),
        Verdict::Unclear { status } => State::Unknown(format!("it answers with status {status}")),
    }
}
