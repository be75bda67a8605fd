//! `--quiet` with every command, and commands that cannot ask a question.

use crate::support::world::{CLIENT_ID, World};

#[test]
fn quiet_prints_errors_only() {
    let world = World::new();
    let scopes = "repo:read,repo:admin,user:read,org:admin";
    let mut login = world.login(&["--scopes", scopes]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    crate::support::world::post_to_catcher(&location);
    login.succeeds();
    world.quay.add_repository("acme/app");
    for arguments in [
        &["print-token"][..],
        &["status"],
        &["status", "--offline", "--json"],
        &["scopes", "--host", &world.quay.host()],
        &["share"],
        &["tokens", "create", "--name", "ci", "--scopes", "repo:read", "--expires", "1d"],
        &["tokens", "list"],
        &["tokens", "revoke", "ci"],
        &["api", "repository/acme/app"],
        &["api", "-X", "DELETE", "repository/acme/app"],
        &["docker", "install"],
        &["docker", "status"],
        &["docker", "uninstall"],
        &["export", "netrc"],
        &["export", "env", "--output", "quay.env"],
        &["exec", "--", "true"],
        &["completions", "bash"],
        &["man"],
        &["login", "--if-needed", "--scopes", "repo:read"],
        &["logout"],
    ] {
        // First, because `exec` passes on what comes after its command.
        let ended = world.run([&["--quiet"], arguments].concat()).start().wait();
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{arguments:?}: {ended}");
    }
    // Errors are still printed.
    world.run(["--quiet", "print-token"]).stderr("error: there is no login").fails(3);
}

#[test]
fn commands_ask_no_question_without_a_terminal() {
    let world = World::new();
    // Stdin is not a terminal, so that each of these ends with a hint instead of a question.
    for (arguments, code) in
        [(&["login"][..], 2), (&["login", "--host", "quay.test"], 2), (&["logout"], 3), (&["api", "user/"], 3)]
    {
        let ended = world.run(arguments).start().wait();
        assert_eq!(ended.code, code, "{arguments:?}: {ended}");
        assert!(ended.stderr.contains("hint: "), "{ended}");
    }
}

#[test]
fn verbose_shows_each_request_without_query_and_secret() {
    let (world, token) = World::with_token("repo:read,org:admin");
    let (host, application) = (world.quay.host(), format!("organization/acme/applications/{CLIENT_ID}/tokens"));
    let create = ["tokens", "create", "--name", "ci", "--scopes", "repo:read", "--expires", "1d"];
    let commands: [(&[&str], &[String]); 5] = [
        (&["status"], &[format!("GET {host}/v2/auth: 200\n")]),
        (&["api", "repository?namespace=acme"], &[format!("GET {host}/api/v1/repository: 200\n")]),
        (
            &create,
            &[format!("GET {host}/api/v1/app/{CLIENT_ID}: 200\n"), format!("POST {host}/api/v1/{application}: 200\n")],
        ),
        (&["tokens", "list"], &[format!("GET {host}/api/v1/{application}: 200\n")]),
        (&["logout"], &[format!("DELETE {host}/api/v1/{application}/"), ": 204\n".to_owned()]),
    ];
    for (command, requests) in commands {
        let run = world.run([command, &["--verbose"]].concat()).prints("");
        let said = requests.iter().fold(run, |run, request| run.stderr(request)).succeeds().stderr;
        assert!(!said.contains(&token) && !said.contains('?'), "{said}");
    }
}
