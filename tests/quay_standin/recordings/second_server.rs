//! The data of the later servers: a new 3.18, whose settings change between the cases, and a 3.11 (cases X).
//!
//! Concluded from the names and answers of the cases, because the recordings contain only requests and answers.

use std::time::SystemTime;

use super::super::server_settings::ServerSettings;
use super::super::{Assignment, Failure, Organization, Quay, Release, Repository, Token, User};
use super::application;

const CALLBACK: &str = "acmecallback00000001";
const HTTPS: &str = "acmehttps00000000001";
const LOOPBACK: &str = "acmeloopback00000001";
const DELETED: &str = "acmedeleted000000001";

/// The applications besides those of the first server: client ID, name, registered redirect URI.
const APPLICATIONS: [(&str, &str, &str); 4] = [
    (HTTPS, "quay-auth https", "https://localhost:8976/callback"),
    (DELETED, "quay-auth deleted", "http://localhost:8976/callback"),
    ("acmebarehost00000001", "quay-auth bare host", "http://localhost"),
    ("acmesecond0000000001", "quay-auth second", "http://localhost:8976/callback"),
];

/// A token: number, user, scopes, application, UUID if a recording has it.
type Row = (u32, &'static str, &'static str, &'static str, &'static str);

/// Tokens by the case before which they were created, the oldest first.
const TOKENS: [(&str, &[Row]); 7] = [
    ("J13b", &[(771, "bob", "user:admin", HTTPS, ""), (772, "bob", "repo:read", HTTPS, "")]),
    (
        "S7",
        &[
            (731, "alice", "org:admin", LOOPBACK, "6b8b670c-efd1-4af3-9d98-5af94dc3faf8"),
            (732, "alice", "org:admin,repo:admin,repo:create", LOOPBACK, "a69b163c-c991-4d7d-a710-dd563693ff86"),
        ],
    ),
    ("S8", &[(736, "bob", "org:admin,repo:read", LOOPBACK, "70107af6-a7e4-4215-8d40-895b7b83f11c")]),
    (
        "T5",
        &[
            (737, "alice", "user:admin", LOOPBACK, "2aa32b83-75a6-49d9-8098-0433594c4266"),
            (738, "alice", "repo:write", LOOPBACK, "17e05642-62fb-4f0e-a3f1-10dc7cf654c7"),
            (739, "alice", "repo:write,repo:create", LOOPBACK, "19e7aa26-5535-45ed-8848-eae1cc8b2fdd"),
            (740, "alice", "repo:create", LOOPBACK, "0bf10842-15af-45b5-ad39-0da32033f46d"),
            (741, "alice", "user:read", LOOPBACK, "c20c4900-9026-410e-9107-0b44a95a0f42"),
            (742, "alice", "repo:read", LOOPBACK, "03028782-09be-4bdc-9f17-08c1c1d974d9"),
        ],
    ),
    (
        "W1",
        &[
            (701, "alice", "repo:read", CALLBACK, "96cb4dad-37ee-462a-8c0e-f08b887325be"),
            (702, "alice", "org:admin,repo:read", CALLBACK, ""),
            (703, "alice", "repo:read", CALLBACK, "a7729e00-6b2d-407d-b3da-09f84339f330"),
            (704, "alice", "repo:read,org:admin", DELETED, ""),
            (705, "carol", "repo:read,user:read", CALLBACK, "2a2da7e6-a614-4c11-a7d8-16b5b4a3442d"),
        ],
    ),
    ("X3a", &[(852, "alice", "org:admin,repo:read", CALLBACK, "b7f750a7-147c-438d-a38d-f166cff1904d")]),
    ("Y4", &[(941, "alice", "org:admin,repo:read", HTTPS, "")]),
];

/// Changes the first server into the second one.
pub(super) fn prepare(quay: &Quay) {
    let mut database = quay.database();
    database.tokens.clear();
    database.assignments.clear();
    for (client_id, name, redirect_uri) in APPLICATIONS {
        database.applications.insert(client_id.to_owned(), application(name, redirect_uri));
    }
    for name in ["gamma", "beta"] {
        let organization = Organization { admins: vec!["alice".to_owned()], ..Organization::default() };
        database.organizations.insert(name.to_owned(), organization);
    }
    for repository in database.repositories.iter_mut().filter(|repository| repository.namespace == "acme") {
        repository.description = Some(String::new());
    }
    database.users.insert("admin".to_owned(), User::new("admin"));
    if let Some(alice) = database.users.get_mut("alice") {
        alice.password = "password".to_owned();
    }
}

/// Prepares the server for a case. Changes by earlier cases stay.
pub(super) fn before(quay: &Quay, case: &str) {
    let new = TOKENS.iter().filter(|(known, _)| *known == case).flat_map(|(_, rows)| *rows);
    let new: Vec<Token> = new
        .map(|(number, user, scopes, client_id, uuid)| super::token(*number, user, scopes, client_id, uuid))
        .collect();
    let mut database = quay.database();
    if case == "Y4" {
        // Bob's tokens of the application are gone.
        database.tokens.retain(|token| token.client_id != HTTPS);
    }
    database.tokens.extend(new);
    match case {
        "J12" => database.assignments.push(assignment("8366ca8b-4199-4c4c-8ad9-a82e28b0ddac", "repo:read")),
        "J13" => database.assignments.clear(),
        "J13b" => database.assignments.push(assignment("0d323602-6c97-4084-87a3-a86f68aa39ca", "user:admin")),
        "J15" => database.assignments.push(assignment("969e8ada-644b-43ed-8a93-7906498c44d8", "repo:read")),
        "T7" => database.organizations.remove("neworg"),
        "T9" => {
            for number in 0..105 {
                let repository = Repository::new("acme", &format!("app{number:03}"));
                database.repositories.push(Repository { is_public: number % 2 == 0, ..repository });
            }
        }
        "W2" => token(&mut database.tokens, 701).revoked = true,
        "W3" => token(&mut database.tokens, 703).expires_at = SystemTime::now(),
        "W5" => {
            drop(database);
            quay.delete_application(DELETED);
        }
        "W6" | "W6i" => {
            drop(database);
            quay.set_enabled("carol", case == "W6i");
        }
        "X1" => {
            database.release = Release::V3_11;
            database.settings.has_own_nginx = false;
        }
        "Y1" => {
            database.release = Release::V3_18;
            database.settings = ServerSettings { is_read_only: true, ..ServerSettings::default() };
        }
        "Y2" => database.settings = ServerSettings::default(),
        "Y3" => database.settings.allows_anonymous_access = false,
        "Y4" => database.settings = ServerSettings { token_limit: Some(2), ..ServerSettings::default() },
        "Y5" => database.settings = ServerSettings { assigns_applications: false, ..ServerSettings::default() },
        "Z1" => database.failures.push(Failure::new("/api/", 429)),
        "Z2" => database.failures.push(Failure::new("/v2/auth", 429)),
        "AA1" => {
            database.failures.clear();
            database.settings.direct_client_ids.push(CALLBACK.to_owned());
        }
        _ => {}
    }
}

fn assignment(uuid: &str, scopes: &str) -> Assignment {
    Assignment {
        uuid: uuid.to_owned(),
        user: "bob".to_owned(),
        client_id: HTTPS.to_owned(),
        scopes: scopes.to_owned(),
        redirect_uri: "https://localhost:8976/callback".to_owned(),
    }
}

fn token(tokens: &mut [Token], number: u32) -> &mut Token {
    let value = super::token_value(number);
    tokens.iter_mut().find(|token| token.value == value).expect("a token of this number")
}
