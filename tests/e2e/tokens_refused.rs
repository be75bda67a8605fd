//! `tokens` if Quay refuses a request, gives no clear answer, or allows no anonymous access.

use crate::quay_standin::Failure;
use crate::support::program::Run;
use crate::support::world::World;

/// The path of the application's tokens, and of what is below it.
const TOKENS: &str = "/api/v1/organization/acme/applications/";

fn create(world: &World) -> Run {
    world.run(["tokens", "create", "--name", "ci", "--expires", "30d", "--scopes", "repo:read"])
}

#[test]
fn every_command_works_where_anonymous_access_is_off() {
    let (world, own) = World::with_token("org:admin,repo:read");
    world.quay.set_everyone_is(None);
    world.quay.database().settings.allows_anonymous_access = false;
    create(&world).prints("\n").stderr("Created the token ci").succeeds();
    world.run(["tokens", "list"]).prints("ci ").succeeds();
    world.run(["tokens", "revoke", "ci"]).stderr("Revoked the token ci.\n").succeeds();
    world.run(["logout"]).stderr("Revoked the token of").succeeds();
    assert!(world.is_revoked(&own));
}

#[test]
fn a_dead_token_is_reported_as_that_where_anonymous_access_is_off() {
    let (world, own) = World::with_token("org:admin,repo:read");
    world.quay.set_everyone_is(None);
    world.quay.database().settings.allows_anonymous_access = false;
    world.quay.revoke(&own);
    world.run(["tokens", "list"]).stderr("does not accept the token of").fails(5);
    world.run(["logout"]).stderr("which was no longer valid at").succeeds();
}

#[test]
fn an_application_that_cannot_be_looked_up_is_not_reported_as_unknown() {
    let (world, _) = World::with_token("org:admin,repo:read");
    world.quay.fail(Failure::new("/api/v1/app/", 502));
    world.run(["tokens", "list"]).stderr("error: ").stderr(" with 502\n").fails(1);
}

/// Recorded case S8.
#[test]
fn a_user_who_is_no_administrator_is_not_told_that_a_scope_is_missing() {
    let (world, _) = World::with_token("org:admin,repo:read");
    world.quay.database().organizations.get_mut("acme").unwrap().admins.clear();
    create(&world).stderr("has org:admin, but alice may not do this\n").stderr("ask an administrator").fails(5);
}

/// Recorded case Y4b.
#[test]
fn a_reached_limit_suggests_to_revoke_a_token() {
    let (world, _) = World::with_token("org:admin,repo:read");
    world.quay.database().settings.token_limit = Some(1);
    create(&world).stderr("Token limit reached").stderr("revoke one; to see them: quay-auth tokens list ").fails(1);
}

#[test]
fn a_request_without_a_clear_answer_may_have_created_the_token() {
    for status in [200, 504] {
        let (world, _) = World::with_token("org:admin,repo:read");
        world.quay.fail(Failure::new(TOKENS, status));
        create(&world)
            .stderr("Quay may have created the token all the same; to see whether it did: quay-auth tokens list ")
            .fails(1);
    }
}
