//! The whole job in a minute, without a Quay: `cargo run --example first-login`.
//!
//! Starts the tests' stand-in for Quay on this machine, runs the real `quay-auth login` against it, with settings and tokens in a
//! throw-away folder, and then shows what `status` and `print-token` say. Your own browser plays its part; where there is none, the
//! example plays it over plain HTTP and says so.
#![allow(clippy::missing_docs_in_private_items, reason = "names and the text above say it")]
#![allow(clippy::print_stderr, clippy::disallowed_methods, reason = "an example that runs programs and tells about it")]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[allow(dead_code, unused_imports, reason = "the tests use more of it")]
#[path = "../tests/e2e/quay/mod.rs"]
mod quay;

use quay::{Browser, Quay};

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
    eprintln!("A stand-in for Quay runs at {host}; every browser counts as signed in there as alice.\n");

    let login = ["login", "--host", &host, "--client-id", CLIENT_ID, "--scopes", "repo:read,user:read"];
    let login = [&login[..], &["--redirect-uri", &redirect_uri, "--store", "file", "--no-browser"]].concat();
    log_in(command(&program, folder.path(), &login), &quay)?;
    for arguments in [&["status"][..], &["print-token"]] {
        if !command(&program, folder.path(), arguments).status()?.success() {
            return Err("that should have worked".into());
        }
    }
    eprintln!("\nWith a real Quay it is the same, and the keyring keeps the token:");
    eprintln!("  cargo install --path .");
    eprintln!("  quay-auth login --host quay.example.com --client-id ID");
    Ok(())
}

/// Builds the program, which `cargo run --example` does not, and tells where it is: one folder above the examples.
fn build() -> Result<PathBuf, Box<dyn Error>> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--bin", "quay-auth", "--manifest-path"]).arg(manifest);
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

/// The program, with its files in `folder`, announced as a person would type it.
fn command(program: &Path, folder: &Path, arguments: &[&str]) -> Command {
    eprintln!("$ quay-auth {}", arguments.join(" "));
    let mut command = Command::new(program);
    command.args(arguments).env("XDG_CONFIG_HOME", folder).env("XDG_DATA_HOME", folder);
    // Where XDG does not count; there the program's own variables below must not either.
    command.env("HOME", folder).env("APPDATA", folder).env("LOCALAPPDATA", folder);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("QUAY_AUTH_")) {
        command.env_remove(name);
    }
    command
}

/// Runs the login, passes on what it says, and opens the address that it prints.
///
/// The browser is opened from here and not by the login: it would inherit the throw-away home.
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

/// Lets a person give consent in the browser, or gives it.
fn consent(url: &str, quay: &Quay) -> Result<(), Box<dyn Error>> {
    let has_display = !cfg!(all(unix, not(target_os = "macos")))
        || ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if has_display && open::that_detached(url).is_ok() {
        eprintln!("(Your browser opens; choose \"Authorize Application\" there.)");
        return Ok(());
    }
    eprintln!("(There is no browser here, so this example plays it over plain HTTP.)");
    let location = url::Url::parse(&quay.authorize(url)?)?;
    let address = location.socket_addrs(|| None)?[0];
    let answer =
        serde_json::json!({"query": location.query().unwrap_or(""), "fragment": location.fragment().unwrap_or("")});
    let origin = location.origin().ascii_serialization();
    let headers = [("Content-Type", "application/json"), ("Origin", &origin)];
    let answer = Browser::new(address).send("POST", location.path(), &headers, answer.to_string().as_bytes());
    if answer.status == 200 { Ok(()) } else { Err(format!("the login answers with status {}", answer.status).into()) }
}

/// A port that nobody listens on.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
