//! `switch`, and how a command finds its profile if several hosts have one.

use crate::support::pty::Terminal;
use crate::support::world::World;

const ELSEWHERE: &str = "http://127.0.0.1:1";

/// A world with a token of `default` at the stand-in, and tokens of `default` and `admin` at another host that cannot be reached.
fn world() -> (World, String) {
    let world = World::new();
    let token = world.log_in();
    for profile in ["default", "admin"] {
        let login = ["login", "--with-token", "--store", "file", "--host", ELSEWHERE, "--profile", profile];
        world.run(login).stdin(secret(profile)).stderr("Logged in").succeeds();
    }
    (world, token)
}

/// The token of that profile at the other host.
fn secret(profile: &str) -> String {
    format!("{profile:A>40}")
}

#[test]
fn scripts_fail_until_a_default_is_chosen() {
    let (world, token) = world();
    let elsewhere = format!("{}\n", secret("default"));
    world.run(["print-token"]).stderr("several hosts have a profile").stderr("quay-auth switch http://").fails(2);
    world.run(["switch", ELSEWHERE]).stderr("default@127.0.0.1:1 is now the default").succeeds();
    world.run(["print-token"]).stdout(&elsewhere).succeeds();
    world.run(["switch", &world.quay.host()]).stderr("is now the default").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    // Options, variables and config.toml win over it.
    world.run(["print-token", "--host", ELSEWHERE]).stdout(&elsewhere).succeeds();
    world.run(["print-token"]).env("QUAY_AUTH_HOST", ELSEWHERE).stdout(&elsewhere).succeeds();
    world.config(&format!("default_host = '{ELSEWHERE}'\n"));
    world.run(["print-token"]).stdout(&elsewhere).succeeds();
    let no_effect = format!("warning: this has no effect as long as default_host in config.toml is {ELSEWHERE}.\n");
    world.run(["switch", &world.quay.host()]).stderr("is now the default").stderr(&no_effect).succeeds();
}

#[test]
fn a_profile_that_is_the_default_is_used_without_options_only() {
    let (world, _) = world();
    for target in ["admin@127.0.0.1:1", "admin"] {
        world.run(["switch", &world.quay.host()]).stderr("is now the default").succeeds();
        world.run(["switch", target]).stderr("admin@127.0.0.1:1 is now the default").succeeds();
        world.run(["print-token"]).stdout(&format!("{}\n", secret("admin"))).succeeds();
    }
    world.run(["print-token", "--host", ELSEWHERE]).stdout(&format!("{}\n", secret("default"))).succeeds();
    // Without its settings it is the default no longer.
    let logout = ["logout", "--no-revoke", "--purge"];
    world.run(logout).stderr("Deleted the settings of admin@").succeeds();
    world.run(["print-token"]).stderr("several hosts have a profile").fails(2);
}

#[test]
fn a_profile_that_exists_at_one_host_only_is_found_by_its_name() {
    let (world, _) = world();
    world.run(["print-token", "--profile", "admin"]).stdout(&format!("{}\n", secret("admin"))).succeeds();
    world.run(["print-token", "--profile", "default"]).stderr("several hosts have a profile").fails(2);
    world.run(["print-token", "--profile", "none"]).stderr("several hosts have a profile").fails(2);
}

#[test]
fn switch_accepts_only_profiles_that_exist() {
    let (world, _) = world();
    world.run(["switch", "nosuch"]).stderr("there is no profile `nosuch`").stderr("quay-auth status").fails(3);
    world.run(["switch", "none@127.0.0.1:1"]).stderr("there is no login for none@127.0.0.1:1").fails(3);
    world.run(["switch", "default"]).stderr("several profiles match").stderr("quay-auth switch default@").fails(2);
    world.run(["switch"]).stderr("no profile was named").fails(2);
}

#[test]
fn options_limit_what_a_target_can_mean() {
    let (world, _) = world();
    let here = world.quay.host();
    let switch = |words: &[&str]| world.run([&["switch"], words].concat());
    switch(&["default", "--host", ELSEWHERE]).stderr("default@127.0.0.1:1 is now the default").succeeds();
    switch(&["127.0.0.1:1", "--profile", "admin"]).stderr("admin@127.0.0.1:1 is now the default").succeeds();
    let none = |target: &str| format!("there is no profile `{target}` with --host {here}\n");
    for target in ["admin", "admin@127.0.0.1:1", ELSEWHERE] {
        switch(&[target, "--host", &here]).stderr(&none(target)).fails(3);
    }
    switch(&["default@127.0.0.1:1", "--profile", "admin"]).stderr(" with --profile admin\n").fails(3);
    switch(&["nosuch@127.0.0.1:1", "--host", ELSEWHERE]).stderr("there is no login for nosuch@127.0.0.1:1").fails(3);
    world.run(["print-token"]).stdout(&format!("{}\n", secret("admin"))).succeeds();
}

#[test]
fn switch_says_what_keeps_the_default_from_being_used() {
    let (world, _) = world();
    let here = world.quay.host();
    let switch = |name: &str, value: &str| world.run(["switch", "admin"]).env(name, value);
    for (name, value, obstacle) in [
        ("QUAY_AUTH_HOST", &*here, format!("QUAY_AUTH_HOST is set to {here}")),
        ("QUAY_AUTH_PROFILE", "default", "QUAY_AUTH_PROFILE is set to default".to_owned()),
    ] {
        let warning = format!("warning: this has no effect as long as {obstacle}.\n");
        switch(name, value).stderr("✓ admin@").stderr(&warning).succeeds();
        let other = world.run(["print-token"]).env(name, value).prints("\n").succeeds().stdout;
        assert_ne!(other, format!("{}\n", secret("admin")));
    }
    let variable = switch("QUAY_AUTH_HOST", ELSEWHERE).env("QUAY_AUTH_TOKEN", &"V".repeat(40));
    variable.stderr("✓ admin@").stderr("this has no effect as long as QUAY_AUTH_TOKEN is set.\n").succeeds();
    for (name, value) in [("QUAY_AUTH_HOST", ELSEWHERE), ("QUAY_AUTH_PROFILE", "admin")] {
        let said = switch(name, value).stderr("✓ admin@").succeeds().stderr;
        assert!(!said.contains("no effect"), "{said}");
        world.run(["print-token"]).env(name, value).stdout(&format!("{}\n", secret("admin"))).succeeds();
    }
    switch("QUAY_AUTH_PROFILE", "a b").stderr("error: QUAY_AUTH_PROFILE: ").fails(2);
}

#[test]
fn suggested_commands_name_the_profile_that_the_variable_would_change() {
    let (world, _) = world();
    let here = world.quay.host();
    let run = |words: &[&str]| world.run(words).env("QUAY_AUTH_PROFILE", "ci");
    let with_default = |command: &str| format!("quay-auth {command} --host {here} --profile default");
    let flags = ["--host", &here, "--profile", "default"];
    let lacks = [&["print-token", "--require", "repo:admin"], &flags[..]].concat();
    run(&lacks).stderr(&with_default("login")).fails(3);
    let login = [&["login", "--with-token", "--store", "file", "--verbose"], &flags[..]].concat();
    let token = world.create_token("alice", "repo:read");
    run(&login).stdin(token).stderr(&with_default("print-token")).succeeds();
}

#[test]
fn a_list_is_offered_at_a_terminal_but_not_by_print_token() {
    let (world, token) = world();
    let mut terminal = Terminal::start(&world, &["switch"]);
    terminal.shows("Which profile? [1-3]");
    let screen = terminal.screen();
    let number = screen.lines().find_map(|line| line.trim().strip_suffix("  admin@127.0.0.1:1")).expect("a choice");
    terminal.enters("9");
    terminal.shows("type one of these numbers");
    terminal.enters(number.trim());
    terminal.ends(0);
    world.run(["print-token"]).stdout(&format!("{}\n", secret("admin"))).succeeds();

    world.run(["logout", "--no-revoke", "--purge"]).stderr("Deleted").succeeds();
    assert!(Terminal::start(&world, &["print-token"]).ends(2).contains("several hosts have a profile"));
    let mut terminal = Terminal::start(&world, &["logout", "--no-revoke"]);
    terminal.shows("Which host? [1-2]");
    terminal.enters("1");
    terminal.ends(0);
    // One host is left.
    let left = world.run(["print-token"]).prints("").succeeds().stdout;
    assert!([format!("{token}\n"), format!("{}\n", secret("default"))].contains(&left), "{left}");
}

#[test]
fn logout_all_of_one_host_leaves_the_others() {
    let (world, token) = world();
    world.run(["logout", "--all", "--no-revoke", "--host", ELSEWHERE]).stderr("Deleted the token of admin@").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    world.run(["print-token", "--host", ELSEWHERE]).stderr("there is no login").fails(3);
}

#[test]
fn switch_does_not_send_the_token_of_the_variable_to_another_host() {
    let (world, _) = world();
    let variable = "V".repeat(40);
    world.run(["switch", ELSEWHERE]).stderr("is now the default").succeeds();
    let said = world.run(["print-token"]).env("QUAY_AUTH_TOKEN", &variable);
    said.stdout(&format!("{}\n", secret("default"))).stderr("QUAY_AUTH_TOKEN is not used").succeeds();
}
