//! The program for Windows under Wine. `tests/windows.sh` builds it and runs these tests.
//!
//! The browser, the stand-in for Quay and the terminal run on Linux, which shares its loopback addresses with Wine.
//!
//! | file | subject |
//! | --- | --- |
//! | `login` | a login with a browser, and the commands after it |
//! | `stores` | the token file and the Credential Manager |
//! | `commands` | exec, the credential helper, exit codes, colours |
//! | `console` | input and output at a console, Ctrl-C |
//! | `others` | other programs: those that `exec` starts, those that have a file open, docker |
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

mod commands;
mod console;
mod login;
mod others;
mod stores;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::program::Run;
use crate::support::world::World;

/// A folder that `tests/windows.sh` sets.
fn folder_variable(name: &str) -> PathBuf {
    std::env::var_os(name).map(PathBuf::from).unwrap_or_else(|| panic!("{name} is not set: run tests/windows.sh"))
}

/// The path of a program that was built for Windows.
fn program(name: &str) -> PathBuf {
    folder_variable("QUAY_AUTH_WINE_BIN").join(format!("{name}.exe"))
}

/// The path of a Linux file in Wine.
fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

/// The application data folder. Its name has a space and letters that are not ASCII.
fn app_data(world: &World) -> PathBuf {
    world.home().join("Jürgen Ölçer/AppData 日本")
}

/// A file of quay-auth in that folder.
fn data_file(world: &World, name: &str) -> PathBuf {
    app_data(world).join("quay-auth").join(name)
}

/// Wine with these arguments, in the world's environment.
fn wine(world: &World, arguments: &[&str]) -> Command {
    let mut command = world.command("/usr/lib/wine/wine64");
    command.env("WINEPREFIX", folder_variable("QUAY_AUTH_WINE_PREFIX")).env("WINEDEBUG", "-all").env("LANG", "C.UTF-8");
    command.args(arguments);
    command
}

/// A program that uses the folders of the world. Wine sets their variables itself, so its command prompt sets them again.
fn windows(world: &World, name: &str, arguments: &[&str]) -> Command {
    let folder = app_data(world);
    fs::create_dir_all(&folder).expect("a folder");
    let folder = windows_path(&folder);
    let program = windows_path(&program(name));
    let line = format!("set LOCALAPPDATA={folder}&& set APPDATA={folder}&& {program} {}", arguments.join(" "));
    wine(world, &["cmd.exe", "/c", &line])
}

/// `quay-auth` with these arguments.
fn run(world: &World, arguments: &[&str]) -> Run {
    Run::new(windows(world, "quay-auth", arguments))
}

/// `quay-auth login` at the world's stand-in, which waits for a browser.
fn login<'a>(world: &'a World, host: &'a str, store: &'a str, more: &[&'a str]) -> Run {
    let login =
        ["login", "--no-browser", "--host", host, "--client-id", crate::support::world::CLIENT_ID, "--store", store];
    run(world, &[&login[..], &["--redirect-uri", &world.redirect_uri], more].concat())
}

/// A user with a Windows of their own: a copy of the Wine prefix that `tests/windows.sh` created.
struct User<'a> {
    world: &'a World,
    host: String,
    prefix: TempDir,
    /// A program that runs as long as the user exists. Otherwise, Wine would start its background processes with the first program of the
    /// test, and a test that reads the pipes of that program would wait for them.
    session: Child,
}

/// The name of the user, with a space and letters that are not ASCII.
const NAME: &str = "Jürgen Ölçer";

impl User<'_> {
    fn new(world: &World) -> User<'_> {
        let original = folder_variable("QUAY_AUTH_WINE_PREFIX");
        let parent = original.parent().expect("a folder");
        let prefix = tempfile::Builder::new().prefix("Wine ü ").tempdir_in(parent).unwrap();
        // Hard links, because the prefix is large. The files of the registry are copied, because Wine writes to them.
        let copy = Command::new("cp").args(["--archive", "--link"]).arg(original.join(".")).arg(prefix.path()).status();
        assert!(copy.expect("cp").success());
        for name in ["system.reg", "user.reg", "userdef.reg"] {
            fs::remove_file(prefix.path().join(name)).expect("a file of the registry");
            fs::copy(original.join(name), prefix.path().join(name)).expect("a file of the registry");
        }
        let mut session = wine(world, &["cmd.exe", "/k", "echo here"]);
        session.env("WINEPREFIX", prefix.path()).env("USER", NAME);
        session.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut session = session.spawn().expect("start Wine");
        let mut line = String::new();
        BufReader::new(session.stdout.take().expect("its stdout")).read_line(&mut line).expect("a line");
        User { world, host: world.quay.host(), prefix, session }
    }

    /// The profile folder of the user.
    fn folder(&self) -> PathBuf {
        self.prefix.path().join("drive_c/users").join(NAME)
    }

    /// A file of quay-auth in the user's data folder.
    fn data_file(&self, name: &str) -> PathBuf {
        self.folder().join("AppData/Local/quay-auth").join(name)
    }

    /// `quay-auth` with these arguments, run by the user.
    fn command(&self, arguments: &[&str]) -> Command {
        self.other(&program("quay-auth").display().to_string(), arguments)
    }

    /// Another program, run by the user.
    fn other(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = wine(self.world, &[program]);
        command.args(arguments).env("WINEPREFIX", self.prefix.path()).env("USER", NAME);
        command
    }

    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        Run::new(self.command(&arguments.into_iter().collect::<Vec<_>>()))
    }

    /// The arguments of a login at the world's stand-in, which waits for a browser.
    fn login_arguments(&self, store: &'static str) -> Vec<&str> {
        let host = &self.host;
        let login = ["login", "--no-browser", "--client-id", crate::support::world::CLIENT_ID, "--store", store];
        [&login[..], &["--host", host, "--redirect-uri", &self.world.redirect_uri]].concat()
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        // Stops Wine, and waits until it no longer writes to the files of the prefix.
        let end =
            |flag| Command::new("/usr/lib/wine/wineserver").arg(flag).env("WINEPREFIX", self.prefix.path()).status();
        let _ = (end("-k"), end("-w"));
        let _ = self.session.wait();
    }
}
