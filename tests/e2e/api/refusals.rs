//! Refused requests. A token that is not valid, a missing scope and a missing right look alike in Quay's responses.

use crate::quay_standin::{Failure, Verify};
use crate::support::world::World;

#[test]
fn missing_scope_is_named_with_the_login_that_gets_it() {
    let (world, _) = World::with_token("repo:read");
    world.quay.add_repository("acme/app");
    let profile = format!("default@{}", world.quay.address());
    let host = world.quay.host();
    for (arguments, scope) in [
        (&["-X", "PUT", "repository/acme/app/permissions/user/bob", "-F", "role=read"][..], "repo:admin"),
        (&["repository", "-f", "namespace=acme", "-f", "repository=x"], "repo:create"),
        (&["-X", "DELETE", "repository/acme/app"], "repo:admin"),
        // Quay answers the same for a valid token without user:read as for a token that is not valid (P2).
        (&["user/"], "user:read"),
        (&["user/authorizations"], "user:admin"),
    ] {
        let refused = world
            .run([&["api"], arguments].concat())
            .stderr(&format!("error: the token of {profile} lacks {scope}\n  cause: Quay says: "))
            .stderr(&format!("  hint: quay-auth login --host {host} --add-scopes {scope}\n"))
            .fails(5);
        assert_eq!(refused.stdout, "");
    }
    assert_explained("lacks …", 5);
}

/// The page on troubleshooting has this message with this exit code.
fn assert_explained(message: &str, exit: i32) {
    let page = include_str!("../../../docs/troubleshooting.md");
    assert!(page.contains(&format!("\n| `{message}`, exit code {exit} | ")), "{message}");
}

#[test]
fn revoked_token_is_reported_on_reads_and_writes() {
    let (world, token) = World::with_token("repo:admin,user:read");
    world.quay.add_repository("acme/app");
    world.quay.revoke(&token);
    // Without a web session, which Quay would accept instead.
    world.quay.set_everyone_is(None);
    let profile = format!("default@{}", world.quay.address());
    for arguments in
        [&["user/"][..], &["repository/acme/app"], &["-X", "PUT", "repository/acme/app", "-f", "description=x"]]
    {
        world
            .run([&["api"], arguments].concat())
            .stderr(&format!("error: {} does not accept the token of {profile}\n", world.quay.host()))
            .stderr("cause: Quay says: OAuth access token could not be validated\n")
            .stderr(&format!("hint: quay-auth login --host {}\n", world.quay.host()))
            .fails(5);
    }
    world
        .run(["api", "user/"])
        .env("QUAY_AUTH_TOKEN", "NOTATOKENOFTHISQUAY0000000000000000000000")
        .stderr("hint: set QUAY_AUTH_TOKEN to another token; the password of an account or a robot is not a token\n")
        .fails(5);
}

#[test]
fn missing_right_of_the_user_is_not_reported_as_a_missing_scope() {
    let (world, _) = World::with_token("repo:admin");
    world.quay.add_repository("carol/app");
    world
        .run(["api", "-X", "DELETE", "repository/carol/app"])
        .stderr("has repo:admin, but alice may not do this, or it does not exist\n")
        .stderr("no scope gives a right that the user does not have\n")
        .fails(5);
    assert_explained("may not do this", 5);
}

#[test]
fn with_unknown_scopes_both_possible_causes_are_named() {
    let (world, token) = World::with_token("repo:read");
    world
        .run(["login", "--with-token", "--host", &world.quay.host(), "--store", "file"])
        .stdin(&token)
        .stderr("Logged in")
        .succeeds();
    world
        .run(["api", "user/"])
        .stderr("lacks user:read, or alice may not do this\n")
        .stderr(&format!("hint: quay-auth login --host {} --add-scopes user:read\n", world.quay.host()))
        .fails(5);
}

#[test]
fn no_cause_is_claimed_if_quay_cannot_verify_the_token() {
    let (world, _) = World::with_token("repo:read");
    world.quay.set_verify(Verify::Status(503));
    world
        .run(["api", "user/"])
        .stderr("answered GET /api/v1/user/ with 401\n")
        .stderr("cause: Quay says: Requires authentication\n")
        .stderr("hint: the token is not valid or lacks a scope; ")
        .fails(5);
}

#[test]
fn other_refusals_quote_quays_message() {
    let (world, _) = World::with_token("repo:read,repo:admin");
    world
        .run(["api", "repository?private=true&public=false"])
        .stderr("answered GET /api/v1/repository with 400\n")
        .stderr("cause: Quay says: namespace, starred or public are required for this API call\n")
        .fails(1);
    world
        .run(["api", "app/unknown"])
        .stderr("answered GET /api/v1/app/unknown with 404\n  cause: Quay says: Not Found\n")
        .stderr("hint: check the path")
        .fails(1);
    // An HTML page has no message.
    world
        .run(["api", "nonsense"])
        .stderr("answered GET /api/v1/nonsense with 404\n  hint: check the path")
        .stderr(&format!(
            "hint: check the path, including a slash at its end; the paths that there are: {}/api/v1/discovery\n",
            world.quay.host()
        ))
        .fails(1);
    world
        .run(["api", "-X", "PUT", "repository/acme/absent/permissions/team/devs", "-F", "role=read"])
        .stderr("with 500\n  hint: the server is busy or has a problem: try again later\n")
        .fails(1);
}

#[test]
fn a_refused_delete_may_mean_that_there_is_nothing_to_delete() {
    let (world, _) = World::with_token("org:admin");
    world
        .run(["api", "-X", "DELETE", "organization/nosuch"])
        .stderr("or alice may not do this, or it does not exist\n  cause: Quay says: Unauthorized\n")
        .fails(5);
}

#[test]
fn a_disabled_account_needs_an_administrator_and_no_login() {
    let (world, _) = World::with_token("user:read");
    world.quay.set_enabled("alice", false);
    let hint = format!("hint: the account is disabled there: ask an administrator of {}\n", world.quay.host());
    let commands = [(&["api", "user/"][..], 5), (&["status"], 5), (&["login", "--with-token"], 5)];
    let token = world.quay.tokens()[0].value.clone();
    for (command, code) in commands {
        let run = world.run(command).stdin(&token);
        let run = if code == 5 && command[0] == "status" { run.prints("refused\n") } else { run };
        let said = run.stderr("Quay says: Granter of the oauth access token is disabled\n").stderr(&hint).fails(code);
        assert!(!said.stderr.contains("hint: quay-auth login"), "{said}");
    }
}

#[test]
fn a_read_only_registry_is_told_from_a_busy_one() {
    let (world, _) = World::with_token("repo:read,repo:admin");
    world.quay.add_repository("acme/app");
    world.quay.database().settings.is_read_only = true;
    let change = ["api", "-X", "PUT", "repository/acme/app/permissions/user/bob", "-F", "role=read"];
    world
        .run(change)
        .stderr("with 503\n  cause: the registry is read-only: reading and pulling still work\n  hint: try again when ")
        .fails(1);
    world.run(["api", "repository/acme/app"]).prints("\"name\": \"app\"").succeeds();
    world.quay.database().settings.is_read_only = false;
    world.quay.fail(Failure::new("/api/", 429).retry_after("0"));
    world.run(change).stderr("with 429\n  cause: too many requests\n  hint: wait a minute, then try again\n").fails(1);
}

#[test]
fn a_broken_rule_is_one_line_without_the_schema() {
    let (world, _) = World::with_token("repo:admin");
    world.quay.add_repository("acme/app");
    world
        .run(["api", "-X", "PUT", "repository/acme/app/permissions/team/devs", "-f", "role=owner"])
        .stderr("with 400\n  cause: Quay says: 'owner' is not one of ['read', 'write', 'admin']\n  hint: ")
        .fails(1);
}

/// Quay answers 200 with an empty list (docs/quay.md, cases W2 and T9).
#[test]
fn a_list_that_quay_gives_to_a_dead_token_is_not_printed() {
    let (world, token) = World::with_token("repo:read");
    world.quay.add_repository("acme/app");
    world.quay.set_everyone_is(None);
    let lists: [&[&str]; 3] = [
        &["api", "repository?namespace=acme"],
        &["api", "--paginate", "repository?namespace=acme"],
        &["api", "--include", "repository?namespace=acme"],
    ];
    for list in lists {
        world.run(list).prints("\"name\": \"app\"").succeeds();
    }
    world.quay.revoke(&token);
    for list in lists {
        let said = world
            .run(list)
            .stderr("does not accept the token of default@")
            .stderr("cause: Quay says: OAuth access token could not be validated\n")
            .stderr("hint: quay-auth login ")
            .fails(5);
        assert_eq!(said.stdout, "");
    }
    // One that cannot be checked is no reason to print nothing.
    world.quay.set_verify(Verify::Status(404));
    let result = "{\"repositories\": []}\n";
    world.run(lists[0]).stdout(result).stderr("If not, the response shows only what is public.\n").succeeds();
}
