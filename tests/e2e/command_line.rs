//! What can be typed: the host of `login`, other names of commands, and the errors of the parser.

use crate::support::world::{CLIENT_ID, World};

#[test]
fn login_takes_the_host_as_an_argument() {
    let world = World::new();
    let host = world.quay.host();
    for command in ["login", "refresh"] {
        let login = [command, "--no-browser", "--store", "file", "--client-id", CLIENT_ID, &host];
        let login = world.run(login).env("QUAY_AUTH_REDIRECT_URI", &world.redirect_uri);
        let token = world.complete(login.start());
        world.run(["print-token", "--host", &host]).stdout(&format!("{token}\n")).succeeds();
    }
    world.run(["login", "quay.test"]).stderr("no client ID is known for quay.test").fails(2);
    // A token that was pasted here must not be sent to a name server. The tests of `--with-token` try real ones.
    let looks_like_a_token = ["login", "quay1registry2of3the4company.test"];
    world.run(looks_like_a_token).stderr("looks like a token; if it is a host, name it with --host\n").fails(2);
    for twice in [&["login", "quay.test", "--host", &host][..], &["--host", &host, "login", "quay.test"]] {
        let error = "error: the host is given twice\n  hint: quay-auth login --help\n";
        world.run(twice).stderr(error).fails(2);
    }
}

#[test]
fn commands_have_second_names() {
    let world = World::new();
    let token = world.log_in();
    for words in [&["token"][..], &["token", "--profile", "default"]] {
        world.run(words).stdout(&format!("{token}\n")).succeeds();
    }
    let status = world.run(["status"]).prints("alice").succeeds().stdout;
    world.run(["whoami"]).stdout(&status).succeeds();
    for (second, name) in [("token", "print-token"), ("whoami", "status"), ("refresh", "login")] {
        let help = world.run([name, "--help"]).prints("Usage:").succeeds().stdout;
        world.run([second, "--help"]).stdout(&help).succeeds();
        world.run(["help", second]).stdout(&help).succeeds();
    }
}

#[test]
fn a_name_that_other_programs_have_is_answered_with_ours() {
    let world = World::new();
    for (typed, meant) in [
        ("signin", "login"),
        ("auth", "login"),
        ("signout", "logout"),
        ("list", "status"),
        ("logins", "status"),
        ("use", "switch"),
    ] {
        let hints = format!("\n  hint: perhaps you mean: quay-auth {meant}\n  hint: quay-auth --help\n");
        for words in [&[typed][..], &[typed, "quay.io"], &["help", typed]] {
            world.run(words).stderr(&format!("unrecognized subcommand '{typed}'{hints}")).fails(2);
        }
    }
    // Here the word means something else.
    let said = world.run(["docker", "list"]).stderr("hint: quay-auth docker --help").fails(2);
    assert!(!said.stderr.contains("status"), "{said}");
}

#[test]
fn a_word_that_needs_another_one_prints_its_help() {
    let world = World::new();
    for word in ["docker", "tokens"] {
        let help = world.run([word, "--help"]).prints("\nCommands:\n").succeeds().stdout;
        for words in [&[word][..], &[word, "--verbose"], &["--host", "quay.io", word], &[word, "--"]] {
            world.run(words).stdout(&help).succeeds();
        }
    }
}

#[test]
fn an_error_about_a_value_points_to_the_help_of_its_command() {
    let world = World::new();
    for (words, command) in [
        (&["login", "--timeout", "x"][..], "login"),
        (&["login", "a..b"], "login"),
        (&["refresh", "--store", "x"], "login"),
        (&["token", "--require", ","], "print-token"),
        (&["tokens", "create", "--expires", "x"], "tokens create"),
        (&["--host", "a..b", "docker", "install"], "docker install"),
        (&["docker", "--host", "a..b"], "docker"),
        (&["--profile", "login", "status", "--color", "x"], "status"),
        (&["export", "x"], "export"),
        (&["login", "--scopes"], "login"),
    ] {
        world.run(words).stderr(&format!("\n  hint: quay-auth {command} --help\n")).fails(2);
    }
    world.run(["--color", "x"]).stderr("\n  hint: quay-auth --help\n").fails(2);
}

#[test]
fn the_hint_for_a_value_that_begins_with_a_dash_works() {
    let world = World::new();
    let hint = |words: &[&str], hint: &str| {
        world.run(words).stderr("unexpected argument").stderr(&format!("\n  hint: to pass {hint}\n")).fails(2);
    };
    hint(&["export", "env", "--output", "-x"], "'-x' as a value, use '--output=-x'");
    hint(&["tokens", "create", "--name", "-ci", "--expires", "1d"], "'-ci' as a value, use '--name=-ci'");
    hint(&["man", "-x"], "'-x' as a value, use '-- -x'");
    world.run(["export", "env", "--output=-x"]).stderr("there is no login").stderr("hint: ").fails(3);
    let result = world.run(["login", "--no-browser", "-x"]).stderr("'-- -x'").fails(2);
    assert!(!result.stderr.contains("--no-browser=-x"), "{result}");
}
