//! KWallet as the keyring: also a wallet that is open counts as locked until a program has asked for it.

use crate::support::kwallet::KWallet;
use crate::support::world::World;

#[test]
fn login_print_token_status_and_logout_work_without_a_dialog() {
    let mut world = World::new();
    let _kwallet = KWallet::start(&mut world);
    let old = world.complete(world.login(&["--store", "keyring"]).start());
    world.run(["print-token"]).stdout(&format!("{old}\n")).succeeds();
    let new = world.complete(world.run(["login", "--no-browser"]).start());
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
    world.run(["status", "--json"]).prints("\"store\": \"keyring\"").prints("\"state\": \"accepted\"").succeeds();
    world.run(["logout", "--no-revoke"]).stderr("the token of").succeeds();
    world.run(["print-token"]).stderr("there is no login").fails(3);
}

#[test]
fn a_closed_wallet_is_reported_without_a_dialog_and_login_opens_it() {
    let mut world = World::new();
    let kwallet = KWallet::start(&mut world);
    let old = world.complete(world.login(&["--store", "keyring"]).start());
    kwallet.lock(&world);
    world.run(["print-token"]).stderr("the keyring is locked").fails(4);
    assert!(!kwallet.screen.has_window(&world, "."));
    let login = world.run(["login", "--no-browser"]).start();
    kwallet.unlock_in_dialog(&world);
    let new = world.complete(login);
    assert_ne!(old, new);
    world.run(["print-token"]).stdout(&format!("{new}\n")).succeeds();
}
