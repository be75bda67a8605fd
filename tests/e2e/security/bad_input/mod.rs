//! Mistakes of the user and broken files: the exit code, the message, the hint, and that nothing is lost.
//!
//! | file | what is wrong |
//! | --- | --- |
//! | `values` | a host, scope, redirect URI, name, or time is invalid |
//! | `tokens` | a token is invalid, or is given where others can read it |
//! | `files` | `config.toml`, `profiles.toml`, `tokens.toml` or their folder |
//! | `home` | there is no home, or it belongs to another user, is read-only or full |

mod files;
mod home;
mod tokens;
mod values;

use crate::support::program::Run;
use crate::support::world::World;

/// A token that must not appear in any output.
const SECRET: &str = "SECRETSECRETSECRETSECRETSECRETSECRETSECR";

/// Expects a readable error with a hint and this exit code. Returns stderr.
fn refused(run: Run, code: i32) -> String {
    let stderr = run.stderr("quay-auth: error: ").stderr("  hint: ").fails(code).stderr;
    assert_readable(&stderr);
    stderr
}

/// Expects a readable usage error. Returns stderr.
///
/// Whether usage errors have a hint is tested once, in `values`.
fn usage_error(run: Run) -> String {
    let stderr = run.stderr("error: ").fails(2).stderr;
    assert_readable(&stderr);
    stderr
}

/// The message contains no secret, no debug output, no panic and no control characters.
fn assert_readable(message: &str) {
    for part in ["SECRETSECRET", "{", "Some(", "None", "Ok(", "Err(", "Error(", "kind:", "panicked", "bug:"] {
        assert!(!message.contains(part), "`{part}` in: {message}");
    }
    assert!(message.chars().all(|c| c == '\n' || !c.is_control()), "{message:?}");
}

/// `login --with-token --store file` at the world's stand-in, with this stdin.
fn with_token(world: &World, text: impl AsRef<[u8]>) -> Run {
    world.run(["login", "--with-token", "--store", "file", "--host", &world.quay.host()]).stdin(text)
}

/// No request was sent, and no file was written.
fn assert_nothing_happened(world: &World) {
    assert!(world.quay.requests().is_empty(), "{:?}", world.quay.requests());
    assert_eq!(std::fs::read_dir(world.home()).unwrap().count(), 0, "something was written");
}
