//! `logout`: what is revoked at Quay, what is deleted here, and what stays.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `revoking` | which tokens are revoked at Quay, and what a refusal means |
//! | `deleting` | what is deleted here, and what stays |
//! | `failures` | Quay or a store fails |

mod deleting;
mod failures;
mod revoking;

use std::fs;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;

use crate::support::world::World;

/// Logs in under this name and returns the token.
fn log_in_as(world: &World, profile: &str) -> String {
    world.complete(world.login(&["--profile", profile]).start())
}

/// The token file, whole.
fn tokens_toml(world: &World) -> String {
    fs::read_to_string(world.data_folder().join("tokens.toml")).unwrap_or_default()
}

/// Makes the profiles of the world's Quay profiles of the server at this address.
fn move_to(world: &World, authority: &str) {
    for file in ["profiles.toml", "tokens.toml"] {
        let file = world.data_folder().join(file);
        let moved = fs::read_to_string(&file).unwrap().replace(&world.quay.address().to_string(), authority);
        fs::write(&file, moved).unwrap();
    }
}

/// Whether Quay refuses the token.
fn is_refused(world: &World, token: &str) -> bool {
    let basic = STANDARD.encode(format!("$oauthtoken:{token}"));
    let header = format!("Authorization: Basic {basic}");
    let url = format!("{}/v2/auth?service=x", world.quay.host());
    let status =
        world.command("curl").args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", &header, &url]).output();
    match &*status.unwrap().stdout {
        b"401" => true,
        b"200" => false,
        other => panic!("{}", String::from_utf8_lossy(other)),
    }
}
