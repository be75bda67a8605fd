//! Users paste commands from hints into a shell. Text from a server or the name of a file in them never runs another command.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use crate::support::server::{Server, answer};
use crate::support::world::World;

const TOKEN: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// A server with these paths and their responses. For all others it responds with status 503.
fn server(responses: Vec<(&'static str, Vec<u8>)>) -> Server {
    Server::start_with_head(move |_, head, stream| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let found = responses.iter().find(|(known, _)| *known == path).map(|(_, response)| response.clone());
        // Fails if the client has closed the connection.
        let _ = stream.write_all(&found.unwrap_or_else(|| answer("503 Busy", "", "")));
    })
}

/// Runs the command of each hint in a shell where quay-auth and other programs do nothing. Expects that no file `pwned` is created.
/// Returns the hints.
fn paste_hints(world: &World, stderr: &str) -> Vec<String> {
    let programs = world.home().join("bin");
    fs::create_dir_all(&programs).unwrap();
    for name in ["quay-auth", "chmod", "mv", "ls"] {
        fs::write(programs.join(name), "#!/bin/sh\n").unwrap();
        fs::set_permissions(programs.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let hints: Vec<String> =
        stderr.lines().filter_map(|line| line.trim_start().strip_prefix("hint: ")).map(str::to_owned).collect();
    for hint in &hints {
        // The text before a command ends with a colon; other text is in backticks. An option, such as `--host X`, is for `login` here.
        let quoted = hint.split('`').nth(1).filter(|_| !hint.starts_with("quay-auth "));
        let pasted = quoted.unwrap_or(hint.rsplit_once(": ").map_or(hint.as_str(), |(_, command)| command));
        let pasted = if pasted.starts_with('-') { format!("quay-auth login {pasted}") } else { pasted.to_owned() };
        let mut shell = world.command("bash");
        shell.args(["-c", &pasted]).env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
        let _ = shell.output().unwrap();
        let files: Vec<_> = fs::read_dir(world.home()).unwrap().flatten().map(|file| file.file_name()).collect();
        assert!(!files.iter().any(|file| file == "pwned"), "{pasted}");
    }
    hints
}

#[test]
fn a_hint_with_the_target_of_a_redirect_runs_no_other_command() {
    let world = World::new();
    for (location, hint) in [
        ("https://q$({touch,pwned})", "check that --host is a Quay server"),
        ("http://q;{touch,pwned}/x", "check that --host is a Quay server"),
        ("https://elsewhere.example/$(touch pwned)", "if that is the right server, use `--host elsewhere.example`"),
        ("https://[2001:db8::1]:8443/", "if that is the right server, use `--host '[2001:db8::1]:8443'`"),
        ("/api/v1/x;{touch,pwned}", "if that is the right path, use `'/api/v1/x;%7Btouch,pwned%7D'`"),
        ("/api/v1/$(touch,pwned)", "if that is the right path, use `'/api/v1/$(touch,pwned)'`"),
    ] {
        let location = format!("Location: {location}\r\n");
        let server = server(vec![("/api/v1/user", answer("308 Permanent", &location, ""))]);
        let run = world.run(["api", "-X", "PUT", "user"]).env("QUAY_AUTH_HOST", &server.host());
        let result = run.env("QUAY_AUTH_TOKEN", TOKEN).stderr("redirects ").fails(7);
        assert_eq!(paste_hints(&world, &result.stderr), [hint]);
    }
}

#[test]
fn a_hint_with_a_scope_runs_no_other_command() {
    for scope in ["a;>pwned", "$(>pwned)", "`>pwned`", "a'>pwned"] {
        let world = World::new();
        let discovery =
            serde_json::json!({"paths": {"/api/v1/user/": {"get": {"security": [{"oauth2_implicit": [scope]}]}}}});
        let server = server(vec![
            ("/api/v1/user/", answer("403 Forbidden", "", r#"{"error_type": "insufficient_scope"}"#)),
            ("/api/v1/discovery", answer("200 OK", "", &discovery.to_string())),
        ]);
        let login = ["login", "--with-token", "--store", "file", "--scopes", "repo:read", "--host", &server.host()];
        world.run(login).stdin(TOKEN).stderr("Logged in").succeeds();
        let result = world.run(["api", "user/"]).stderr(&format!("lacks {scope}")).fails(5);
        let hints = paste_hints(&world, &result.stderr);
        assert!(hints.len() == 1 && hints[0].starts_with("quay-auth login --host http://127.0.0.1:"), "{hints:?}");
    }
}

#[test]
fn a_hint_with_the_name_of_a_file_runs_no_other_command() {
    let world = World::new();
    let data = world.home().join("a;>pwned $(>pwned)");
    let folder = data.join("quay-auth");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(folder.join("profiles.toml"), "nonsense").unwrap();
    let data = data.to_str().unwrap();
    let result = world.run(["status"]).env("XDG_DATA_HOME", data).stderr("profiles.toml").fails(1);
    assert!(!paste_hints(&world, &result.stderr).is_empty());
    fs::remove_file(folder.join("profiles.toml")).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let result = world.login(&[]).env("XDG_DATA_HOME", data).stderr("chmod 700 '").fails(4);
    assert!(!paste_hints(&world, &result.stderr).is_empty());
}
