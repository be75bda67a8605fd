//! The Windows program, under Wine: `tests/windows.sh` builds it and runs these. The browser, Quay's stand-in and the terminal are the
//! host's, which shares its loopback with Wine.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `login` | a whole life of a token: browser, store, print-token, status, logout |
//! | `stores` | the token file and the Credential Manager |
//! | `commands` | exec, the credential helper, exit codes, the console |

mod commands;
mod login;
mod stores;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::Run;
use crate::world::World;

/// What `tests/windows.sh` sets.
#[allow(clippy::disallowed_methods, reason = "the script that builds the program says where it is")]
fn given(name: &str) -> PathBuf {
    std::env::var_os(name).map(PathBuf::from).unwrap_or_else(|| panic!("{name} is not set: run tests/windows.sh"))
}

/// A program of ours, built for Windows.
fn program(name: &str) -> PathBuf {
    given("QUAY_AUTH_WINE_BIN").join(format!("{name}.exe"))
}

/// Where Wine sees a file of the host.
fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

/// The user's own folder of a world, with a blank and letters that are not ASCII in its name.
fn app_data(world: &World) -> PathBuf {
    world.home().join("Jürgen Ölçer/AppData 日本")
}

/// The file of that name that quay-auth keeps there.
fn kept(world: &World, name: &str) -> PathBuf {
    app_data(world).join("quay-auth").join(name)
}

/// Wine with these words, in the world's environment and with all of Wine's own state in one place.
fn wine(world: &World, words: &[&str]) -> Command {
    let mut command = world.command("/usr/lib/wine/wine64");
    command.env("WINEPREFIX", given("QUAY_AUTH_WINE_PREFIX")).env("WINEDEBUG", "-all").env("LANG", "C.UTF-8");
    command.args(words);
    command
}

/// A program with these arguments, whose folders are those of the world: Wine sets the variables that name them by itself, so its
/// own shell sets them again.
fn windows(world: &World, name: &str, arguments: &[&str]) -> Command {
    let folder = app_data(world);
    std::fs::create_dir_all(&folder).expect("a folder");
    let folder = windows_path(&folder);
    let program = windows_path(&program(name));
    let line = format!("set LOCALAPPDATA={folder}&& set APPDATA={folder}&& {program} {}", arguments.join(" "));
    wine(world, &["cmd.exe", "/c", &line])
}

/// `quay-auth` with these arguments.
fn run(world: &World, arguments: &[&str]) -> Run {
    Run::new(windows(world, "quay-auth", arguments))
}

/// `quay-auth login` at the world's Quay, which waits for its browser.
fn login<'a>(world: &'a World, host: &'a str, store: &'a str, more: &[&'a str]) -> Run {
    let usual = ["login", "--no-browser", "--host", host, "--client-id", crate::world::CLIENT_ID, "--store", store];
    run(world, &[&usual[..], &["--redirect-uri", &world.redirect_uri], more].concat())
}
