//! `status`: the profiles, and whether Quay accepts their tokens.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `table` | the table, its JSON, and which profiles they show |
//! | `states` | what Quay and the stores say about the tokens, and the exit code |

mod states;
mod table;

use serde_json::{Value, json};

use crate::support::world::World;

/// The output of `status --json` with exit code 0, with `TIME` in place of every time.
fn status_json(world: &World, more: &[&str]) -> Value {
    let printed = world.run([&["status", "--json"], more].concat()).prints("{\n").succeeds().stdout;
    let mut status: Value = serde_json::from_str(&printed).expect("JSON");
    for row in status["profiles"].as_array_mut().expect("rows") {
        for name in ["obtained_at", "expires_at"] {
            let Some(text) = row[name].as_str() else { continue };
            assert!(text.len() == "2026-11-25T10:00:00Z".len() && text.ends_with('Z'), "{text}");
            row[name] = json!("TIME");
        }
    }
    status
}

/// The day of the first time of this name in `profiles.toml`.
fn day(world: &World, name: &str) -> String {
    let profiles = world.profiles_toml();
    let (_, rest) = profiles.split_once(&format!("{name} = \"")).expect("a time");
    rest[.."2026-11-25".len()].to_owned()
}
