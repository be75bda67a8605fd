//! Text from a server, or from a file of another program, that would control the terminal.

use std::fs;

use serde_json::json;

use crate::quay_standin::Verify;
use crate::support::server::{Server, answer};
use crate::support::world::{CLIENT_ID, World};

/// These would set the window title, fill the clipboard, clear the screen, overwrite a line, reverse text, and add lines.
const NAMES: [&str; 6] = [
    "a\x1b]0;title\x07b",
    "a\x1b]52;c;cm0gLXJmIC8=\x07b",
    "a\x1b[2J\x1b[31mb\u{9b}31m",
    "a\rquay-auth: all is well\x08\x7f",
    "a\u{202e}gpj.exe\u{2066}b\u{200b}",
    "a\nhint: run this\n\u{2028}b",
];

/// The text contains no characters, except newlines, that control a terminal or are invisible.
fn assert_harmless(text: &str) {
    let is_dangerous = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(is_dangerous), "{text:?}");
}

#[test]
fn a_hostile_application_name_is_escaped() {
    for name in NAMES {
        let world = World::new();
        world.quay.set_application_name(CLIENT_ID, name);
        let mut login = world.login(&["--verbose"]).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        assert_eq!(crate::support::world::post_to_catcher(&location), (200, "stored".to_owned()));
        let stderr = login.succeeds();
        assert_harmless(&stderr);
        let lines: Vec<&str> = stderr.lines().filter(|line| line.contains("The application \"a")).collect();
        assert!(
            matches!(lines[..], [line] if line.contains("\\u{") && line.ends_with(" asks for repo:read,user:read.")),
            "{stderr}"
        );
        assert!(!stderr.lines().any(|line| line.starts_with("hint: run this")), "{stderr}");
    }
}

#[test]
fn hostile_scope_names_are_escaped() {
    let world = World::new();
    for name in NAMES {
        let scopes = json!({"securityDefinitions": {"oauth2_implicit": {"scopes": {name: name}}}}).to_string();
        let server = Server::start(vec![answer("200 OK", "", &scopes)]);
        let refused = world
            .run(["login", "--client-id", "x", "--scopes", "foo:bar", "--host", &server.host()])
            .stderr("\\u{")
            .fails(2);
        assert_harmless(&refused.stderr);
        assert_harmless(&world.run(["scopes", "--host", &server.host()]).prints("\\u{").succeeds().stdout);
    }
}

#[test]
fn a_hostile_user_name_is_escaped() {
    for name in NAMES {
        let world = World::new();
        world.quay.set_verify(Verify::As(name.to_owned()));
        let login = world.login(&[]).start();
        world.complete(login);
        let table = world.run(["status"]).prints("\\u{").succeeds().stdout;
        assert_harmless(&table);
        assert_eq!(table.lines().count(), 2, "{table}");
        let json = world.run(["status", "--json"]).prints("\\\\u{").succeeds().stdout;
        assert_harmless(&json);
        // This error contains the names of both users.
        world.quay.set_verify(Verify::As(name.chars().rev().collect()));
        let mut login = world.login(&[]).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        assert_eq!(crate::support::world::post_to_catcher(&location), (409, "another_user".to_owned()));
        let stderr = login.fails(1);
        assert!(stderr.contains("is logged in as a"), "{stderr}");
        assert_harmless(&stderr);
    }
}

#[test]
fn a_hostile_error_code_is_escaped() {
    for name in NAMES {
        let world = World::new();
        let mut login = world.login(&[]).start();
        let location = world.quay.deny(&login.authorize_url()).unwrap();
        let (address, _) = location.split_once('?').unwrap();
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("error", name).finish();
        assert_eq!(crate::support::world::post_to_catcher(&format!("{address}?{query}")), (200, "refused".to_owned()));
        let stderr = login.fails(5);
        assert!(stderr.contains("error: Quay refused the request with the error `a"), "{stderr}");
        assert_harmless(&stderr);
    }
}

#[test]
fn hostile_text_in_settings_files_is_escaped() {
    for name in NAMES {
        let world = World::new();
        world.log_in();
        // Helpers and a login in docker's settings, and a helper in a file that podman reads.
        let host = world.quay.address().to_string();
        let docker = world.home().join(".docker");
        fs::create_dir_all(&docker).unwrap();
        let settings = json!({"credHelpers": {&host: name}, "credsStore": name, "auths": {name: {"auth": "x"}}});
        fs::write(docker.join("config.json"), settings.to_string()).unwrap();
        let containers = world.home().join(".config/containers");
        fs::create_dir_all(&containers).unwrap();
        fs::write(containers.join("auth.json"), json!({"credHelpers": {&host: name}}).to_string()).unwrap();
        let output = |arguments: &[&str]| {
            let result = world.run(arguments).start().wait();
            assert_harmless(&result.stdout);
            assert_harmless(&result.stderr);
            format!("{}{}", result.stdout, result.stderr)
        };
        let escaped = "a\\u{";
        for arguments in [&["docker", "install"][..], &["docker", "uninstall"], &["docker", "status"], &["doctor"]] {
            let output = output(arguments);
            assert!(output.contains(escaped), "{arguments:?}: {output}");
        }
        assert!(output(&["docker", "install", "--force"]).contains("use quay-auth"));
        assert!(output(&["docker", "uninstall"]).contains(escaped));
        output(&["docker", "status", "--json"]);
        // A key and a value of config.toml.
        let key = serde_json::to_string(name).unwrap().replace('\x7f', "\\u007f");
        for config in [format!("{key} = 1\n"), format!("default_host = {key}\n"), format!("[host.{key}]\n")] {
            world.config(&config);
            let output = output(&["print-token"]);
            assert!(output.contains("config.toml, line 1: ") && output.contains(escaped), "{output}");
        }
    }
}

/// Arguments, and variables.
type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)]);

#[test]
fn nothing_that_is_printed_controls_the_terminal_wherever_it_comes_from() {
    for name in NAMES {
        let world = World::new();
        world.log_in();
        let folder = world.home().join(name);
        let ca_file = folder.join("ca.pem");
        let [folder, ca_file] = [folder, ca_file].map(|path| path.to_str().unwrap().to_owned());
        // Arguments, variables, names of files and programs.
        let runs: [Case<'_>; 14] = [
            (&["login", "--profile", name], &[]),
            (&["login", "--host", name], &[]),
            (&["login", "--ca-file", &ca_file, "--host", "https://127.0.0.1:1", "--client-id", CLIENT_ID], &[]),
            (&["api", name], &[]),
            (&["api", "user/", "-f", name], &[]),
            (&["api", "user/", "-X", "POST", "--input", name], &[]),
            (&["exec", "--", name], &[]),
            (&["print-token", "--require", name], &[]),
            (&["export", "netrc", "--output", &ca_file], &[]),
            (&["print-token"], &[("QUAY_AUTH_HOST", name)]),
            (&["print-token"], &[("QUAY_AUTH_TOKEN", name)]),
            (&["print-token"], &[("XDG_DATA_HOME", &folder)]),
            (&["doctor", "--report"], &[("DOCKER_CONFIG", &folder), ("PATH", &folder), ("QUAY_AUTH_BROWSER", name)]),
            (&["docker", "status"], &[("DOCKER_CONFIG", &folder), ("REGISTRY_AUTH_FILE", &ca_file)]),
        ];
        for (arguments, variables) in runs {
            let run = variables.iter().fold(world.run(arguments), |run, (name, value)| run.env(name, value));
            let ended = run.start().wait();
            assert_harmless(&ended.stdout);
            assert_harmless(&ended.stderr);
        }
    }
}
