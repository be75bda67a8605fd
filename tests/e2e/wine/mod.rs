//! The Windows program, under Wine: `tests/windows.sh` builds it and runs these. The browser, Quay's stand-in and the terminal are the
//! host's, which shares its loopback with Wine.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `login` | a whole life of a token: browser, store, print-token, status, logout |
//! | `stores` | the token file and the Credential Manager |
//! | `commands` | exec, the credential helper, exit codes, colours |
//! | `console` | what is typed and shown at a console, Ctrl-C |
//! | `others` | other programs: those that `exec` starts, those that hold a file open, docker |
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

use crate::program::Run;
use crate::world::World;

/// What `tests/windows.sh` sets.
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

/// `quay-auth login` at the world's Quay, which waits for its browser.
fn login<'a>(world: &'a World, host: &'a str, store: &'a str, more: &[&'a str]) -> Run {
    let usual = ["login", "--no-browser", "--host", host, "--client-id", crate::world::CLIENT_ID, "--store", store];
    run(world, &[&usual[..], &["--redirect-uri", &world.redirect_uri], more].concat())
}

/// A Windows of its own, whose user's name has a blank and letters that are not ASCII: a copy of the one that `tests/windows.sh` made.
struct User<'a> {
    world: &'a World,
    host: String,
    /// Wine's state.
    prefix: TempDir,
    /// Lives as long as the user. Else the parts that Wine starts for itself would be started, and their ends awaited, with the pipes
    /// of whichever program comes first.
    session: Child,
}

/// The user's name.
const NAME: &str = "Jürgen Ölçer";

impl User<'_> {
    /// A user in that world.
    fn new(world: &World) -> User<'_> {
        let made = given("QUAY_AUTH_WINE_PREFIX");
        let prefix = tempfile::Builder::new().prefix("Wine ü ").tempdir_in(made.parent().expect("a folder")).unwrap();
        // Links, since it is large; but the registry's files are written to.
        let copy = Command::new("cp").args(["--archive", "--link"]).arg(made.join(".")).arg(prefix.path()).status();
        assert!(copy.expect("cp").success());
        for name in ["system.reg", "user.reg", "userdef.reg"] {
            fs::remove_file(prefix.path().join(name)).expect("a file of the registry");
            fs::copy(made.join(name), prefix.path().join(name)).expect("a file of the registry");
        }
        let mut session = wine(world, &["cmd.exe", "/k", "echo here"]);
        session.env("WINEPREFIX", prefix.path()).env("USER", NAME);
        session.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut session = session.spawn().expect("start Wine");
        let mut line = String::new();
        BufReader::new(session.stdout.take().expect("its stdout")).read_line(&mut line).expect("a line");
        User { world, host: world.quay.host(), prefix, session }
    }

    /// The user's own folder.
    fn folder(&self) -> PathBuf {
        self.prefix.path().join("drive_c/users").join(NAME)
    }

    /// The file of that name that quay-auth keeps there.
    fn kept(&self, name: &str) -> PathBuf {
        self.folder().join("AppData/Local/quay-auth").join(name)
    }

    /// `quay-auth` with these arguments, in the user's name.
    fn command(&self, arguments: &[&str]) -> Command {
        self.other(&program("quay-auth").display().to_string(), arguments)
    }

    /// Another program.
    fn other(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = wine(self.world, &[program]);
        command.args(arguments).env("WINEPREFIX", self.prefix.path()).env("USER", NAME);
        command
    }

    /// `quay-auth`, run.
    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Run {
        Run::new(self.command(&arguments.into_iter().collect::<Vec<_>>()))
    }

    /// The arguments of a login at the world's Quay, which waits for its browser.
    fn login_words(&self, store: &'static str) -> Vec<&str> {
        let host = &self.host;
        let usual = ["login", "--no-browser", "--client-id", crate::world::CLIENT_ID, "--store", store];
        [&usual[..], &["--host", host, "--redirect-uri", &self.world.redirect_uri]].concat()
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        // All of this Windows, and then the files, which it writes to until then.
        let end =
            |flag| Command::new("/usr/lib/wine/wineserver").arg(flag).env("WINEPREFIX", self.prefix.path()).status();
        let _ = (end("-k"), end("-w"));
        let _ = self.session.wait();
    }
}
