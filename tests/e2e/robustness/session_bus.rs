//! How quay-auth finds the session bus, and with it the keyring, if the environment gives a wrong address or none.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::support::keyring::{Bus, Keyring};
use crate::support::program::Run;
use crate::support::system::run_after;
use crate::support::world::World;

/// A world with a login whose token is in the keyring, and the token.
fn logged_in() -> (World, Keyring, String) {
    let mut world = World::new();
    let keyring = Keyring::start(&mut world);
    let token = world.complete(world.login(&["--store", "keyring"]).start());
    (world, keyring, token)
}

/// `print-token` as cron runs it, without the variables of a desktop session. `create` is the start of a command whose last argument will be
/// the path of the bus; `/run` is empty otherwise.
fn print_token_under_cron(world: &World, create: &str) -> Run {
    let user = fs::metadata(world.home()).expect("the home").uid();
    let commands = format!(
        "mount -t tmpfs tmpfs /run\nmkdir -p /run/user/{user}\n{create} /run/user/{user}/bus\n\
         unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS\nexec unshare --user --map-user={user} \"$@\""
    );
    run_after(world, &commands, &["print-token"])
}

#[test]
fn with_a_wrong_address_the_default_path_is_tried() {
    let (world, _keyring, token) = logged_in();
    let line = format!("{token}\n");
    for address in ["unix:path=/nowhere", "unix:abstract=/nowhere", "nonsense", ""] {
        world.run(["print-token"]).env("DBUS_SESSION_BUS_ADDRESS", address).stdout(&line).succeeds();
    }
}

#[test]
fn a_cron_job_finds_the_session_bus() {
    let (world, _keyring, token) = logged_in();
    print_token_under_cron(&world, "ln -s \"$XDG_RUNTIME_DIR/bus\"").stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn without_a_bus_the_error_names_the_address_and_the_default_path() {
    let (world, keyring, _) = logged_in();
    drop(keyring);
    let stale = world.run(["print-token"]).stderr("there is no session bus").fails(4).stderr;
    let cause = format!(
        "DBUS_SESSION_BUS_ADDRESS names a bus that does not respond, and no bus responds at {}",
        world.runtime_folder().join("bus").display()
    );
    assert!(stale.contains(&cause), "{stale}");
    let unset = print_token_under_cron(&world, "touch").stderr("there is no session bus").fails(4).stderr;
    assert!(unset.contains("DBUS_SESSION_BUS_ADDRESS is not set, and no bus responds at /run/user/"), "{unset}");
    for message in [stale, unset] {
        assert!(message.contains("log in to this machine's desktop") && message.contains("--store file"), "{message}");
        assert!(
            !["dbus-run-session", "X11", "autolaunch", "socket"].iter().any(|word| message.contains(word)),
            "{message}"
        );
    }
}

#[test]
fn a_bus_that_responds_is_used_even_if_it_has_no_keyring() {
    let (mut world, _keyring, _) = logged_in();
    let [with_keyring, other, default_path] = ["first", "other", "bus"].map(|name| world.runtime_folder().join(name));
    fs::rename(&default_path, &with_keyring).unwrap();
    let _bus = Bus::start(&mut world);
    fs::rename(&default_path, &other).unwrap();
    fs::rename(&with_keyring, &default_path).unwrap();
    let address = format!("unix:path={}", other.display());
    let run = world.run(["print-token"]).env("DBUS_SESSION_BUS_ADDRESS", &address);
    run.stderr("no keyring service runs here").fails(4);
}

#[test]
fn print_token_sends_four_calls() {
    let (world, keyring, token) = logged_in();
    let line = format!("{token}\n");
    let calls = keyring.bus().calls_during(&world, || drop(world.run(["print-token"]).stdout(&line).succeeds()));
    let secret = |call: &str| format!("org.freedesktop.Secret.{call}");
    assert_eq!(
        calls,
        [
            "org.freedesktop.DBus.Properties.Get".to_owned(),
            secret("Service.SearchItems"),
            secret("Service.OpenSession"),
            secret("Item.GetSecret")
        ]
    );
}
