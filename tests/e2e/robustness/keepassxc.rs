//! KeePassXC as the keyring: it replies to every write with a prompt, and may ask its user before it gives out an entry.

use crate::support::keepassxc::{Asks, KeePassXc};
use crate::support::world::{World, post_to_catcher};

#[test]
fn login_print_token_status_and_logout_work_without_a_dialog() {
    let mut world = World::new();
    let _keepassxc = KeePassXc::start(&mut world, Asks::Never);
    let old = world.complete(world.login(&["--store", "keyring"]).start());
    world.run(["print-token"]).stdout(&format!("{old}\n")).succeeds();
    let new = world.complete(world.run(["login", "--no-browser"]).start());
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
    world.run(["status", "--json"]).prints("\"store\": \"keyring\"").prints("\"state\": \"accepted\"").succeeds();
    world.run(["logout", "--no-revoke"]).stderr("Deleted the token").succeeds();
    world.run(["print-token"]).stderr("there is no login").fails(3);
}

#[test]
fn a_keyring_that_asks_each_time_is_reported_and_not_asked_by_print_token() {
    let mut world = World::new();
    let keepassxc = KeePassXc::start(&mut world, Asks::Always);
    let setting = "Confirm when passwords are retrieved by clients";
    let mut login = world.login(&["--store", "keyring"]).start();
    let location = world.quay.authorize(&login.authorize_url()).expect("a consent");
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    let message = login.succeeds();
    assert!(message.contains("warning: print-token will fail:") && message.contains(setting), "{message}");
    world.run(["print-token"]).stderr("asks for confirmation").stderr(setting).stderr("--store file").fails(4);
    world.helper("get", &world.quay.address().to_string()).prints("asks for confirmation").prints(setting).fails(1);
    assert!(!keepassxc.screen.has_window(&world, "Access Request"));
}

#[test]
fn a_locked_database_is_reported_without_a_dialog_and_login_unlocks_it() {
    let mut world = World::new();
    let keepassxc = KeePassXc::start(&mut world, Asks::Never);
    let old = world.complete(world.login(&["--store", "keyring"]).start());
    keepassxc.lock(&world);
    world.run(["print-token"]).stderr("the keyring is locked").fails(4);
    assert!(!keepassxc.screen.has_window(&world, "Unlock Database"));
    let login = world.run(["login", "--no-browser"]).start();
    keepassxc.unlock_in_dialog(&world);
    let new = world.complete(login);
    assert_ne!(old, new);
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
}

#[test]
fn logout_deletes_the_token_only_if_the_user_confirms() {
    let mut world = World::new();
    let keepassxc = KeePassXc::start(&mut world, Asks::Always);
    world.complete(world.login(&["--store", "keyring"]).start());
    let logout = world.run(["logout"]).start();
    // Allows quay-auth to read the token, so that it can revoke it; but not to delete it.
    keepassxc.screen.press(&world, "Access Request", &["Return"]);
    keepassxc.screen.press(&world, "Delete entry", &["Return"]);
    let refused = logout.fails(4);
    assert!(refused.contains("the keyring asked for confirmation and did not get it"), "{refused}");
    let again = world.run(["logout", "--all"]).start();
    keepassxc.screen.press(&world, "Delete entry", &["Tab", "space"]);
    let deleted = again.succeeds();
    assert!(deleted.contains("Deleted an older token"), "{deleted}");
}
