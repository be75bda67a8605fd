//! How a login can end: the stand-in's response, posted by plain HTTP as the page would do it, then the exit code and the stored token.

use std::net::TcpListener;

use url::Url;

use crate::quay_standin::{Failure, Quay, Release, Verify};
use crate::support::world::{CLIENT_ID, World, post_to_catcher, token_of};

fn assert_stored(world: &World, token: &str) {
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

fn assert_nothing_stored(world: &World) {
    world.run(["print-token", "--host", &world.quay.host()]).stderr("there is no login").fails(3);
    assert_eq!(world.profiles_toml(), "");
}

fn assert_port_is_free(world: &World) {
    TcpListener::bind(world.redirect_authority()).expect("a free port");
}

#[test]
fn a_token_with_the_state_is_stored() {
    let world = World::new();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    assert!(location.contains("state="));
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    let messages = login.succeeds();
    assert!(messages.contains("as alice") && messages.contains("repo:read"), "{messages}");
    assert_stored(&world, &token_of(&location));
    assert_port_is_free(&world);
}

#[test]
fn the_state_none_counts_as_no_state() {
    let world = World::new();
    let mut login = world.login(&[]).start();
    let mut url = Url::parse(&login.authorize_url()).unwrap();
    let rest: Vec<_> = url.query_pairs().into_owned().filter(|(name, _)| name != "state").collect();
    url.query_pairs_mut().clear().extend_pairs(rest);
    let location = world.quay.authorize(url.as_str()).unwrap();
    assert!(location.contains("state=None"), "{location}");
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    login.succeeds();
    assert_stored(&world, &token_of(&location));
}

#[test]
fn a_second_login_replaces_the_token() {
    let world = World::new();
    let old = world.log_in();
    let new = world.log_in();
    assert_ne!(old, new);
    assert_stored(&world, &new);
}

#[test]
fn cancelling_changes_nothing() {
    let world = World::new();
    let old = world.log_in();
    let mut login = world.login(&["--scopes", "repo:write"]).start();
    let location = world.quay.deny(&login.authorize_url()).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "refused".to_owned()));
    let messages = login.fails(5);
    assert!(messages.contains("cancelled") && messages.contains("hint: "), "{messages}");
    assert_stored(&world, &old);
    assert_port_is_free(&world);
}

#[test]
fn a_token_that_quay_refuses_is_not_stored() {
    let world = World::new();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    world.quay.set_verify(Verify::Unauthorized);
    assert_eq!(post_to_catcher(&location), (502, "not_valid".to_owned()));
    let messages = login.fails(5);
    assert!(
        messages.contains("does not accept this token") && messages.contains("could not be validated"),
        "{messages}"
    );
    assert_nothing_stored(&world);
}

#[test]
fn a_token_that_cannot_be_checked_is_stored_as_unverified() {
    for verify in [Verify::Hang, Verify::Status(503)] {
        let world = World::new();
        let mut login = world.login(&[]).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        world.quay.set_verify(verify);
        assert_eq!(post_to_catcher(&location), (200, "stored_unverified".to_owned()));
        let messages = login.succeeds();
        assert!(
            messages.contains("warning: ") && messages.contains("could not check whether Quay accepts the token"),
            "{messages}"
        );
        assert_stored(&world, &token_of(&location));
        world.run(["status", "--offline"]).prints("(unverified)").succeeds();
    }
}

#[test]
fn an_unknown_client_id_is_an_error_before_the_browser_opens() {
    let world = World::new();
    world.login(&["--client-id", "NOBODYKNOWSTHISONE01"]).stderr("has no application").fails(5);
    assert!(world.quay.requests().iter().all(|request| request.path != "/oauth/authorize"));
}

#[test]
fn login_exits_6_at_the_timeout() {
    let world = World::new();
    world
        .login(&["--timeout", "1s"])
        .stderr("/oauth/authorize?")
        .stderr("no response from the browser in time")
        .stderr("close the Quay tab in your browser")
        .fails(6);
    assert_port_is_free(&world);
    assert_nothing_stored(&world);
}

#[test]
fn another_users_token_does_not_replace_the_stored_one() {
    let world = World::new();
    let old = world.log_in();
    let mut login = world.login(&[]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    world.quay.set_verify(Verify::As("bob".to_owned()));
    assert_eq!(post_to_catcher(&location), (409, "another_user".to_owned()));
    let messages = login.fails(1);
    assert!(messages.contains("is logged in as alice, but this token belongs to bob"), "{messages}");
    assert_stored(&world, &old);
    world
        .run(["status"])
        .prints("bob")
        .stderr("Quay says that the token of default@")
        .stderr("belongs to bob")
        .succeeds();

    // Another profile can have it.
    let other = world.complete(world.login(&["--profile", "bob"]).start());
    world.run(["print-token", "--profile", "bob"]).stdout(&format!("{other}\n")).succeeds();
    assert_stored(&world, &old);
}

#[test]
fn after_a_logout_another_user_can_use_the_profile() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Deleted the token").succeeds();
    world.quay.set_verify(Verify::As("bob".to_owned()));
    // The settings of the previous login are stored, so no flags are needed.
    let token = world.complete(world.run(["login", "--no-browser"]).start());
    assert_stored(&world, &token);
    world.run(["status"]).prints("bob").succeeds();
}

#[test]
fn login_works_with_each_release() {
    for release in [Release::V3_6, Release::V3_11, Release::V3_15, Release::V3_17, Release::V3_18] {
        for scopes in ["repo:read", "org:admin,user:admin"] {
            let world = World::new();
            world.quay.set_release(release);
            let token = world.complete(world.login(&["--scopes", scopes]).start());
            world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
        }
    }
}

#[test]
fn the_assignment_is_in_the_authorize_url() {
    let world = World::new();
    let uuid = "0a1b2c3d-0000-4000-8000-000000000000";
    let mut login = world.login(&["--assignment", uuid]).start();
    assert!(login.authorize_url().contains(&format!("&assignment_uuid={uuid}")));
}

#[test]
fn each_host_and_profile_has_its_own_token() {
    let world = World::new();
    let other = Quay::start();
    other.add_application(CLIENT_ID, &world.redirect_uri);
    other.set_everyone_is(Some("alice"));

    let first = world.log_in();
    let admin = world.complete(world.login(&["--profile", "admin", "--scopes", "org:admin"]).start());
    let mut login = world.login(&["--host", &other.host()]).start();
    let location = other.authorize(&login.authorize_url()).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    login.succeeds();
    let second = token_of(&location);

    let [here, there] = [world.quay.host(), other.host()];
    for (arguments, token) in [
        (vec!["--host", &here], &first),
        (vec!["--host", &here, "--profile", "admin"], &admin),
        (vec!["--host", &there], &second),
    ] {
        world.run([vec!["print-token"], arguments].concat()).stdout(&format!("{token}\n")).succeeds();
    }
    world.run(["print-token"]).stderr("several hosts have a profile").stderr(&here).stderr(&there).fails(2);
    world.run(["print-token"]).env("QUAY_AUTH_HOST", &there).stdout(&format!("{second}\n")).succeeds();
    world.config(&format!("default_host = \"{here}\"\n"));
    world.run(["print-token"]).stdout(&format!("{first}\n")).succeeds();
    let status = world.run(["status"]).prints("admin@").succeeds().stdout;
    assert_eq!(status.matches("default@").count(), 2, "{status}");

    world.run(["logout", "--host", &here]).stderr("Deleted the token").succeeds();
    world.run(["print-token", "--host", &here]).stderr("there is no login").fails(3);
    world.run(["print-token", "--host", &here, "--profile", "admin"]).stdout(&format!("{admin}\n")).succeeds();
    world.run(["print-token", "--host", &there]).stdout(&format!("{second}\n")).succeeds();
}

#[test]
fn a_token_is_checked_again_while_quay_is_busy() {
    let world = World::new();
    world.quay.fail(Failure::new("/v2/auth", 503).times(2));
    let token = world.complete(world.login(&[]).start());
    assert!(world.profiles_toml().contains("verified = true"), "{}", world.profiles_toml());
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}
