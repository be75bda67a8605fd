//! The data of the server of the first 361 recordings: its applications and assignments, and the tokens before each case.
//!
//! Concluded from the names and answers of the cases, because the recordings contain only requests and answers.

use std::time::SystemTime;

use super::super::{Assignment, Quay, Repository, Token};
use super::application;

/// The applications: client ID, name, registered redirect URI.
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

/// The repositories, in the order of case T1c: name, description, whether it is public.
const REPOSITORIES: [(&str, Option<&str>, bool); 5] = [
    ("public/publicrepo", Some("Public repository pullable by the world."), true),
    ("acme/private1", None, false),
    ("acme/public1", None, true),
    ("alice/mine", None, false),
    ("acme/tmp1795424505", Some(""), false),
];

/// Bob's assignments to the first application, in the order in which the cases J use them. J1 created the first.
const ASSIGNMENTS: [&str; 4] = [
    "d7218a99-6be4-4f36-8f4c-b241bba4e5e3",
    "7aee83ed-ff6b-4a8e-97bf-3bb9f478cb77",
    "c876b5e8-079f-4e42-838d-69b9a848c103",
    "804a8fa6-5468-48b3-8af3-02fed521365b",
];

/// Alice's tokens from case P1 on, the oldest first: number, scopes, UUID if a recording has it.
///
/// Those with a number of 600 and more are in the lists of S1 and in P4d, but their values were not recorded.
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

/// Adds the data that the server had from the beginning.
pub(super) fn prepare(quay: &Quay) {
    let mut database = quay.database();
    for (client_id, name, redirect_uri) in APPLICATIONS {
        database.applications.insert(client_id.to_owned(), application(name, redirect_uri));
    }
    for uuid in ASSIGNMENTS {
        database.assignments.push(Assignment {
            uuid: uuid.to_owned(),
            user: "bob".to_owned(),
            client_id: APPLICATIONS[0].0.to_owned(),
            scopes: "repo:read".to_owned(),
            redirect_uri: APPLICATIONS[0].2.to_owned(),
        });
    }
    for (name, description, is_public) in REPOSITORIES {
        let (namespace, name) = name.split_once('/').unwrap_or_default();
        let description = description.map(str::to_owned);
        database.repositories.push(Repository { description, is_public, ..Repository::new(namespace, name) });
    }
    if let Some(alice) = database.users.get_mut("alice") {
        alice.password = "REDACTEDpassword".to_owned();
    }
}

/// Prepares the server for a case. Up to the cases O the recorder deleted all tokens between the cases, or created those
/// that the names mention.
pub(super) fn before(quay: &Quay, case: &str) {
    let alices = |scopes| token(501, scopes, "");
    quay.database().tokens = match case {
        "D16" => vec![expired(alices("user:read,repo:read"))],
        "D17" | "D18" => vec![alices("repo:admin")],
        "D19" | "D20" => vec![alices("user:admin")],
        "D21" => vec![alices("user:read"), alices("repo:read")],
        // Bob's token of J6 covers what J8 asks for, alice's of N3 what N3b does.
        "J7" | "J7b" | "J8" | "N3b" => return,
        "P1" => TOKENS
            .map(|(number, scopes, uuid)| match number {
                512 => expired(token(number, scopes, uuid)),
                _ => token(number, scopes, uuid),
            })
            .into(),
        case if case.starts_with('D') => vec![alices("user:read,repo:read")],
        case if case.starts_with(|letter| letter < 'P') => vec![],
        _ => return,
    };
}

fn token(number: u32, scopes: &str, uuid: &str) -> Token {
    super::token(number, "alice", scopes, APPLICATIONS[0].0, uuid)
}

fn expired(mut token: Token) -> Token {
    token.expires_at = SystemTime::now();
    token
}
