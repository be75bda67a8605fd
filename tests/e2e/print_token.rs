//! `print-token`: the token and nothing else, from the file store and from `QUAY_AUTH_TOKEN`; `keyrings` has the keyring.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::quay::Quay;
use crate::system::{READ_ONLY_HOME, Traced, run_behind};
use crate::world::{CLIENT_ID, World};

/// A token for `QUAY_AUTH_TOKEN`.
const FROM_CI: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

fn tokens_toml(world: &World) -> PathBuf {
    world.home().join(".local/share/quay-auth/tokens.toml")
}

#[test]
fn the_token_and_a_newline_are_all_that_is_printed() {
    let world = World::new();
    let line = format!("{}\n", world.log_in());
    for more in [&[][..], &["--quiet"], &["--verbose"], &["--color", "always"]] {
        world.run([&["print-token"], more].concat()).env("CLICOLOR_FORCE", "1").stdout(&line).succeeds();
    }
}

#[test]
fn json_says_what_the_token_is() {
    let world = World::new();
    let token = world.log_in();
    let printed = world.run(["print-token", "--json"]).prints("{\n").succeeds().stdout;
    let expires_at = field(&printed, "expires_at");
    let kept = world.profiles_toml();
    assert!(kept.contains(&format!("expires_at = \"{expires_at}\"")), "{kept}");
    let expected = format!(
        "{{\n  \"token\": \"{token}\",\n  \"host\": \"{}\",\n  \"username\": \"$oauthtoken\",\n  \
         \"scopes\": \"repo:read\",\n  \"expires_at\": \"{expires_at}\"\n}}\n",
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
fn required_scopes_are_those_that_it_has_or_that_they_imply() {
    let world = World::new();
    let token = world.complete(world.login(&["--scopes", "repo:write,user:read"]).start());
    let line = format!("{token}\n");
    for required in ["repo:write", "repo:read", "user:read,repo:write", "repo:read user:read"] {
        world.run(["print-token", "--require", required]).stdout(&line).succeeds();
    }
}

#[test]
fn a_lacking_scope_names_the_login_that_gets_it() {
    let world = World::new();
    world.complete(world.login(&["--profile", "ci"]).start());
    let host = world.quay.host();
    let profile = format!("ci@{}", world.quay.address());
    world
        .run(["print-token", "--profile", "ci", "--require", "repo:read,repo:create"])
        .stderr(&format!("error: the token of {profile} lacks repo:create\n"))
        .stderr(&format!("hint: quay-auth login --host {host} --profile ci --scopes repo:read,repo:create\n"))
        .fails(3);
}

#[test]
fn where_its_scopes_are_not_known_none_counts_as_there() {
    let world = World::new();
    let token = world.log_in();
    let host = world.quay.host();
    world.run(["login", "--with-token"]).stdin(&token).stderr("its scopes: unknown").succeeds();
    world
        .run(["print-token", "--require", "repo:read"])
        .stderr("error: the scopes of the token of default@")
        .stderr(&format!("hint: or get a new one: quay-auth login --host {host} --scopes repo:read\n"))
        .fails(3);
    world
        .run(["print-token", "--require", "repo:read"])
        .env("QUAY_AUTH_TOKEN", FROM_CI)
        .stderr("error: the scopes of the token in QUAY_AUTH_TOKEN are not known\n")
        .stderr("hint: leave out --require")
        .fails(3);
    // The line that the hint before named: to tell the scopes with the token.
    world.run(["login", "--with-token", "--scopes", "repo:read"]).stdin(&token).stderr("repo:read").succeeds();
    world.run(["print-token", "--require", "repo:read"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn without_a_login_the_error_names_the_login_to_run() {
    let world = World::new();
    world
        .run(["print-token", "--host", "quay.example.com:8443", "--profile", "ci"])
        .stderr("quay-auth: error: there is no login for ci@quay.example.com:8443\n")
        .stderr("hint: quay-auth login --host quay.example.com:8443 --profile ci\n")
        .fails(3);
    assert_eq!(fs::read_dir(world.home()).unwrap().count(), 0, "to read leaves nothing behind");
}

#[test]
fn after_a_logout_there_is_no_login() {
    let world = World::new();
    world.log_in();
    world.run(["logout"]).stderr("Forgot the token").succeeds();
    world.run(["print-token"]).stderr("there is no login for default@").stderr("hint: quay-auth login").fails(3);
}

#[test]
fn a_token_file_that_is_gone_is_no_login_with_that_as_its_cause() {
    let world = World::new();
    world.log_in();
    fs::remove_file(tokens_toml(&world)).unwrap();
    world
        .run(["print-token"])
        .stderr("error: there is no login for default@")
        .stderr("cause: the file no longer holds the token that was put there\n")
        .stderr("hint: quay-auth login")
        .fails(3);
}

#[test]
fn a_damaged_token_file_is_a_failing_store_and_its_text_is_not_shown() {
    let world = World::new();
    let token = world.log_in();
    let path = tokens_toml(&world);
    let whole = fs::read_to_string(&path).unwrap();
    let profile = format!("default@{}", world.quay.address());
    for (damaged, says) in [
        (whole.replace(&format!("{token}\""), &token), "tokens.toml is damaged"),
        (whole.replace(&token, &format!("{token}\\n")), &format!("what is kept for {profile} is not a token")),
        (whole.replace(&token, "\\u0000\\u001b[2J"), &format!("what is kept for {profile} is not a token")),
        (whole.replace(&token, &format!("é{token}")), &format!("what is kept for {profile} is not a token")),
    ] {
        assert_ne!(damaged, whole);
        // Written in place, so that it stays private.
        fs::write(&path, &damaged).unwrap();
        let said = world.run(["print-token"]).stderr(says).stderr("hint: ").fails(4).stderr;
        assert!(!said.contains(&token) && !said.contains('\x1b'), "{said}");
    }
}

#[test]
fn the_variable_wins_for_the_default_host_and_for_no_other() {
    let world = World::new();
    let stored = world.log_in();
    let other = Quay::start();
    let from_ci = format!("{FROM_CI}\n");
    let print = |more: &[&str]| world.run([&["print-token"], more].concat()).env("QUAY_AUTH_TOKEN", FROM_CI);

    print(&[]).stdout(&from_ci).succeeds();
    print(&["--host", &world.quay.host()]).stdout(&from_ci).succeeds();
    print(&["--host", &other.host()]).stderr("there is no login").fails(3);
    // A host that is named by its variable is the default one, and then the stored login is another's.
    print(&[]).env("QUAY_AUTH_HOST", &other.host()).stdout(&from_ci).succeeds();
    let stored_line = format!("{stored}\n");
    print(&["--host", &world.quay.host()]).env("QUAY_AUTH_HOST", &other.host()).stdout(&stored_line).succeeds();
}

#[test]
fn the_variable_is_trimmed_and_nothing_in_it_is_unset() {
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
fn a_malformed_variable_is_refused_unrepeated_also_where_a_login_is_stored() {
    let world = World::new();
    world.log_in();
    for (part, value) in [
        ("SECRETWITHABLANK", "SECRETWITHABLANK 0123456789abcdefghijklm"),
        ("SECRETWITHALINE", "SECRETWITHALINE0123456789\nabcdefghijklmnop"),
        ("SECRETBUTSHORT", "SECRETBUTSHORT"),
        ("SECRETBUTFOREIGN", "SECRETBUTFOREIGNé0123456789abcdefghijkl"),
    ] {
        let run = world.run(["print-token"]).env("QUAY_AUTH_TOKEN", value);
        let said = run.stderr("error: QUAY_AUTH_TOKEN does not hold a token\n").stderr("hint: ").fails(2).stderr;
        assert!(!said.contains(part), "{said}");
    }
}

#[test]
fn the_variable_needs_no_home() {
    let world = World::new();
    let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    command.arg("print-token").env_remove("HOME").env("QUAY_AUTH_TOKEN", FROM_CI);
    crate::program::Run::new(command).stdout(&format!("{FROM_CI}\n")).succeeds();
}

/// The outcome of `print-token` with this in the place of stdout: exit code and stderr.
fn print_into(world: &World, stdout: impl Into<Stdio>) -> (Option<i32>, String) {
    let mut command: Command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
    let output = command.arg("print-token").stdout(stdout).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    let world = World::new();
    world.log_in();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    assert_eq!(print_into(&world, writer), (Some(0), String::new()));
}

#[test]
fn a_stdout_that_takes_nothing_is_said() {
    let world = World::new();
    world.log_in();
    let (code, said) = print_into(&world, File::options().write(true).open("/dev/full").unwrap());
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error: cannot write to stdout\n") && said.contains("No space left"), "{said}");
}

#[test]
fn a_stdout_that_takes_nothing_has_a_next_step() {
    let world = World::new();
    world.log_in();
    let (_, said) = print_into(&world, File::options().write(true).open("/dev/full").unwrap());
    assert!(said.contains("hint: "), "{said}");
}

#[test]
fn a_login_beside_the_variable_is_kept_and_told_to_be_overruled() {
    let world = World::new();
    let host = world.quay.host();
    let mut login = world.login(&[]).env("QUAY_AUTH_TOKEN", FROM_CI).env("QUAY_AUTH_HOST", &host).start();
    login.says("warning: QUAY_AUTH_TOKEN is set: it goes on standing in for the stored token, this new one too.");
    let token = world.complete(login);
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    world.run(["print-token"]).env("QUAY_AUTH_TOKEN", FROM_CI).stdout(&format!("{FROM_CI}\n")).succeeds();
}

#[test]
fn no_network_is_touched_and_no_runtime_is_built() {
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
fn a_home_that_cannot_be_written_is_enough() {
    let world = World::new();
    let line = format!("{}\n", world.log_in());
    run_behind(&world, READ_ONLY_HOME, &["print-token"]).stdout(&line).succeeds();
    // The control: it is one that cannot be written.
    run_behind(&world, READ_ONLY_HOME, &["logout"]).stderr("Read-only file system").fails(4);
}

#[test]
fn a_lock_is_not_waited_for() {
    let world = World::new();
    let line = format!("{}\n", world.log_in());
    let lock = File::options().write(true).open(world.home().join(".local/share/quay-auth/lock")).unwrap();
    lock.lock().unwrap();
    world.run(["print-token"]).stdout(&line).succeeds();
    // The control: it is the lock of the writers.
    world.run(["logout"]).stderr("another quay-auth is writing").stderr("hint: ").fails(4);
    drop(lock);
    world.run(["logout"]).stderr("Forgot").succeeds();
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
