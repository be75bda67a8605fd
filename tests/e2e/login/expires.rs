//! `login --expires`: a short-lived token with fewer scopes replaces the browser's token, which is revoked.

use std::fs;

use crate::quay_standin::{Failure, Release, Token, Verify};
use crate::support::browser::Browser;
use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World, post_to_catcher, token_of};

/// Logs in with these flags. Returns the browser's token and the messages.
fn log_in(world: &World, more: &[&str]) -> (String, String) {
    let mut login = world.login(more).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    (token_of(&location), login.succeeds())
}

fn token(world: &World, value: &str) -> Token {
    world.quay.tokens().into_iter().find(|known| known.value == value).expect("a token of the stand-in")
}

fn stored_token(world: &World) -> Token {
    let printed = world.run(["print-token"]).prints("\n").succeeds().stdout;
    token(world, printed.trim())
}

#[test]
fn the_stored_token_has_only_the_requested_scopes_and_the_browsers_token_is_revoked() {
    let world = World::new();
    let (browser_token, messages) =
        log_in(&world, &["--expires", "30d", "--scopes", "repo:read,user:read", "--verbose"]);
    assert!(messages.contains("asks for repo:read,user:read,org:admin.\n"), "{messages}");
    assert!(messages.contains("(repo:read,user:read). Expires on "), "{messages}");
    assert!(messages.contains("Revoked the browser's token, which is still in the browser's history.\n"), "{messages}");
    assert!(token(&world, &browser_token).revoked);
    let stored = stored_token(&world);
    assert_eq!((stored.scopes.as_str(), stored.name.as_deref()), ("repo:read user:read", Some("quay-auth default")));
    let lifetime = stored.expires_at.duration_since(stored.created).unwrap();
    assert_eq!(lifetime.as_secs(), 30 * 24 * 60 * 60);
    world.run(["status"]).prints("alice  repo:read,user:read  file").prints("accepted\n").succeeds();
    // The next login requests the same scopes.
    let (_, messages) = log_in(&world, &["--expires", "1d"]);
    assert!(messages.contains("(repo:read,user:read). Expires on "), "{messages}");
}

#[test]
fn an_older_quay_is_an_error_before_the_browser_opens() {
    let world = World::new();
    world.quay.set_release(Release::V3_17);
    world
        .login(&["--expires", "30d"])
        .stderr("cannot create tokens that expire sooner: it is older than Quay 3.18\n")
        .stderr("hint: log in without --expires: quay-auth login ")
        .fails(1);
    assert!(world.quay.tokens().is_empty());
}

/// A login with `--expires` during which something happens after the user has approved it. Returns the browser's token and the messages.
fn fail_to_create(world: &World, exit: i32, happen: impl FnOnce()) -> (Token, String) {
    let mut login = world.login(&["--expires", "30d"]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    happen();
    assert_eq!(post_to_catcher(&location), (200, "refused".to_owned()));
    let messages = login.fails(exit);
    let _ = fs::remove_dir(world.data_folder().join("tokens.toml"));
    world.run(["print-token"]).stderr("there is no login").fails(3);
    assert!(!messages.contains(&token_of(&location)), "{messages}");
    (token(world, &token_of(&location)), messages)
}

#[test]
fn nothing_is_stored_if_the_user_may_not_create_tokens() {
    let world = World::new();
    let (browser_token, messages) = fail_to_create(&world, 5, || {
        world.quay.database().organizations.get_mut("acme").unwrap().admins.clear();
    });
    assert!(messages.contains("org:admin is needed only to create the token that expires sooner."), "{messages}");
    assert!(messages.contains("so nothing was stored") && messages.contains("answered with status 403"), "{messages}");
    assert!(messages.contains("you are not an administrator of acme: log in without --expires"), "{messages}");
    // For the same reason it cannot be revoked.
    assert!(!browser_token.revoked);
    assert!(messages.contains(") is still valid until 20") && messages.contains(&browser_token.uuid), "{messages}");
    assert!(messages.contains("\"Authorized Applications\""), "{messages}");
}

#[test]
fn nothing_is_stored_if_quay_cannot_create_the_token_just_now() {
    let world = World::new();
    let (browser_token, messages) = fail_to_create(&world, 7, || {
        world.quay.fail(Failure::new("/api/v1/organization/acme/applications", 502).times(1));
    });
    assert!(messages.contains("answered with status 502"), "{messages}");
    assert!(messages.contains("hint: the browser's token was revoked"), "{messages}");
    assert!(browser_token.revoked);
}

#[test]
fn the_browsers_token_is_revoked_and_the_page_does_not_offer_it_if_the_new_token_cannot_be_stored() {
    let world = World::new();
    let (browser_token, messages) = fail_to_create(&world, 4, || {
        fs::create_dir(world.data_folder().join("tokens.toml")).unwrap();
    });
    assert!(messages.contains("tokens.toml is not a regular file"), "{messages}");
    assert!(messages.contains("hint: the browser's token was revoked\n"), "{messages}");
    assert!(browser_token.revoked);
    let created = world.quay.tokens().into_iter().find(|token| token.name.is_some()).unwrap();
    assert!(!created.revoked && messages.contains("the new token may still be valid at Quay"), "{messages}");
}

#[test]
fn the_browsers_token_is_revoked_if_the_new_token_belongs_to_another_user() {
    let (world, alices) = World::with_token("repo:read");
    world.quay.set_verify(Verify::As("mallory".to_owned()));
    let mut login = world.login(&["--expires", "30d"]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    assert_eq!(post_to_catcher(&location).1, "another_user");
    let messages = login.fails(1);
    assert!(messages.contains("hint: the browser's token was revoked\n"), "{messages}");
    assert!(world.is_revoked(&token_of(&location)) && !world.is_revoked(&alices));
    world.run(["print-token"]).stdout(&format!("{alices}\n")).succeeds();
}

/// Another answer may mean that there is a token after all.
#[test]
fn an_answer_without_a_token_is_not_taken_for_a_refusal() {
    let world = World::new();
    let (browser_token, messages) = fail_to_create(&world, 7, || {
        world.quay.fail(Failure::new("/api/v1/organization/acme/applications", 200).times(1));
    });
    assert!(browser_token.revoked);
    assert!(messages.contains("Quay may have created the token `quay-auth default` all the same; "), "{messages}");
}

#[test]
fn the_short_lived_token_is_created_where_anonymous_access_is_off() {
    let world = World::new();
    world.quay.set_everyone_is(None);
    world.quay.database().settings.allows_anonymous_access = false;
    let (browser_token, _) = log_in(&world, &["--expires", "30d"]);
    assert!(token(&world, &browser_token).revoked && !stored_token(&world).revoked);
}

#[test]
fn revoke_old_also_revokes_the_previous_token() {
    let world = World::new();
    let (first, _) = log_in(&world, &["--scopes", "repo:read"]);
    let (browser_token, messages) = log_in(&world, &["--expires", "30d", "--revoke-old"]);
    assert!(messages.contains("✓ Revoked your previous token"), "{messages}");
    assert!(token(&world, &first).revoked && token(&world, &browser_token).revoked && !stored_token(&world).revoked);
}

/// What the page then says about the browser's history, and the messages.
fn page_after_login(world: &World) -> (String, String) {
    let browser = Browser::start();
    let mut login = world.login(&["--expires", "30d"]).start();
    browser.goto(&login.authorize_url());
    // org:admin needs a second click.
    browser.press("Authorize Application");
    browser.press("Authorize Application");
    browser.shows("stored");
    (browser.text("main"), login.succeeds())
}

#[test]
fn the_page_warns_of_the_history_only_if_the_browsers_token_is_not_known_to_be_revoked() {
    for (is_revoked, failing) in
        [(true, None), (false, Some(format!("/api/v1/organization/acme/applications/{CLIENT_ID}/tokens/")))]
    {
        let world = World::new();
        if let Some(path) = failing {
            world.quay.fail(Failure::new(&path, 503));
        }
        let (page, messages) = page_after_login(&world);
        assert!(page.contains("Your token is stored."), "{page}");
        assert_eq!(page.contains("history"), !is_revoked, "{page}");
        assert_eq!(messages.contains("Revoked the browser's token"), is_revoked, "{messages}");
        assert_eq!(messages.contains("could not revoke the browser's token"), !is_revoked, "{messages}");
        let browser_token = world.quay.tokens().into_iter().find(|token| token.name.is_none()).unwrap();
        assert_eq!(browser_token.revoked, is_revoked);
    }
}

/// The question comes after the reply, when the browser's token can no longer revoke anything.
#[test]
fn a_previous_token_that_only_the_browsers_token_could_revoke_needs_revoke_old() {
    let (world, old) = World::with_token("repo:read");
    let terminal = Terminal::log_in(&world, &["--expires", "30d"]);
    let location = world.quay.authorize(&terminal.authorize_url()).unwrap();
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    let screen = terminal.ends(0);
    assert!(
        screen.contains("next time, add --revoke-old: then the browser's token revokes the previous one first"),
        "{screen}"
    );
    assert!(screen.contains("your previous token may still be valid;"), "{screen}");
    assert!(!screen.contains("Revoke your previous token at"), "{screen}");
    assert!(world.is_revoked(&token_of(&location)) && !world.is_revoked(&old));
}

#[test]
fn expires_needs_a_time_and_no_with_token() {
    let world = World::new();
    world.run(["login", "--with-token", "--expires", "30d"]).stderr("cannot be used with").fails(2);
    world.run(["login", "--expires", "never"]).stderr("write the time like 12h, 30d or 1year").fails(2);
}
