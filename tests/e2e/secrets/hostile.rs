//! What a server says, on its way to the terminal: names that would steer it.

use serde_json::json;

use crate::quay::Verify;
use crate::server::{Server, answer};
use crate::world::{CLIENT_ID, World};

/// A window title, the clipboard, colours, a line that hides itself, text that runs backwards, one more line.
const NAMES: [&str; 6] = [
    "a\x1b]0;title\x07b",
    "a\x1b]52;c;cm0gLXJmIC8=\x07b",
    "a\x1b[2J\x1b[31mb\u{9b}31m",
    "a\rquay-auth: all is well\x08\x7f",
    "a\u{202e}gpj.exe\u{2066}b\u{200b}",
    "a\nhint: run this\n\u{2028}b",
];

/// No character but the ends of lines that a terminal would obey or hide.
fn assert_tame(text: &str) {
    let wild = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(wild), "{text:?}");
}

#[test]
fn an_application_with_a_hostile_name_stays_a_name() {
    for name in NAMES {
        let world = World::new();
        world.quay.set_application_name(CLIENT_ID, name);
        let mut login = world.login(&["--verbose"]).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        assert_eq!(crate::world::hand_over(&location), (200, "stored".to_owned()));
        let said = login.succeeds();
        assert_tame(&said);
        let named: Vec<&str> = said.lines().filter(|line| line.contains("The application \"a")).collect();
        assert!(
            matches!(named[..], [line] if line.contains("\\u{") && line.ends_with(" asks for repo:read.")),
            "{said}"
        );
        assert!(!said.lines().any(|line| line.starts_with("hint: run this")), "{said}");
    }
}

#[test]
fn scopes_with_hostile_names_stay_names() {
    let world = World::new();
    for name in NAMES {
        let scopes = json!({"securityDefinitions": {"oauth2_implicit": {"scopes": {name: name}}}}).to_string();
        let server = Server::start(vec![answer("200 OK", "", &scopes)]);
        let refused = world
            .run(["login", "--client-id", "x", "--scopes", "foo:bar", "--host", &server.host()])
            .stderr("\\u{")
            .fails(2);
        assert_tame(&refused.stderr);
        assert_tame(&world.run(["scopes", "--host", &server.host()]).prints("\\u{").succeeds().stdout);
    }
}

#[test]
fn a_user_with_a_hostile_name_stays_a_name() {
    for name in NAMES {
        let world = World::new();
        world.quay.set_verify(Verify::As(name.to_owned()));
        let login = world.login(&[]).start();
        world.complete(login);
        let table = world.run(["status"]).prints("\\u{").succeeds().stdout;
        assert_tame(&table);
        assert_eq!(table.lines().count(), 2, "{table}");
        let json = world.run(["status", "--json"]).prints("\\\\u{").succeeds().stdout;
        assert_tame(&json);
        // The name guard names both.
        world.quay.set_verify(Verify::As(name.chars().rev().collect()));
        let mut login = world.login(&[]).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        assert_eq!(crate::world::hand_over(&location), (409, "another_user".to_owned()));
        let said = login.fails(1);
        assert!(said.contains("is a login of a"), "{said}");
        assert_tame(&said);
    }
}

#[test]
fn an_error_with_a_hostile_code_stays_a_code() {
    for name in NAMES {
        let world = World::new();
        let mut login = world.login(&[]).start();
        let location = world.quay.deny(&login.authorize_url()).unwrap();
        let (address, _) = location.split_once('?').unwrap();
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("error", name).finish();
        assert_eq!(crate::world::hand_over(&format!("{address}?{query}")), (200, "refused".to_owned()));
        let said = login.fails(5);
        assert!(said.contains("error: Quay refused with `a"), "{said}");
        assert_tame(&said);
    }
}
