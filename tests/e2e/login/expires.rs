//! `login --expires`: the browser's token is swapped for a narrower one that ends soon, and revoked.

use crate::quay::{Release, Token};
use crate::world::{World, hand_over, token_of};

/// A login with these flags. Returns the browser's token and what was said.
fn log_in(world: &World, more: &[&str]) -> (String, String) {
    let mut login = world.login(more).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    (token_of(&location), login.succeeds())
}

fn token(world: &World, value: &str) -> Token {
    world.quay.tokens().into_iter().find(|known| known.value == value).expect("a token of this Quay")
}

/// What is kept.
fn kept(world: &World) -> Token {
    let printed = world.run(["print-token"]).prints("\n").succeeds().stdout;
    token(world, printed.trim())
}

#[test]
fn what_is_kept_has_just_the_scopes_wanted_and_ends_and_the_browsers_is_revoked() {
    let world = World::new();
    let (browsers, said) = log_in(&world, &["--expires", "30d", "--scopes", "repo:read,user:read"]);
    assert!(said.contains("asks for repo:read,user:read,org:admin.\n"), "{said}");
    assert!(said.contains("its scopes: repo:read,user:read; it ends on "), "{said}");
    assert!(
        said.contains("The token that went through the browser, and stays in its history, is revoked.\n"),
        "{said}"
    );
    assert!(token(&world, &browsers).revoked);
    let kept = kept(&world);
    assert_eq!((kept.scopes.as_str(), kept.name.as_deref()), ("repo:read user:read", Some("quay-auth default")));
    let lives = kept.expires_at.duration_since(kept.created).unwrap();
    assert_eq!(lives.as_secs(), 30 * 24 * 60 * 60);
    world.run(["status"]).prints("alice  repo:read,user:read  file").prints("accepted\n").succeeds();
    // The next login asks for the same.
    let (_, said) = log_in(&world, &["--expires", "1d"]);
    assert!(said.contains("its scopes: repo:read,user:read; it ends on "), "{said}");
}

#[test]
fn an_older_quay_is_found_out_before_the_browser_opens() {
    let world = World::new();
    world.quay.set_release(Release::V3_17);
    world
        .login(&["--expires", "30d"])
        .stderr("cannot make a token that ends sooner: it is older than Quay 3.18\n")
        .stderr("hint: leave out --expires: quay-auth login ")
        .fails(1);
    assert!(world.quay.tokens().is_empty());
}

#[test]
fn where_it_cannot_be_made_the_browsers_is_kept_and_told() {
    let world = World::new();
    let mut login = world.login(&["--expires", "30d"]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    // The user loses the organization meanwhile.
    world.quay.world().organizations.get_mut("acme").unwrap().admins.clear();
    assert_eq!(hand_over(&location), (200, "stored".to_owned()));
    let said = login.succeeds();
    assert!(said.contains("warning: no token that ends sooner could be made: "), "{said}");
    assert!(said.contains("hint: the one that the browser brought is kept: it lives ten years\n"), "{said}");
    assert_eq!(kept(&world).value, token_of(&location));
    assert!(!kept(&world).revoked);
    world.run(["print-token", "--require", "org:admin"]).prints("\n").succeeds();
}

#[test]
fn the_one_before_can_be_revoked_too() {
    let world = World::new();
    let (first, _) = log_in(&world, &["--scopes", "repo:read"]);
    let (browsers, said) = log_in(&world, &["--expires", "30d", "--revoke-old"]);
    assert!(said.contains("✓ Revoked the token before this one"), "{said}");
    assert!(token(&world, &first).revoked && token(&world, &browsers).revoked && !kept(&world).revoked);
}

#[test]
fn it_makes_no_sense_for_a_token_from_stdin() {
    let world = World::new();
    world.run(["login", "--with-token", "--expires", "30d"]).stderr("cannot be used with").fails(2);
    world.run(["login", "--expires", "never"]).stderr("write the time as 12h, 30d or 1year").fails(2);
}
