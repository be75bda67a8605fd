//! `tokens`: listing, creating and revoking tokens of an application, with `org:admin` at Quay 3.18.

use serde_json::{Value, json};

use crate::quay_standin::Release;
use crate::support::world::{CLIENT_ID, World};

/// What `tokens list --json` prints.
fn list(world: &World) -> Vec<Value> {
    let printed = world.run(["tokens", "list", "--json"]).prints("{").succeeds().stdout;
    let printed: Value = serde_json::from_str(&printed).unwrap();
    printed["tokens"].as_array().unwrap().clone()
}

/// `tokens create` with these flags.
fn create(world: &World, more: &[&str]) -> crate::support::program::Run {
    world.run([&["tokens", "create", "--name", "ci", "--expires", "30d"], more].concat())
}

#[test]
fn created_token_is_printed_works_and_is_listed() {
    let (world, own) = World::with_token("org:admin,repo:read,user:read");
    let created = create(&world, &["--scopes", "user:read"])
        .stderr("✓ Created the token ci (user:read). It expires on ")
        .prints("\n");
    let token = created.succeeds().stdout;
    assert_eq!((token.len(), token.trim() != own), (41, true));
    world
        .run(["api", "user/"])
        .env("QUAY_AUTH_TOKEN", token.trim())
        .env("QUAY_AUTH_HOST", &world.quay.host())
        .prints("alice")
        .succeeds();
    let listed = list(&world);
    assert_eq!(listed.len(), 2);
    let [new, login] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!(
        (&new["name"], &new["scopes"], &new["created_by"]),
        (&json!("ci"), &json!("user:read"), &json!("alice"))
    );
    assert_eq!((&new["this_login"], &login["this_login"], &login["name"]), (&json!(false), &json!(true), &Value::Null));
    assert!(new["last_used_at"].is_string(), "{new}");
    let day = |time: &Value| time.as_str().unwrap()[..10].to_owned();
    assert_ne!(day(&new["created_at"]), day(&new["expires_at"]));
    let table = world.run(["tokens", "list"]).prints("NAME").succeeds().stdout;
    let profile = format!("default@{}", world.quay.address());
    assert_eq!((&login["profile"], &new["profile"]), (&json!(profile), &Value::Null));
    assert!(table.contains(&format!("\n{profile} (this login)  org:admin,repo:read,user:read  alice ")), "{table}");
    assert!(table.contains("\nci ") && table.contains(" user:read "), "{table}");
    assert!(!table.contains(token.trim()) && !table.contains(&own));
}

#[test]
fn create_json_has_the_token_and_its_details() {
    let (world, _) = World::with_token("org:admin,repo:read");
    let printed = create(&world, &["--scopes", "repo:read", "--json"]).stderr("✓").prints("{").succeeds().stdout;
    let created: Value = serde_json::from_str(&printed).unwrap();
    let tokens = world.quay.tokens();
    let known = tokens.last().unwrap();
    assert_eq!((&created["token"], &created["uuid"]), (&json!(known.value), &json!(known.uuid)));
    assert_eq!(
        (&created["name"], &created["scopes"], &created["this_login"]),
        (&json!("ci"), &json!("repo:read"), &json!(false))
    );
}

#[test]
fn in_github_actions_a_created_token_is_hidden_in_the_log_first() {
    let (world, _) = World::with_token("org:admin,repo:read");
    for more in [&["--scopes", "repo:read"][..], &["--scopes", "repo:read", "--json"]] {
        let created = create(&world, more).env("GITHUB_ACTIONS", "true").stderr("✓").prints("\n").succeeds();
        let token = world.quay.tokens().last().unwrap().value.clone();
        assert!(created.stderr.starts_with(&format!("::add-mask::{token}\n")), "{created}");
        assert!(created.stdout.contains(&token) && !created.stdout.contains("add-mask"), "{created}");
    }
}

/// Quay's API writes spaces between them (docs/quay.md, case S7e).
#[test]
fn scopes_are_separated_by_commas_everywhere() {
    let (world, _) = World::with_token("org:admin,repo:read");
    let printed = create(&world, &["--scopes", "repo:read,org:admin", "--json"]).stderr("✓").prints("{").succeeds();
    let created: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(world.quay.tokens().last().unwrap().scopes, "repo:read org:admin", "the stand-in does as Quay");
    assert_eq!(created["scopes"], "repo:read,org:admin");
    assert_eq!(list(&world)[0]["scopes"], "repo:read,org:admin");
    world.run(["tokens", "list"]).prints("  repo:read,org:admin  alice ").succeeds();
}

#[test]
fn created_token_can_be_stored_as_a_profile() {
    let (world, own) = World::with_token("org:admin,repo:read");
    let said = create(&world, &["--scopes", "repo:read", "--as", "ci"])
        .stderr(&format!("Stored as ci@{}. Print it with: quay-auth print-token ", world.quay.address()))
        .succeeds();
    assert_eq!(said.stdout, "");
    let token = world.quay.tokens().last().unwrap().value.clone();
    world.run(["print-token", "--profile", "ci", "--require", "repo:read"]).stdout(&format!("{token}\n")).succeeds();
    world.run(["print-token"]).stdout(&format!("{own}\n")).succeeds();
    world.run(["status", "--profile", "ci"]).prints("alice  repo:read  file").prints("accepted\n").succeeds();
    // It does not replace another token, and then none is created.
    let count = world.quay.tokens().len();
    create(&world, &["--scopes", "repo:read", "--as", "ci"])
        .stderr(" already has a token\n")
        .stderr("quay-auth logout")
        .fails(2);
    assert_eq!(world.quay.tokens().len(), count);
}

#[test]
fn create_checks_the_store_before_it_creates_a_token() {
    let (world, _) = World::with_token("org:admin,repo:read");
    let count = world.quay.tokens().len();
    create(&world, &["--scopes", "repo:read", "--as", "ci"])
        .env("QUAY_AUTH_STORE", "keyring")
        .stderr("the keyring cannot be reached")
        .fails(4);
    assert_eq!(world.quay.tokens().len(), count);
}

#[test]
fn created_token_cannot_have_more_scopes_than_yours() {
    for (own, wanted, missing, cause) in [
        ("org:admin", "repo:read", "repo:read", PASSED_ON),
        ("org:admin,repo:read", "repo:write,repo:read,user:read", "repo:write,user:read", PASSED_ON),
        ("repo:read", "repo:read", "org:admin", "creating a token needs it"),
        ("user:read", "repo:read", "repo:read,org:admin", PASSED_ON),
    ] {
        let (world, _) = World::with_token(own);
        let requests = world.quay.requests().len();
        let (profile, host) = (format!("default@{}", world.quay.address()), world.quay.host());
        create(&world, &["--scopes", wanted])
            .stderr(&format!("error: the token of {profile} lacks {missing}\n  cause: {cause}\n"))
            .stderr(&format!("  hint: quay-auth login --host {host} --add-scopes {missing}\n"))
            .fails(3);
        assert_eq!(world.quay.requests().len(), requests, "Quay is not asked");
        // That login is all that was missing.
        let more = world.run(["login", "--no-browser", "--host", &host, "--add-scopes", missing]);
        world.complete(more.start());
        create(&world, &["--scopes", wanted]).stderr("✓").prints("\n").succeeds();
    }
}

const PASSED_ON: &str = "a token can create only tokens with scopes that it has itself";

/// Recorded cases S7 to S10.
#[test]
fn created_token_can_have_the_scopes_that_yours_implies() {
    let (world, _) = World::with_token("org:admin,repo:admin");
    create(&world, &["--scopes", "repo:read,repo:write"]).stderr("✓").prints("\n").succeeds();
}

#[test]
fn scopes_that_are_not_known_here_are_checked_by_quay() {
    let (world, token) = World::with_token("org:admin");
    create(&world, &["--scopes", "repo:read"])
        .env("QUAY_AUTH_TOKEN", &token)
        .env("QUAY_AUTH_HOST", &world.quay.host())
        .stderr("Quay says: Unauthorized\n")
        .stderr(&format!("  hint: {PASSED_ON}\n"))
        .fails(5);
}

#[test]
fn unknown_scope_is_a_usage_error_before_quay_is_asked() {
    let (world, _) = World::with_token("org:admin,repo:read");
    let requests = world.quay.requests().len();
    create(&world, &["--scopes", "repo:raed"])
        .stderr("error: unknown scope `repo:raed`; did you mean `repo:read`?\n")
        .stderr("  hint: choose from repo:read, repo:write, ")
        .fails(2);
    assert_eq!(world.quay.requests().len(), requests);
}

#[test]
fn list_and_revoke_say_that_org_admin_is_missing() {
    let (world, _) = World::with_token("repo:read");
    for arguments in [&["tokens", "list"][..], &["tokens", "revoke", "ci"]] {
        world.run(arguments).stderr("lacks org:admin\n").stderr("--add-scopes org:admin\n").fails(5);
    }
}

#[test]
fn revoke_takes_a_name_or_a_uuid() {
    let (world, own) = World::with_token("org:admin,repo:read");
    for _ in 0..2 {
        create(&world, &["--scopes", "repo:read"]).stderr("✓").prints("\n").succeeds();
    }
    world
        .run(["tokens", "revoke", "ci"])
        .stderr("error: several tokens are named `ci`\n")
        .stderr("hint: use the UUID, which this shows: quay-auth tokens list")
        .fails(2);
    let uuid = list(&world)[0]["uuid"].as_str().unwrap().to_owned();
    world.run(["tokens", "revoke", &uuid]).stderr("✓ Revoked the token ci.\n").succeeds();
    world.run(["tokens", "revoke", "ci"]).stderr("✓ Revoked the token ci.\n").succeeds();
    let revoked = |world: &World| world.quay.tokens().iter().filter(|token| token.revoked).count();
    assert_eq!(revoked(&world), 2);
    world.run(["tokens", "revoke", "ci"]).stderr("has no active token `ci`\n").stderr("tokens list").fails(1);
    // The token that the command uses is revoked and deleted by another command.
    let own_uuid = list(&world)[0]["uuid"].as_str().unwrap().to_owned();
    world
        .run(["tokens", "revoke", &own_uuid])
        .stderr("this is the token that this command uses")
        .stderr("quay-auth logout")
        .fails(2);
    let typed = world.run(["tokens", "revoke", &own]).stderr("has no active token `…`").fails(1);
    assert!(!typed.stderr.contains(&own));
    assert_eq!(revoked(&world), 2);
}

#[test]
fn revoke_prefers_the_uuid_to_a_name_that_looks_like_it() {
    let (world, _) = World::with_token("org:admin,repo:read");
    create(&world, &["--scopes", "repo:read"]).stderr("✓").prints("\n").succeeds();
    let uuid = list(&world)[0]["uuid"].as_str().unwrap().to_owned();
    let shield = ["tokens", "create", "--name", &uuid, "--expires", "30d", "--scopes", "repo:read"];
    world.run(shield).stderr("✓").prints("\n").succeeds();
    world.run(["tokens", "revoke", &uuid]).stderr("✓ Revoked the token ci.\n").succeeds();
    assert!(world.quay.tokens().iter().find(|token| token.uuid == uuid).unwrap().revoked);
}

#[test]
fn created_token_is_revoked_if_it_cannot_be_printed() {
    let (world, _) = World::with_token("org:admin,repo:read");
    let create = "tokens create --name ci --expires 30d --scopes repo:read";
    let json = format!("{create} --json");
    for arguments in [create, &json] {
        let mut shell = world.command("sh");
        shell.args(["-c", &format!("exec {} {arguments} > /dev/full", env!("CARGO_BIN_EXE_quay-auth"))]);
        crate::support::program::Run::new(shell)
            .stderr("error: cannot write to stdout\n")
            .stderr("hint: the new token was revoked, because no copy of it is left\n")
            .fails(1);
        assert!(world.quay.tokens().last().unwrap().revoked, "{arguments}");
    }
}

#[test]
fn create_creates_nothing_if_stdout_is_closed_or_dev_null() {
    let (world, _) = World::with_token("org:admin,repo:read");
    let create = "tokens create --name ci --expires 30d --scopes repo:read";
    let in_shell = |arguments: &str| {
        let mut shell = world.command("sh");
        shell.args(["-c", &format!("exec {} {create} {arguments}", env!("CARGO_BIN_EXE_quay-auth"))]);
        crate::support::program::Run::new(shell)
    };
    let before = (world.quay.tokens().len(), world.quay.requests().len());
    for redirection in [">&-", "> /dev/null", "--json >&-", "--json > /dev/null"] {
        in_shell(redirection)
            .stderr("error: stdout is closed or is /dev/null, so the new token would be lost\n")
            .stderr("hint: to store the token, add --as PROFILE\n")
            .stderr("hint: to write it to a file that only you can read, ")
            .fails(2);
    }
    assert_eq!((world.quay.tokens().len(), world.quay.requests().len()), before);
    // A profile or a file has the token.
    in_shell("--as ci >&-").stderr("✓ Created").succeeds();
    in_shell("> token").stderr("✓ Created").succeeds();
    let token = std::fs::read_to_string(world.home().join("token")).unwrap();
    assert_eq!(token.trim(), world.quay.tokens().last().unwrap().value);
}

#[test]
fn list_names_the_profile_of_a_token_without_a_name() {
    let (world, _) = World::with_token("org:admin");
    world.complete(world.login(&["--profile", "pull"]).start());
    let address = world.quay.address();
    // Another machine has logged in, too.
    let mut login = world.login(&[]).start();
    world.quay.authorize(&login.authorize_url()).expect("an approval");
    login.signal(nix::sys::signal::Signal::SIGKILL);
    login.wait();
    let table = world.run(["tokens", "list"]).prints("NAME").succeeds().stdout;
    let names: Vec<&str> = table.lines().skip(1).map(|line| line.split("  ").next().unwrap()).collect();
    assert_eq!(names, ["-", &format!("pull@{address}"), &format!("default@{address} (this login)")], "{table}");
}

#[test]
fn list_reads_all_pages() {
    let (world, _) = World::with_token("org:admin");
    for _ in 0..60 {
        let mut quay = world.quay.database();
        let mut token = quay.tokens[0].clone();
        token.uuid = format!("00000000-0000-4000-8000-{:012}", quay.tokens.len());
        quay.tokens.push(token);
    }
    assert_eq!(list(&world).len(), 61);
}

#[test]
fn older_quay_is_reported_as_too_old() {
    let (world, _) = World::with_token("org:admin");
    for release in [Release::V3_11, Release::V3_15, Release::V3_17] {
        world.quay.set_release(release);
        for arguments in
            [&["list"][..], &["revoke", "ci"], &["create", "--name", "ci", "--scopes", "org:admin", "--expires", "1d"]]
        {
            world
                .run([&["tokens"], arguments].concat())
                .stderr(&format!(
                    "error: {} cannot list or create tokens: it is older than Quay 3.18\n",
                    world.quay.host()
                ))
                .stderr("\"Generate Token\"")
                .fails(1);
        }
    }
}

#[test]
fn missing_client_id_and_refused_token_are_reported() {
    let (world, token) = World::with_token("org:admin");
    let ci = |arguments: &[&str]| {
        world.run(arguments).env("QUAY_AUTH_TOKEN", &token).env("QUAY_AUTH_HOST", &world.quay.host())
    };
    world.run(["logout", "--purge", "--no-revoke"]).stderr("Deleted").succeeds();
    ci(&["tokens", "list"]).stderr("no client ID is known for").stderr("set QUAY_AUTH_CLIENT_ID").fails(2);
    ci(&["tokens", "list"]).env("QUAY_AUTH_CLIENT_ID", CLIENT_ID).prints("org:admin").succeeds();
    ci(&["tokens", "list"])
        .env("QUAY_AUTH_CLIENT_ID", "NOBODY")
        .stderr("found no application with the client ID NOBODY at")
        .fails(5);
    world.quay.revoke(&token);
    world.quay.set_everyone_is(None);
    ci(&["tokens", "list"])
        .env("QUAY_AUTH_CLIENT_ID", CLIENT_ID)
        .stderr("does not accept the token of")
        .stderr("set QUAY_AUTH_TOKEN to another token")
        .fails(5);
    for wrong in ["0s", "11years", "soon"] {
        ci(&["tokens", "create", "--name", "x", "--scopes", "repo:read", "--expires", wrong])
            .stderr("write the time like 12h")
            .fails(2);
    }
}

#[test]
fn a_token_of_an_hour_is_shown_with_its_time() {
    let (world, _) = World::with_token("org:admin,repo:read");
    let hour = ["tokens", "create", "--name", "ci", "--scopes", "repo:read", "--expires", "1h"];
    let said = world.run(hour).prints("\n").stderr("It expires on 20").stderr(" UTC.\n").succeeds();
    let (_, time) = said.stderr.split_once("It expires on ").unwrap();
    assert_eq!(time.trim_end().len(), "2026-11-25 10:00 UTC.".len(), "{said}");
    world.run(["tokens", "list"]).prints(" UTC  ").succeeds();
}
