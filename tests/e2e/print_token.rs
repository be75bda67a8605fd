//! `print-token` with the token file and with `QUAY_AUTH_TOKEN`. `robustness::keyrings` tests the keyring.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::quay_standin::Quay;
use crate::support::pty::Terminal;
use crate::support::system::{READ_ONLY_HOME, Traced, run_after};
use crate::support::world::{CLIENT_ID, World};

/// A token for `QUAY_AUTH_TOKEN`.
const FROM_CI: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

fn tokens_toml(world: &World) -> PathBuf {
    world.data_folder().join("tokens.toml")
}

#[test]
fn prints_the_token_and_a_newline_only() {
    let world = World::new();
    let line = format!("{}\n", world.log_in());
    for more in [&[][..], &["--quiet"], &["--verbose"], &["--color", "always"]] {
        world.run([&["print-token"], more].concat()).env("CLICOLOR_FORCE", "1").stdout(&line).succeeds();
    }
}

#[test]
fn json_has_the_token_and_its_details() {
    let world = World::new();
    let token = world.log_in();
    let printed = world.run(["print-token", "--json"]).prints("{\n").succeeds().stdout;
    let expires_at = field(&printed, "expires_at");
    let profiles = world.profiles_toml();
    assert!(profiles.contains(&format!("expires_at = \"{expires_at}\"")), "{profiles}");
    let expected = format!(
        "{{\n  \"token\": \"{token}\",\n  \"host\": \"{}\",\n  \"username\": \"$oauthtoken\",\n  \
         \"scopes\": \"repo:read,user:read\",\n  \"expires_at\": \"{expires_at}\"\n}}\n",
        world.quay.host()
    );
    assert_eq!(printed, expected);
}

#[test]
fn json_has_null_for_what_is_not_known() {
    let world = World::new();
    let expected = format!(
        "{{\n  \"token\": \"{FROM_CI}\",\n  \"host\": \"quay.io\",\n  \"username\": \"$oauthtoken\",\n  \
         \"scopes\": null,\n  \"expires_at\": null\n}}\n"
    );
    world.run(["print-token", "--json"]).env("QUAY_AUTH_TOKEN", FROM_CI).stdout(&expected).succeeds();
}

fn field(json: &str, name: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    json[name].as_str().expect("a text").to_owned()
}

#[test]
fn require_accepts_granted_and_included_scopes() {
    let world = World::new();
    let token = world.complete(world.login(&["--scopes", "repo:write,user:read"]).start());
    let line = format!("{token}\n");
    for required in ["repo:write", "repo:read", "user:read,repo:write", "repo:read user:read"] {
        world.run(["print-token", "--require", required]).stdout(&line).succeeds();
    }
}

#[test]
fn require_suggests_the_login_for_a_missing_scope() {
    let world = World::new();
    world.complete(world.login(&["--profile", "ci"]).start());
    let host = world.quay.host();
    let profile = format!("ci@{}", world.quay.address());
    world
        .run(["print-token", "--profile", "ci", "--require", "repo:read,repo:create"])
        .stderr(&format!("error: the token of {profile} lacks repo:create\n"))
        .stderr(&format!("hint: quay-auth login --host {host} --profile ci --add-scopes repo:create\n"))
        .fails(3);
}

#[test]
fn require_fails_if_the_scopes_are_unknown() {
    let world = World::new();
    let token = world.log_in();
    let host = world.quay.host();
    world.run(["login", "--with-token"]).stdin(&token).stderr("(scopes unknown)").succeeds();
    world
        .run(["print-token", "--require", "repo:read"])
        .stderr("error: the scopes of the token of default@")
        .stderr(&format!("hint: or get a new token: quay-auth login --host {host} --add-scopes repo:read\n"))
        .fails(3);
    world
        .run(["print-token", "--require", "repo:read"])
        .env("QUAY_AUTH_TOKEN", FROM_CI)
        .stderr("error: the scopes of the token in QUAY_AUTH_TOKEN are not known\n")
        .stderr("hint: leave out --require")
        .fails(3);
    // As the first hint says.
    world.run(["login", "--with-token", "--scopes", "repo:read"]).stdin(&token).stderr("repo:read").succeeds();
    world.run(["print-token", "--require", "repo:read"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn without_a_profile_the_hint_is_the_login_to_run() {
    let world = World::new();
    world
        .run(["print-token", "--host", "quay.example.com:8443", "--profile", "ci"])
        .stderr("quay-auth: error: there is no login for ci@quay.example.com:8443\n")
        .stderr("hint: quay-auth login --host quay.example.com:8443 --profile ci\n")
        .fails(3);
    assert_eq!(fs::read_dir(world.home()).unwrap().count(), 0, "reading wrote a file");
}

#[test]
fn fails_after_a_logout() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Deleted the token").succeeds();
    world.run(["print-token"]).stderr("there is no login for default@").stderr("hint: quay-auth login").fails(3);
}

#[test]
fn missing_token_file_exits_3_with_the_cause() {
    let world = World::new();
    world.log_in();
    fs::remove_file(tokens_toml(&world)).unwrap();
    world
        .run(["print-token"])
        .stderr("error: there is no login for default@")
        .stderr("cause: the token is no longer in the token file\n")
        .stderr("hint: quay-auth login")
        .fails(3);
}

#[test]
fn damaged_token_file_exits_4_and_is_not_quoted() {
    let world = World::new();
    let token = world.log_in();
    let path = tokens_toml(&world);
    let whole = fs::read_to_string(&path).unwrap();
    let profile = format!("default@{}", world.quay.address());
    for (damaged, says) in [
        (whole.replace(&format!("{token}\""), &token), "tokens.toml is damaged"),
        (
            whole.replace(&token, &format!("{token}\\n")),
            &format!("the token file has an entry for {profile} that is not a token"),
        ),
        (
            whole.replace(&token, "\\u0000\\u001b[2J"),
            &format!("the token file has an entry for {profile} that is not a token"),
        ),
        (
            whole.replace(&token, &format!("é{token}")),
            &format!("the token file has an entry for {profile} that is not a token"),
        ),
    ] {
        assert_ne!(damaged, whole);
        // Written in place, so that it stays private.
        fs::write(&path, &damaged).unwrap();
        let said = world.run(["print-token"]).stderr(says).stderr("hint: ").fails(4).stderr;
        assert!(!said.contains(&token) && !said.contains('\x1b'), "{said}");
    }
}

#[test]
fn token_variable_is_used_for_the_default_host_only() {
    let world = World::new();
    let stored = world.log_in();
    let other = Quay::start();
    let from_ci = format!("{FROM_CI}\n");
    let print = |more: &[&str]| world.run([&["print-token"], more].concat()).env("QUAY_AUTH_TOKEN", FROM_CI);

    print(&[]).stdout(&from_ci).succeeds();
    print(&["--host", &world.quay.host()]).stdout(&from_ci).succeeds();
    print(&["--host", &other.host()]).stderr("there is no login").fails(3);
    // QUAY_AUTH_HOST changes the default host, and the stored token is that of another host.
    print(&[]).env("QUAY_AUTH_HOST", &other.host()).stdout(&from_ci).succeeds();
    let stored_line = format!("{stored}\n");
    print(&["--host", &world.quay.host()]).env("QUAY_AUTH_HOST", &other.host()).stdout(&stored_line).succeeds();
}

#[test]
fn token_variable_is_trimmed_and_empty_counts_as_unset() {
    let world = World::new();
    let stored = format!("{}\n", world.log_in());
    for (value, printed) in [
        (format!("  {FROM_CI}\r\n"), format!("{FROM_CI}\n")),
        (String::new(), stored.clone()),
        (" \n".to_owned(), stored),
    ] {
        world.run(["print-token"]).env("QUAY_AUTH_TOKEN", &value).stdout(&printed).succeeds();
    }
}

#[test]
fn malformed_token_variable_is_an_error_that_does_not_quote_it() {
    let world = World::new();
    world.log_in();
    for (part, value) in [
        ("SECRETWITHABLANK", "SECRETWITHABLANK 0123456789abcdefghijklm"),
        ("SECRETWITHALINE", "SECRETWITHALINE0123456789\nabcdefghijklmnop"),
        ("SECRETBUTSHORT", "SECRETBUTSHORT"),
        ("SECRETBUTFOREIGN", "SECRETBUTFOREIGNé0123456789abcdefghijkl"),
    ] {
        let run = world.run(["print-token"]).env("QUAY_AUTH_TOKEN", value);
        let said = run.stderr("error: QUAY_AUTH_TOKEN does not contain a token\n").stderr("hint: ").fails(2).stderr;
        assert!(!said.contains(part), "{said}");
    }
}

#[test]
fn token_variable_needs_no_home() {
    let world = World::new();
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.arg("print-token").env_remove("HOME").env("QUAY_AUTH_TOKEN", FROM_CI);
    crate::support::program::Run::new(command).stdout(&format!("{FROM_CI}\n")).succeeds();
}

/// Runs `print-token` with this stdout, and returns its exit code and stderr.
fn print_into(world: &World, stdout: impl Into<Stdio>) -> (Option<i32>, String) {
    let mut command: Command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    let output = command.arg("print-token").stdout(stdout).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn closed_pipe_is_not_an_error() {
    let world = World::new();
    world.log_in();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    assert_eq!(print_into(&world, writer), (Some(0), String::new()));
}

#[test]
fn full_disk_is_an_error() {
    let world = World::new();
    world.log_in();
    let (code, said) = print_into(&world, File::options().write(true).open("/dev/full").unwrap());
    assert_eq!(code, Some(1), "{said}");
    for part in ["error: cannot write to stdout\n", "No space left", "hint: "] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn login_warns_that_the_token_variable_is_used_instead() {
    let world = World::new();
    let host = world.quay.host();
    let mut login = world.login(&[]).env("QUAY_AUTH_TOKEN", FROM_CI).env("QUAY_AUTH_HOST", &host).start();
    login
        .says("warning: QUAY_AUTH_TOKEN is set, and is used instead of any stored token. Unset it to use the new one.");
    let token = world.complete(login);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    world.run(["print-token"]).env("QUAY_AUTH_TOKEN", FROM_CI).stdout(&format!("{FROM_CI}\n")).succeeds();
}

#[test]
fn uses_no_network_and_no_async_runtime() {
    let world = World::new();
    let line = format!("{}\n", world.log_in());
    let asked = world.quay.requests().len();
    let calls = "openat,%network,?fork,?vfork,clone,clone3,?epoll_create,epoll_create1,?io_uring_setup";
    let record = Traced::new(&world, calls, &["print-token"]).calls(|run| drop(run.stdout(&line).succeeds()));
    assert!(record.contains("tokens.toml"), "strace saw it work: {record}");
    let surplus: Vec<&str> = record.lines().filter(|call| !call.contains("openat(")).collect();
    assert_eq!(surplus, [""; 0]);
    assert_eq!(world.quay.requests().len(), asked);
}

#[test]
fn works_with_a_read_only_home() {
    let world = World::new();
    let line = format!("{}\n", world.log_in());
    run_after(&world, READ_ONLY_HOME, &["print-token"]).stdout(&line).succeeds();
    // Check of the test: this home is really read-only.
    run_after(&world, READ_ONLY_HOME, &["logout"]).stderr("Read-only file system").fails(4);
}

#[test]
fn does_not_wait_for_a_lock() {
    let world = World::new();
    let line = format!("{}\n", world.log_in());
    let lock = File::options().write(true).open(world.data_folder().join("lock")).unwrap();
    lock.lock().unwrap();
    world.run(["print-token"]).stdout(&line).succeeds();
    // The control: writers wait for this lock.
    world.run(["logout"]).stderr("another quay-auth process holds the lock").stderr("hint: ").fails(4);
    drop(lock);
    world.run(["logout"]).stderr("Deleted").succeeds();
}

#[test]
fn each_profile_prints_its_own_token() {
    let world = World::new();
    let first = world.log_in();
    let second = world.complete(world.login(&["--profile", "second", "--client-id", CLIENT_ID]).start());
    assert_ne!(first, second);
    world.run(["print-token"]).stdout(&format!("{first}\n")).succeeds();
    world.run(["print-token", "--profile", "second"]).stdout(&format!("{second}\n")).succeeds();
    world.run(["print-token"]).env("QUAY_AUTH_PROFILE", "second").stdout(&format!("{second}\n")).succeeds();
}

#[test]
fn an_expired_token_is_not_used_and_the_clock_is_named() {
    let world = World::new();
    let token = world.log_in();
    world.set_expires_at("2026-01-01T00:00:00Z");
    let commands: [&[&str]; 8] = [
        &["print-token"],
        &["print-token", "--require", "repo:read"],
        &["print-token", "--json"],
        &["exec", "--", "true"],
        &["api", "user/"],
        &["export", "netrc"],
        &["tokens", "list"],
        &["tokens", "revoke", "ci"],
    ];
    let requests = world.quay.requests().len();
    for command in commands {
        let mut run = world.run(command);
        if command.contains(&"--json") {
            run = run.prints("expired on 2026-01-01");
        }
        let said = run
            .stderr(&format!("error: the token of default@{} expired on 2026-01-01\n", world.quay.address()))
            .stderr("  cause: by this machine's clock it is 20")
            .stderr(&format!("  hint: quay-auth login --host {}\n", world.quay.host()))
            .fails(3);
        assert!(!said.stdout.contains(&token));
    }
    assert_eq!(world.quay.requests().len(), requests);
    // The token of the environment has no time that this program knows of.
    world.run(["print-token"]).env("QUAY_AUTH_TOKEN", &token).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn a_token_that_expires_within_a_week_is_mentioned_at_a_terminal_only() {
    let world = World::new();
    let token = world.log_in();
    world.set_obtained_at("2020-01-01T00:00:00Z");
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(6 * 24 * 60 * 60);
    world.set_expires_at(&humantime::format_rfc3339_seconds(soon).to_string());
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    let screen = Terminal::start(&world, &["print-token"]).ends(0);
    assert!(screen.contains(" expires on 20") && screen.contains(" to get a new one: quay-auth login "), "{screen}");
    let later = soon + std::time::Duration::from_secs(2 * 24 * 60 * 60);
    world.set_expires_at(&humantime::format_rfc3339_seconds(later).to_string());
    assert!(!Terminal::start(&world, &["print-token"]).ends(0).contains("expires on"));
}
