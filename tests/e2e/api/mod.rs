//! `api`: requests to Quay's API with the token.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `requests` | paths, methods, fields, pages: what is sent and what comes back |
//! | `refusals` | what is said when Quay says no |
//! | `servers` | servers that are busy, send elsewhere, or send nonsense |
//! | `shown` | a person's terminal, and a program's pipe |

mod refusals;
mod requests;
mod servers;
mod shown;

use crate::world::World;

/// A world with a login of these scopes, and its token.
fn logged_in(scopes: &str) -> (World, String) {
    let world = World::new();
    let token = world.complete(world.login(&["--scopes", scopes]).start());
    (world, token)
}

/// What `api` prints, as JSON.
fn json(world: &World, arguments: &[&str]) -> serde_json::Value {
    let printed = world.run([&["api"], arguments].concat()).prints("").succeeds().stdout;
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}
