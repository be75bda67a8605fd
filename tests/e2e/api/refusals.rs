//! What is said when Quay says no: a bad token, a missing scope and a missing right look alike in its answers.

use super::logged_in;
use crate::quay::Verify;

#[test]
fn a_missing_scope_is_named_with_the_login_that_gets_it() {
    let (world, _) = logged_in("repo:read");
    world.quay.add_repository("acme/app");
    let profile = format!("default@{}", world.quay.address());
    let host = world.quay.host();
    for (arguments, scope) in [
        (&["-X", "PUT", "repository/acme/app/permissions/user/bob", "-F", "role=read"][..], "repo:admin"),
        (&["repository", "-f", "namespace=acme", "-f", "repository=x"], "repo:create"),
        (&["-X", "DELETE", "repository/acme/app"], "repo:admin"),
        // Quay says of a good token that lacks user:read the same as of a bad one (P2).
        (&["user/"], "user:read"),
        (&["user/authorizations"], "user:admin"),
    ] {
        let refused = world
            .run([&["api"], arguments].concat())
            .stderr(&format!("error: the token of {profile} lacks {scope}\n  cause: Quay says: "))
            .stderr(&format!("  hint: quay-auth login --host {host} --scopes repo:read,{scope}\n"))
            .fails(1);
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn a_token_that_is_good_no_more_is_told_so_on_reads_and_writes() {
    let (world, token) = logged_in("repo:admin,user:read");
    world.quay.add_repository("acme/app");
    world.quay.revoke(&token);
    // Without a session beside it, as from any machine.
    world.quay.set_everyone_is(None);
    let profile = format!("default@{}", world.quay.address());
    for arguments in
        [&["user/"][..], &["repository/acme/app"], &["-X", "PUT", "repository/acme/app", "-f", "description=x"]]
    {
        world
            .run([&["api"], arguments].concat())
            .stderr(&format!("error: {} does not accept the token of {profile}\n", world.quay.host()))
            .stderr("cause: Quay says: OAuth access token could not be validated\n")
            .stderr(&format!("hint: quay-auth login --host {}\n", world.quay.host()))
            .fails(1);
    }
    world
        .run(["api", "user/"])
        .env("QUAY_AUTH_TOKEN", "NOTATOKENOFTHISQUAY0000000000000000000000")
        .stderr("hint: put another token into QUAY_AUTH_TOKEN; a robot's or account password is none\n")
        .fails(1);
}

#[test]
fn a_right_that_the_user_lacks_is_no_scope() {
    let (world, _) = logged_in("repo:admin");
    world.quay.add_repository("carol/app");
    world
        .run(["api", "-X", "DELETE", "repository/carol/app"])
        .stderr("has repo:admin, but alice may not do this\n")
        .stderr("no scope gives a right that the user lacks\n")
        .fails(1);
}

#[test]
fn where_scopes_are_not_known_both_are_said() {
    let (world, token) = logged_in("repo:read");
    world
        .run(["login", "--with-token", "--host", &world.quay.host(), "--store", "file"])
        .stdin(&token)
        .stderr("Logged in")
        .succeeds();
    world
        .run(["api", "user/"])
        .stderr("lacks user:read, or alice may not do this\n")
        .stderr(&format!("hint: quay-auth login --host {} --scopes user:read\n", world.quay.host()))
        .fails(1);
}

#[test]
fn where_quay_cannot_be_asked_which_it_is_nothing_is_claimed() {
    let (world, _) = logged_in("repo:read");
    world.quay.set_verify(Verify::Status(503));
    world
        .run(["api", "user/"])
        .stderr("answers GET /api/v1/user/ with 401\n")
        .stderr("cause: Quay says: Requires authentication\n")
        .stderr("hint: the token is not good, or lacks a scope; which one:")
        .fails(1);
}

#[test]
fn other_refusals_are_in_quays_own_words() {
    let (world, _) = logged_in("repo:read,repo:admin");
    world
        .run(["api", "repository?private=true&public=false"])
        .stderr("answers GET /api/v1/repository with 400\n")
        .stderr("cause: Quay says: namespace, starred or public are required for this API call\n")
        .fails(1);
    world
        .run(["api", "nonsense"])
        .stderr("answers GET /api/v1/nonsense with 404\n  cause: Quay says: Not Found\n")
        .stderr(&format!(
            "hint: check the path, a slash at its end too; what there is: {}/api/v1/discovery\n",
            world.quay.host()
        ))
        .fails(1);
    // A page of HTML has no words for us.
    world
        .run(["api", "-X", "PUT", "repository/acme/absent/permissions/team/devs", "-F", "role=read"])
        .stderr("with 500\n  hint: the server is busy or broken: try again later\n")
        .fails(1);
}
