//! What the recorded Quay held: its applications and assignments, and the tokens before each case.
//!
//! Read off the names of the cases and off their answers: the recordings themselves hold requests only.

use std::time::{Duration, SystemTime};

use crate::quay::{Application, Assignment, Quay, Repository, Token};

/// The applications of the recorded Quay: client id, name, registered redirect URI.
const APPLICATIONS: [(&str, &str, &str); 8] = [
    ("acmecallback00000001", "quay-auth callback", "http://localhost:8976/callback"),
    ("acmenoredirect000001", "quay-auth no redirect", ""),
    ("acmerootredirect0001", "quay-auth root", "http://localhost:8976/"),
    ("acmebareorigin000001", "quay-auth bare origin", "http://localhost:8976"),
    ("acmeloopback00000001", "quay-auth loopback", "http://127.0.0.1:8976/callback"),
    ("acmenoport0000000001", "quay-auth no port", "http://localhost/callback"),
    ("acmeslash00000000001", "quay-auth slash", "http://localhost:8976/callback/"),
    ("acmequery00000000001", "quay-auth query", "http://localhost:8976/callback?tenant=1"),
];

/// The repositories, in the order of T1c: name, description, whether anybody may pull.
const REPOSITORIES: [(&str, Option<&str>, bool); 5] = [
    ("public/publicrepo", Some("Public repository pullable by the world."), true),
    ("acme/private1", None, false),
    ("acme/public1", None, true),
    ("alice/mine", None, false),
    ("acme/tmp1795424505", Some(""), false),
];

/// Bob's assignments to the first application, as the J cases spend them; J1 made the first.
const ASSIGNMENTS: [&str; 3] = [
    "d7218a99-6be4-4f36-8f4c-b241bba4e5e3",
    "7aee83ed-ff6b-4a8e-97bf-3bb9f478cb77",
    "c876b5e8-079f-4e42-838d-69b9a848c103",
];

/// Alice's tokens from P on, the oldest first: number, scopes, uuid where a recording names it.
///
/// Those without a recorded number are named so for their place in the lists of S1 or for P4d.
const TOKENS: [(u32, &str, &str); 17] = [
    (220, "user:read", "b1d9b595-6bdb-4d5c-b7d6-3ca2fe1818d9"),
    (601, "user:read", "5fafa6b8-8d63-42c0-b4bd-41c75b48847d"),
    (503, "repo:read", ""),
    (504, "repo:write", ""),
    (505, "repo:admin", ""),
    (506, "repo:create", ""),
    (507, "user:admin", ""),
    (508, "org:admin", "28b8946a-033b-4c15-acb3-19d862b6a4a6"),
    (509, "super:user", ""),
    (512, "user:read", ""),
    (513, "user:read", "c2abd8b5-5225-49e8-b7d1-d8c653e6a382"),
    (514, "user:admin", "8158e603-9c54-42f8-8bc8-121823282811"),
    (515, "org:admin", "263d4990-6d22-4c24-ae1f-192a8c1714ea"),
    (517, "user:read", ""),
    (602, "user:read,repo:read", "ff14120c-7f8e-48c7-81d2-23e298b9167c"),
    (510, "user:admin,user:read", "b767cc56-cda1-4af7-b4c4-86e8a935b4f8"),
    (603, "org:admin,user:admin", "09fcc3ed-d847-446a-88c7-8921a7eb6735"),
];

/// What the recorded Quay held from the beginning.
pub(super) fn prepare(quay: &Quay) {
    let mut world = quay.world();
    for (client_id, name, redirect_uri) in APPLICATIONS {
        let application = Application {
            organization: "acme".to_owned(),
            name: name.to_owned(),
            description: "loopback test app".to_owned(),
            homepage: "http://localhost:8976".to_owned(),
            redirect_uri: redirect_uri.to_owned(),
        };
        world.applications.insert(client_id.to_owned(), application);
    }
    for uuid in ASSIGNMENTS {
        world.assignments.push(Assignment {
            uuid: uuid.to_owned(),
            user: "bob".to_owned(),
            client_id: APPLICATIONS[0].0.to_owned(),
        });
    }
    for (name, description, is_public) in REPOSITORIES {
        let (namespace, name) = name.split_once('/').unwrap_or_default();
        let description = description.map(str::to_owned);
        world.repositories.push(Repository { description, is_public, ..Repository::new(namespace, name) });
    }
    if let Some(alice) = world.users.get_mut("alice") {
        alice.password = "REDACTEDpassword".to_owned();
    }
}

/// The tokens that exist when a case begins; `None`: those that the cases before it left.
///
/// Up to O the recorder emptied Quay of tokens between the cases, or made those that the names tell of.
pub(super) fn tokens_before(name: &str) -> Option<Vec<Token>> {
    let alices = |scopes| token(501, scopes, "");
    match name.split(' ').next().unwrap_or(name) {
        "D16" => Some(vec![expired(alices("user:read,repo:read"))]),
        "D17" | "D18" => Some(vec![alices("repo:admin")]),
        "D19" | "D20" => Some(vec![alices("user:admin")]),
        "D21" => Some(vec![alices("user:read"), alices("repo:read")]),
        // Bob's token of J6 covers what J8 asks for, alice's of N3 what N3b does.
        "J7" | "J7b" | "J8" | "N3b" => None,
        "P1" => Some(
            TOKENS
                .map(|(number, scopes, uuid)| match number {
                    512 => expired(token(number, scopes, uuid)),
                    _ => token(number, scopes, uuid),
                })
                .into(),
        ),
        word if word.starts_with('D') => Some(vec![alices("user:read,repo:read")]),
        word if word.starts_with(|letter| letter < 'P') => Some(vec![]),
        _ => None,
    }
}

fn token(number: u32, scopes: &str, uuid: &str) -> Token {
    let now = SystemTime::now();
    Token {
        value: format!("{:x<40}", format!("REDACTEDtok{number}")),
        uuid: match uuid {
            "" => format!("00000000-0000-4000-a000-{number:012}"),
            uuid => uuid.to_owned(),
        },
        user: "alice".to_owned(),
        scopes: scopes.to_owned(),
        client_id: APPLICATIONS[0].0.to_owned(),
        name: None,
        created: now,
        expires_at: now + Duration::from_secs(3600),
        last_accessed: None,
        revoked: false,
    }
}

fn expired(mut token: Token) -> Token {
    token.expires_at = SystemTime::now();
    token
}
