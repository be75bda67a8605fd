//! `share`, and the login that mentions it.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use crate::support::program::Run;
use crate::support::system::run_after;
use crate::support::world::{CLIENT_ID, World};

/// A world in which nothing is saved any more, and what `share` with these options printed after a login.
fn shared(options: &[&str]) -> (World, String) {
    let (world, _) = World::with_token("repo:write");
    let printed = world.run([&["share", "--quiet"], options].concat()).prints("client").succeeds().stdout;
    world.run(["logout", "--purge", "--no-revoke"]).stderr("Deleted the settings").succeeds();
    world.run(["login"]).stderr("no client ID is known").fails(2);
    (world, printed)
}

#[test]
fn the_printed_command_logs_in_where_nothing_is_saved() {
    let (world, printed) = shared(&[]);
    let line = printed.lines().next().unwrap();
    let mut bash = world.command("bash");
    bash.args(["-c", &format!("exec {line} --store file --no-browser")]);
    let token = world.complete(Run::new(bash).start());
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    // The scopes are not shared.
    world.run(["print-token", "--require", "repo:write"]).stderr("repo:write").fails(3);
}

#[test]
fn the_printed_config_logs_in_where_it_is_in_etc() {
    let (world, printed) = shared(&["--config-toml"]);
    let file = world.runtime_folder().join("config.toml");
    std::fs::write(&file, &printed).unwrap();
    let lines =
        format!("mount -t tmpfs tmpfs /etc\nmkdir /etc/quay-auth\ncp '{}' /etc/quay-auth/config.toml", file.display());
    let token = world.complete(run_after(&world, &lines, &["login", "--store", "file", "--no-browser"]).start());
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

#[test]
fn what_is_personal_is_not_shared_and_a_ca_file_is_named_for_another_folder() {
    let world = World::new();
    let config = "default_host = \"quay.test\"\n\n[host.\"quay.test\"]\nclient_id = \"ABC\"\n\
                  redirect_uri = \"http://localhost:8976/callback\"\nca_file = \"our ca.pem\"\nallow_http = true\n";
    world.config(&format!(
        "{config}store = 'file'\nscopes = 'org:admin'\n[host.'quay.test'.profile.admin]\nscopes = 'repo:admin'\n"
    ));
    let command = "quay-auth login --host quay.test --client-id ABC --redirect-uri http://localhost:8976/callback \
                   --ca-file 'our ca.pem' --allow-http\n";
    let ca_file = world.home().join(".config/quay-auth/our ca.pem");
    world
        .run(["share", "--profile", "admin"])
        .stdout(&format!("{command}{config}"))
        .stderr("Others log in to quay.test with:\n")
        .stderr("With these lines in /etc/quay-auth/config.toml, `quay-auth login` is enough")
        .stderr(&format!("hint: send {} too", ca_file.display()))
        .succeeds();
    // The defaults are left out.
    world.config("");
    let run = world.run(["share", "--quiet", "--host", "http://127.0.0.1:1"]).env("QUAY_AUTH_CLIENT_ID", "DEF");
    run.stdout(concat!(
        "quay-auth login --host http://127.0.0.1:1 --client-id DEF\n",
        "default_host = \"http://127.0.0.1:1\"\n\n[host.\"http://127.0.0.1:1\"]\nclient_id = \"DEF\"\n"
    ))
    .succeeds();
}

#[test]
fn without_a_client_id_there_is_nothing_to_share() {
    let world = World::new();
    world.run(["share"]).stderr("no client ID is known for quay.io").stderr("quay-auth login --host quay.io").fails(2);
}

#[test]
fn only_a_login_with_a_new_client_id_mentions_it() {
    let world = World::new();
    let host = world.quay.host();
    let log_in = |more: &[&str]| {
        let mut login = world.login(more).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        crate::support::world::post_to_catcher(&location);
        login.succeeds()
    };
    world.config(&format!("[host.'{host}']\nclient_id = '{CLIENT_ID}'\n"));
    assert!(!log_in(&["--profile", "configured"]).contains("quay-auth share"));
    world.run(["logout", "--profile", "configured", "--purge", "--no-revoke"]).stderr("Deleted").succeeds();
    world.config("");
    assert!(log_in(&[]).contains("Tell others how to log in: quay-auth share\n"));
    assert!(!log_in(&[]).contains("quay-auth share"));
    world.run(["share"]).prints(CLIENT_ID).stderr("Others log in").succeeds();
}
