//! What `logout` revokes at Quay: with which token, in which release, and what a refusal means.

use super::{is_refused, tokens_toml};
use crate::quay_standin::{Failure, Release};
use crate::support::world::{CLIENT_ID, World};

#[test]
fn token_is_deleted_and_the_hint_says_how_to_revoke_it() {
    let world = World::new();
    let token = world.log_in();
    world
        .run(["logout"])
        .stderr(&format!("✓ Deleted the token of default@{}.\n", world.quay.address()))
        .stderr("hint: it is still valid at Quay until 20")
        .stderr(&format!("; revoke it at {}: account settings, \"External logins\", ", world.quay.host()))
        .succeeds();
    assert!(!tokens_toml(&world).contains(&token));
    world.run(["print-token"]).stderr("there is no login").fails(3);
    assert!(!world.quay.tokens()[0].revoked, "its scope does not allow that");
    assert!(world.quay.requests().iter().all(|request| request.method != "DELETE"), "and Quay is not asked to");
}

#[test]
fn token_with_an_admin_scope_is_revoked_at_quay() {
    for scopes in ["repo:read,user:admin", "org:admin", "repo:read,org:admin,user:admin"] {
        let (world, token) = World::with_token(scopes);
        assert!(!is_refused(&world, &token));
        world
            .run(["logout"])
            .stderr(&format!("✓ Revoked the token of default@{} and deleted it.\n", world.quay.address()))
            .succeeds();
        assert!(is_refused(&world, &token), "{scopes}");
        world.run(["print-token"]).stderr("there is no login").fails(3);
    }
}

#[test]
fn no_revoke_leaves_the_token_valid_at_quay() {
    let (world, token) = World::with_token("user:admin");
    world
        .run(["logout", "--no-revoke"])
        .stderr("✓ Deleted the token")
        .stderr("it may still be valid at Quay")
        .succeeds();
    assert!(!is_refused(&world, &token));
}

#[test]
fn org_admin_cannot_revoke_at_an_older_quay() {
    for release in [Release::V3_11, Release::V3_15, Release::V3_17] {
        let (world, token) = World::with_token("org:admin");
        world.quay.set_release(release);
        world
            .run(["logout"])
            .stderr("✓ Deleted the token")
            .stderr("error: could not revoke the token")
            .stderr(" is older than Quay 3.18, where revoking needs a token with user:admin\n")
            .stderr("hint: it may still be valid at Quay; revoke it at ")
            .fails(7);
        assert!(!is_refused(&world, &token), "{release:?}");
    }
    // user:admin can revoke in every release.
    let (world, token) = World::with_token("user:admin");
    world.quay.set_release(Release::V3_11);
    world.run(["logout"]).stderr("✓ Revoked").succeeds();
    assert!(is_refused(&world, &token));
}

#[test]
fn token_that_is_already_revoked_is_deleted() {
    for scopes in ["user:admin", "org:admin"] {
        let (world, token) = World::with_token(scopes);
        world.quay.revoke(&token);
        world.quay.set_everyone_is(None);
        world.run(["logout"]).stderr("✓ Deleted the token of").stderr("which was no longer valid at").succeeds();
        world.run(["print-token"]).stderr("there is no login").fails(3);
    }
}

#[test]
fn dead_token_is_not_called_valid_though_its_scopes_cannot_revoke_it() {
    let kills: [fn(&World, &str); 3] = [
        |world, token| world.quay.revoke(token),
        |world, _| world.quay.delete_application(CLIENT_ID),
        |world, _| world.quay.database().tokens[0].expires_at = std::time::SystemTime::now(),
    ];
    for kill in kills {
        let (world, token) = World::with_token("repo:read");
        kill(&world, &token);
        let said = world.run(["logout"]).stderr("✓ Deleted the token of").stderr("no longer valid at").succeeds();
        assert!(!said.stderr.contains("hint"), "{said}");
        let asked = world.quay.requests().iter().filter(|request| request.path == "/v2/auth").count();
        assert_eq!(asked, 2, "once at the login, once now");
    }
}

#[test]
fn expired_token_is_deleted_without_asking_quay() {
    for flags in [&["logout"][..], &["logout", "--no-revoke"]] {
        let (world, _) = World::with_token("user:admin");
        world.set_expires_at("2026-01-01T00:00:00Z");
        let requests = world.quay.requests().len();
        world.run(flags).stderr("✓ Deleted the token of").stderr(", which expired on 2026-01-01.\n").succeeds();
        assert_eq!(world.quay.requests().len(), requests);
    }
}

#[test]
fn revoking_is_tried_if_the_scopes_are_unknown() {
    for (scopes, words, code) in [("user:admin", "✓ Revoked", 0), ("repo:read", "answered with status 403\n", 7)] {
        let (world, token) = World::with_token(scopes);
        world.run(["logout", "--no-revoke"]).stderr("Deleted").succeeds();
        world
            .run(["login", "--with-token", "--host", &world.quay.host(), "--store", "file"])
            .stdin(&token)
            .stderr("(scopes unknown)")
            .succeeds();
        world.run(["logout"]).stderr(words).fails(code);
        assert_eq!(is_refused(&world, &token), scopes == "user:admin");
    }
}

#[test]
fn a_refused_revocation_is_reported_and_exit_is_7() {
    for status in [401, 403, 404, 405] {
        let (world, token) = World::with_token("user:admin");
        world.quay.fail(Failure::new("/api/v1/user/authorizations/", status));
        let (address, host) = (world.quay.address(), world.quay.host());
        world
            .run(["logout"])
            .stderr(&format!("✓ Deleted the token of default@{address}.\n"))
            .stderr(&format!("error: could not revoke the token of default@{address} at {host}\n"))
            .stderr(&format!("  cause: {host} answered with status {status}\n"))
            .stderr("  hint: it may still be valid at Quay; revoke it at ")
            .fails(7);
        assert!(!is_refused(&world, &token) && !tokens_toml(&world).contains(&token), "{status}");
    }
}

#[test]
fn a_refused_revocation_of_an_invalid_token_is_exit_0() {
    for status in [401, 403, 404] {
        let (world, token) = World::with_token("user:admin");
        world.quay.revoke(&token);
        world.quay.fail(Failure::new("/api/v1/user/authorizations/", status));
        let said = world.run(["logout"]).stderr("✓ Deleted the token of").stderr("which was no longer valid at");
        assert!(!said.succeeds().stderr.contains("hint"), "{status}");
    }
}

#[test]
fn a_revocation_that_one_token_is_refused_is_tried_with_the_next() {
    let (world, own) = World::with_token("org:admin");
    let other = world.complete(world.login(&["--profile", "other", "--scopes", "user:admin"]).start());
    // The first cannot revoke as an administrator of the organization.
    world.quay.fail(Failure::new("/api/v1/organization/", 403));
    world
        .run(["logout", "--all"])
        .stderr("✓ Revoked the token of default@")
        .stderr("✓ Revoked the token of other@")
        .succeeds();
    assert!(is_refused(&world, &own) && is_refused(&world, &other));
}
