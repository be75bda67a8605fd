//! `tokens`: listed, made for others, ended; by a login with `org:admin` at a Quay of 3.18.

use serde_json::{Value, json};

use crate::quay::Release;
use crate::world::{CLIENT_ID, World};

/// A world with a login of these scopes, and its token.
fn logged_in(scopes: &str) -> (World, String) {
    let world = World::new();
    let token = world.complete(world.login(&["--scopes", scopes]).start());
    (world, token)
}

/// What `tokens list --json` prints.
fn list(world: &World) -> Vec<Value> {
    let printed = world.run(["tokens", "list", "--json"]).prints("{").succeeds().stdout;
    let printed: Value = serde_json::from_str(&printed).unwrap();
    printed["tokens"].as_array().unwrap().clone()
}

/// `tokens create` with these flags.
fn create(world: &World, more: &[&str]) -> crate::program::Run {
    world.run([&["tokens", "create", "--name", "ci", "--expires", "30d"], more].concat())
}

#[test]
fn a_new_token_is_printed_once_works_and_is_listed() {
    let (world, own) = logged_in("org:admin,repo:read,user:read");
    let made = create(&world, &["--scopes", "user:read"])
        .stderr("✓ Made the token ci with user:read; it ends on ")
        .prints("\n");
    let token = made.succeeds().stdout;
    assert_eq!((token.len(), token.trim() != own), (41, true));
    world
        .run(["api", "user/"])
        .env("QUAY_AUTH_TOKEN", token.trim())
        .env("QUAY_AUTH_HOST", &world.quay.host())
        .prints("alice")
        .succeeds();
    let listed = list(&world);
    assert_eq!(listed.len(), 2);
    let [new, login] = &listed[..] else { panic!() };
    assert_eq!(
        (&new["name"], &new["scopes"], &new["created_by"]),
        (&json!("ci"), &json!("user:read"), &json!("alice"))
    );
    assert_eq!((&new["this_login"], &login["this_login"], &login["name"]), (&json!(false), &json!(true), &Value::Null));
    assert!(new["last_used_at"].is_string(), "{new}");
    let days = |moment: &Value| moment.as_str().unwrap()[..10].to_owned();
    assert_ne!(days(&new["created_at"]), days(&new["expires_at"]));
    let table = world.run(["tokens", "list"]).prints("NAME").succeeds().stdout;
    assert!(table.contains("\n- (this login)  org:admin,repo:read,user:read  alice "), "{table}");
    assert!(table.contains("\nci              user:read "), "{table}");
    assert!(!table.contains(token.trim()) && !table.contains(&own));
}

#[test]
fn json_has_the_token_and_what_is_known_of_it() {
    let (world, _) = logged_in("org:admin,repo:read");
    let printed = create(&world, &["--scopes", "repo:read", "--json"]).stderr("✓").prints("{").succeeds().stdout;
    let made: Value = serde_json::from_str(&printed).unwrap();
    let tokens = world.quay.tokens();
    let known = tokens.last().unwrap();
    assert_eq!((&made["token"], &made["uuid"]), (&json!(known.value), &json!(known.uuid)));
    assert_eq!(
        (&made["name"], &made["scopes"], &made["this_login"]),
        (&json!("ci"), &json!("repo:read"), &json!(false))
    );
}

#[test]
fn a_new_token_can_be_kept_as_a_login_of_its_own() {
    let (world, own) = logged_in("org:admin,repo:read");
    let said = create(&world, &["--scopes", "repo:read", "--as", "ci"])
        .stderr(&format!("It is kept as ci@{}; print it with: quay-auth print-token ", world.quay.address()))
        .succeeds();
    assert_eq!(said.stdout, "");
    let token = world.quay.tokens().last().unwrap().value.clone();
    world.run(["print-token", "--profile", "ci", "--require", "repo:read"]).stdout(&format!("{token}\n")).succeeds();
    world.run(["print-token"]).stdout(&format!("{own}\n")).succeeds();
    world.run(["status", "--profile", "ci"]).prints("alice  repo:read  file").prints("accepted\n").succeeds();
    // Not in the place of another one, and nothing is made for nothing.
    let count = world.quay.tokens().len();
    create(&world, &["--scopes", "repo:read", "--as", "ci"])
        .stderr("there is a login ci@")
        .stderr("quay-auth logout")
        .fails(2);
    assert_eq!(world.quay.tokens().len(), count);
}

#[test]
fn a_store_that_does_not_take_it_is_found_out_before() {
    let (world, _) = logged_in("org:admin,repo:read");
    let count = world.quay.tokens().len();
    create(&world, &["--scopes", "repo:read", "--as", "ci"])
        .env("QUAY_AUTH_STORE", "keyring")
        .stderr("the keyring cannot be reached")
        .fails(4);
    assert_eq!(world.quay.tokens().len(), count);
}

#[test]
fn scopes_that_the_login_lacks_cannot_be_handed_on() {
    let (world, _) = logged_in("org:admin");
    create(&world, &["--scopes", "repo:read"]).stderr("error: ").stderr("Quay says: Unauthorized").fails(5);
    let (world, _) = logged_in("repo:read");
    for arguments in [&["tokens", "list"][..], &["tokens", "revoke", "ci"]] {
        world.run(arguments).stderr("lacks org:admin\n").stderr("--scopes repo:read,org:admin\n").fails(5);
    }
}

#[test]
fn a_token_is_ended_by_its_name_or_its_uuid() {
    let (world, own) = logged_in("org:admin,repo:read");
    for _ in 0..2 {
        create(&world, &["--scopes", "repo:read"]).stderr("✓").prints("\n").succeeds();
    }
    world
        .run(["tokens", "revoke", "ci"])
        .stderr("error: several tokens are named `ci`\n")
        .stderr("hint: name it by its uuid: quay-auth tokens list")
        .fails(2);
    let uuid = list(&world)[0]["uuid"].as_str().unwrap().to_owned();
    world.run(["tokens", "revoke", &uuid]).stderr("✓ Revoked the token ci.\n").succeeds();
    world.run(["tokens", "revoke", "ci"]).stderr("✓ Revoked the token ci.\n").succeeds();
    let revoked = |world: &World| world.quay.tokens().iter().filter(|token| token.revoked).count();
    assert_eq!(revoked(&world), 2);
    world.run(["tokens", "revoke", "ci"]).stderr("has no live token `ci`\n").stderr("tokens list").fails(1);
    // Its own is ended, and forgotten, by another command.
    let own_uuid = list(&world)[0]["uuid"].as_str().unwrap().to_owned();
    world
        .run(["tokens", "revoke", &own_uuid])
        .stderr("this is the token of the login itself")
        .stderr("quay-auth logout")
        .fails(2);
    let typed = world.run(["tokens", "revoke", &own]).stderr("has no live token `…`").fails(1);
    assert!(!typed.stderr.contains(&own));
    assert_eq!(revoked(&world), 2);
}

#[test]
fn a_name_that_is_another_ones_uuid_does_not_shield_that_one() {
    let (world, _) = logged_in("org:admin,repo:read");
    create(&world, &["--scopes", "repo:read"]).stderr("✓").prints("\n").succeeds();
    let uuid = list(&world)[0]["uuid"].as_str().unwrap().to_owned();
    let shield = ["tokens", "create", "--name", &uuid, "--expires", "30d", "--scopes", "repo:read"];
    world.run(shield).stderr("✓").prints("\n").succeeds();
    world.run(["tokens", "revoke", &uuid]).stderr("✓ Revoked the token ci.\n").succeeds();
    assert!(world.quay.tokens().iter().find(|token| token.uuid == uuid).unwrap().revoked);
}

/// Of a new token there is one copy, so what nobody read is ended again.
#[test]
fn a_new_token_that_cannot_be_printed_is_revoked_again() {
    let (world, _) = logged_in("org:admin,repo:read");
    let create = "tokens create --name ci --expires 30d --scopes repo:read";
    let json = format!("{create} --json");
    for arguments in [create, &json] {
        let mut shell = world.command("sh");
        shell.args(["-c", &format!("exec {} {arguments} > /dev/full", env!("CARGO_BIN_EXE_quay-auth"))]);
        crate::program::Run::new(shell)
            .stderr("error: cannot write to stdout\n")
            .stderr("hint: the new token was revoked again\n")
            .fails(1);
        assert!(world.quay.tokens().last().unwrap().revoked, "{arguments}");
    }
}

#[test]
fn all_pages_are_listed() {
    let (world, _) = logged_in("org:admin");
    for _ in 0..60 {
        let mut quay = world.quay.world();
        let mut token = quay.tokens[0].clone();
        token.uuid = format!("00000000-0000-4000-8000-{:012}", quay.tokens.len());
        quay.tokens.push(token);
    }
    assert_eq!(list(&world).len(), 61);
}

#[test]
fn an_older_quay_is_told_in_words() {
    let (world, _) = logged_in("org:admin");
    world.quay.set_release(Release::V3_17);
    for arguments in
        [&["list"][..], &["revoke", "ci"], &["create", "--name", "ci", "--scopes", "org:admin", "--expires", "1d"]]
    {
        world
            .run([&["tokens"], arguments].concat())
            .stderr(&format!("error: {} has no API for tokens: it is older than Quay 3.18\n", world.quay.host()))
            .stderr("\"Generate Token\"")
            .fails(1);
    }
}

#[test]
fn without_an_application_or_a_good_token_it_says_what_is_missing() {
    let (world, token) = logged_in("org:admin");
    let ci = |arguments: &[&str]| {
        world.run(arguments).env("QUAY_AUTH_TOKEN", &token).env("QUAY_AUTH_HOST", &world.quay.host())
    };
    world.run(["logout", "--purge", "--no-revoke"]).stderr("Forgot").succeeds();
    ci(&["tokens", "list"]).stderr("it is not known which application").stderr("QUAY_AUTH_CLIENT_ID=ID").fails(2);
    ci(&["tokens", "list"]).env("QUAY_AUTH_CLIENT_ID", CLIENT_ID).prints("org:admin").succeeds();
    ci(&["tokens", "list"]).env("QUAY_AUTH_CLIENT_ID", "NOBODY").stderr("does not tell of an application").fails(5);
    world.quay.revoke(&token);
    world.quay.set_everyone_is(None);
    ci(&["tokens", "list"])
        .env("QUAY_AUTH_CLIENT_ID", CLIENT_ID)
        .stderr("does not accept the token of")
        .stderr("put another token into QUAY_AUTH_TOKEN")
        .fails(5);
    for wrong in ["0s", "11years", "soon"] {
        ci(&["tokens", "create", "--name", "x", "--scopes", "repo:read", "--expires", wrong])
            .stderr("write the time as 12h")
            .fails(2);
    }
}
