//! The end-to-end tests: the built binary, and everything else real but Quay, whose stand-in the recordings keep honest.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `world` | a fresh home, a scrubbed environment, a stand-in; `world.run([...]).stdout(...)` |
//! | `program` | the program run in it: what it must answer, how it ends |
//! | `pty` | the program at a real pseudo-terminal |
//! | `system` | mounts of its own, another user's home, strace |
//! | `keyring` | gnome-keyring on a private bus: unlocked, locked, stalled, absent |
//! | `image` | small real images, and the tools that push and pull them |
//! | `browser` | a real Chromium by ChromeDriver |
//! | `quay/` | the stand-in |
//! | `server` | a server that is no Quay, or a broken one |
//! | `recordings/` | Quay's recorded answers, played against the stand-in |
//! | one file or folder a command | what that command promises |
//! | `keyrings` | what `login` and `print-token` promise of a real keyring |
//! | `docker/` | the credential helper, docker's settings, the real docker, podman, skopeo and buildah |
//! | `faults` | killed, or failing, at every system call: the old state or the new one, and said |
//! | `races` | what two or ten of them do to each other |
//! | `package` | what README, help and Cargo.toml say of each other |
//! | `recipes` | the lines of the README |
//! | `tls/` | certificates, proxies, IPv6 |
//! | `look/` | the page in every outcome: pictures, axe-core, other engines |
//! | `stuck/` | every way that a person gets stuck in a login |
//! | `wine/` | the Windows program |
//! | `hostile` | what strangers send to the catcher |
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what cannot be set up or understood fails the test that needs it"
)]

mod api;
mod bad_input;
mod browser;
mod docker;
mod doctor;
mod exec;
mod export;
mod faults;
mod help;
mod hostile;
mod image;
mod keyring;
mod keyrings;
mod load;
mod login;
mod logout;
mod look;
mod package;
mod print_token;
mod program;
mod pty;
mod quay;
mod quiet;
mod races;
mod recipes;
mod recordings;
mod scopes;
mod secrets;
mod server;
mod settings;
mod shells;
mod status;
mod stuck;
mod system;
mod tls;
mod tokens;
mod wine;
mod world;
