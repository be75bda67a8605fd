//! `scopes`: the scopes that Quay has, and those that a host offers.

use serde_json::{Value, json};

use crate::support::world::World;

#[test]
fn table_has_every_scope_and_needs_no_network() {
    let world = World::new();
    let table = world.run(["scopes"]).prints("SCOPE        ALLOWS ").succeeds().stdout;
    for line in [
        "repo:read    see and pull repositories\n",
        "repo:admin   change their settings and permissions, delete them                      repo:write, repo:read\n",
        "user:admin   change the account, its robots and authorizations                                              yes\n",
    ] {
        assert!(table.contains(line), "{line}{table}");
    }
    assert_eq!(table.lines().count(), 9, "{table}");
    assert!(world.quay.requests().is_empty());
}

#[test]
fn host_option_shows_what_the_host_offers() {
    let world = World::new();
    let host = world.quay.host();
    // The recorded Quay hides super:user, since it has no superusers.
    let table = world.run(["scopes", "--host", &host]).prints("repo:create").succeeds().stdout;
    assert!(!table.contains("super:user") && table.lines().count() == 8, "{table}");
    let printed = world.run(["scopes", "--host", &host, "--json"]).prints("{").succeeds().stdout;
    let printed: Value = serde_json::from_str(&printed).unwrap();
    let write = &printed["scopes"][1];
    let expected = json!({"scope": "repo:write", "allows": "push to them; to a new one only with repo:create", "implies": ["repo:read"], "dangerous": false});
    assert_eq!(*write, expected);
    world.run(["scopes", "--host", "http://127.0.0.1:1"]).stderr("http://127.0.0.1:1 cannot be reached").fails(7);
}
