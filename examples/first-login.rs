//! A complete login without a Quay server: `cargo run --example first-login`.
//!
//! Starts the tests' stand-in for Quay on this machine, runs the real `quay-auth login` against it, with settings and token in a temporary
//! folder, and then runs `status` and `print-token`. It opens your browser or, without a browser, simulates one and says so. Nothing is left
//! behind.
#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "an example that runs programs and explains it")]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../tests/quay_standin/mod.rs"]
mod quay_standin;

use quay_standin::{Browser, Quay};

const CLIENT_ID: &str = "FIRSTLOGIN0000000001";

fn main() -> Result<(), Box<dyn Error>> {
    let program = build()?;
    let folder = tempfile::tempdir()?;
    let quay = Quay::start();
    let redirect_uri = format!("http://127.0.0.1:{}/callback", free_port()?);
    quay.add_application(CLIENT_ID, &redirect_uri);
    quay.set_application_name(CLIENT_ID, "first login");
    quay.set_everyone_is(Some("alice"));
    let host = quay.host();
    eprintln!("A stand-in for Quay runs at {host}. Every browser is signed in there as alice.\n");

    let login = ["login", "--host", &host, "--client-id", CLIENT_ID];
    let login = [&login[..], &["--redirect-uri", &redirect_uri, "--store", "file", "--no-browser"]].concat();
    log_in(command(&program, folder.path(), &login), &quay)?;
    for arguments in [&["status"][..], &["print-token"]] {
        if !command(&program, folder.path(), arguments).status()?.success() {
            return Err("the command failed".into());
        }
    }
    eprintln!("\nWith a real Quay it is the same, and the token is stored in the keyring:");
    eprintln!("  cargo install --path .");
    eprintln!("  quay-auth login --host quay.example.com --client-id ID");
    Ok(())
}

/// Builds the program, which `cargo run --example` does not. Returns its path, one folder above the examples.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    eprintln!("Building the program quay-auth. The first time, this takes minutes.");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--locked", "--bin", "quay-auth", "--manifest-path"]).arg(manifest);
    // Build scripts, such as that of ring, run again if these variables change. They describe this example.
    for (name, _) in std::env::vars_os() {
        let of_example = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if of_example.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            cargo.env_remove(name);
        }
    }
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if !cargo.status()?.success() {
        return Err("quay-auth does not build".into());
    }
    let examples = std::env::current_exe()?;
    let target = examples.parent().and_then(Path::parent).ok_or("this example is not in a target folder")?;
    Ok(target.join(format!("quay-auth{}", std::env::consts::EXE_SUFFIX)))
}

/// The program with its files in `folder`. Prints the command as a person would type it.
fn command(program: &Path, folder: &Path, arguments: &[&str]) -> Command {
    eprintln!("$ quay-auth {}", arguments.join(" "));
    let mut command = Command::new(program);
    command.args(arguments).env("XDG_CONFIG_HOME", folder).env("XDG_DATA_HOME", folder);
    // For systems where the XDG variables have no effect.
    command.env("HOME", folder).env("APPDATA", folder).env("LOCALAPPDATA", folder);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("QUAY_AUTH_")) {
        command.env_remove(name);
    }
    command
}

/// Runs the login, prints its messages, and opens the URL that it prints.
///
/// The login does not open the browser itself, because the browser would get the temporary home.
fn log_in(mut command: Command, quay: &Quay) -> Result<(), Box<dyn Error>> {
    let mut login = command.stderr(Stdio::piped()).spawn()?;
    let lines = BufReader::new(login.stderr.take().ok_or("the login has no stderr")?).lines();
    for line in lines {
        let line = line?;
        writeln!(std::io::stderr(), "{line}")?;
        if line.starts_with(&format!("{}/oauth/authorize?", quay.host())) {
            consent(&line, quay)?;
        }
    }
    if login.wait()?.success() { Ok(()) } else { Err("the login failed".into()) }
}

/// Lets the user approve the request in the browser or, without a browser, approves it.
fn consent(url: &str, quay: &Quay) -> Result<(), Box<dyn Error>> {
    let has_display = !cfg!(all(unix, not(target_os = "macos")))
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if has_display && open::that_detached(url).is_ok() {
        eprintln!("(Opening your browser. Choose \"Authorize Application\" there.)");
        return Ok(());
    }
    eprintln!("(There is no browser here, so this example simulates one.)");
    let location = url::Url::parse(&quay.authorize(url)?)?;
    let address = location.socket_addrs(|| None)?[0];
    let body =
        serde_json::json!({"query": location.query().unwrap_or(""), "fragment": location.fragment().unwrap_or("")});
    let origin = location.origin().ascii_serialization();
    let headers = [("Content-Type", "application/json"), ("Origin", &origin)];
    let reply = Browser::new(address).send("POST", location.path(), &headers, body.to_string().as_bytes());
    if reply.status == 200 { Ok(()) } else { Err(format!("the login answers with status {}", reply.status).into()) }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
