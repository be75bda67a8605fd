//! What a person can get wrong, or find wrong: exit code, words, the next step; and that nothing is lost by it.
//!
//! | file | what is wrong |
//! | --- | --- |
//! | `words` | a host, scope, redirect URI, name, or time that is none |
//! | `tokens` | a token that is none, or that is given where others can read it |
//! | `files` | `config.toml`, `profiles.toml`, `tokens.toml` and their folder |
//! | `home` | no home, another user's, a read-only or a full one |

mod files;
mod home;
mod tokens;
mod words;

use crate::program::Run;
use crate::world::World;

/// A token that no output may hold.
const SECRET: &str = "SECRETSECRETSECRETSECRETSECRETSECRETSECR";

/// Runs it; it exits with this code, says an error and what to do next, and says it as a person would. Returns the words.
fn refused(run: Run, code: i32) -> String {
    let said = run.stderr("quay-auth: error: ").stderr("  hint: ").fails(code).stderr;
    assert_spoken(&said);
    said
}

/// Runs it; the command line itself is refused. Returns the words.
///
/// That these have a hint as well is one test of its own, in `words`.
fn mistyped(run: Run) -> String {
    let said = run.stderr("error: ").fails(2).stderr;
    assert_spoken(&said);
    said
}

/// No secret, no value as a debugger shows it, no panic, nothing that steers a terminal.
fn assert_spoken(said: &str) {
    for surplus in ["SECRETSECRET", "{", "Some(", "None", "Ok(", "Err(", "Error(", "kind:", "panicked", "bug:"] {
        assert!(!said.contains(surplus), "`{surplus}` in: {said}");
    }
    assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said:?}");
}

/// `login --with-token` at the world's Quay into the file store, with this on stdin.
fn with_token(world: &World, text: impl AsRef<[u8]>) -> Run {
    world.run(["login", "--with-token", "--store", "file", "--host", &world.quay.host()]).stdin(text)
}

/// Nobody was asked anything, and nothing is kept.
fn assert_nothing_happened(world: &World) {
    assert!(world.quay.requests().is_empty(), "{:?}", world.quay.requests());
    assert_eq!(std::fs::read_dir(world.home()).unwrap().count(), 0, "something was written");
}
