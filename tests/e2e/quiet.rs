//! `--quiet`: nothing on stderr but errors, by every command; and nothing asked where nobody can answer.

use crate::docker::with_helper;
use crate::world::World;

#[test]
fn nothing_is_said_that_is_no_error() {
    let world = World::new();
    let scopes = "repo:read,repo:admin,user:read,org:admin";
    let mut login = world.login(&["--scopes", scopes]).start();
    let location = world.quay.authorize(&login.authorize_url()).unwrap();
    crate::world::hand_over(&location);
    login.succeeds();
    world.quay.add_repository("acme/app");
    for arguments in [
        &["print-token"][..],
        &["status"],
        &["status", "--offline", "--json"],
        &["scopes", "--host", &world.quay.host()],
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
        // `exec` hands on what stands behind its command, so the flag goes first.
        let ended = with_helper(world.run([&["--quiet"], arguments].concat())).start().wait();
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{arguments:?}: {ended}");
    }
    // Errors are said all the same.
    world.run(["--quiet", "print-token"]).stderr("error: there is no login").fails(3);
}

#[test]
fn nothing_is_asked_where_nobody_can_answer() {
    let world = World::new();
    // Stdin is no terminal: each of these ends, with the next step in place of a question.
    for (arguments, code) in
        [(&["login"][..], 2), (&["login", "--host", "quay.test"], 2), (&["logout"], 3), (&["api", "user/"], 3)]
    {
        let ended = world.run(arguments).start().wait();
        assert_eq!(ended.code, code, "{arguments:?}: {ended}");
        assert!(ended.stderr.contains("hint: "), "{ended}");
    }
}
