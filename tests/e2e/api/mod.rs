//! `api`: requests to Quay's API with the token.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `requests` | paths, methods, fields, pages: what is sent and what comes back |
//! | `refusals` | errors when Quay refuses a request |
//! | `servers` | servers that are busy, redirect or send invalid responses |
//! | `shown` | output on a terminal and in a pipe |

mod refusals;
mod requests;
mod servers;
mod shown;

use crate::support::world::World;

/// The output of `api`, parsed as JSON.
fn json(world: &World, arguments: &[&str]) -> serde_json::Value {
    let printed = world.run([&["api"], arguments].concat()).prints("").succeeds().stdout;
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}
