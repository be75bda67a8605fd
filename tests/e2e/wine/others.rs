//! What other programs have to do with it: those that `exec` starts, those that hold a file open, docker.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::net::TcpListener;

use super::{User, given, windows_path};
use crate::program::Run;
use crate::quay::Verify;
use crate::world::World;

const TOKEN: &str = "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0005";

/// A user who keeps TOKEN in the file.
fn with_token(world: &World) -> User<'_> {
    world.quay.set_verify(Verify::Status(503));
    let user = User::new(world);
    store(&user, TOKEN).stderr("is kept in a file that is as private as your user profile").succeeds();
    user
}

/// Keeps a token in the user's file.
fn store(user: &User<'_>, token: &str) -> Run {
    let host = user.world.quay.host();
    user.run(["login", "--with-token", "--store", "file", "--host", &host]).stdin(token)
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn exec_hands_arguments_on_unread_and_statuses_beyond_a_byte_back() {
    let world = World::new();
    let user = with_token(&world);
    let script = world.home().join("töld so.cmd");
    fs::write(&script, "@echo [%1] [%2] %ONE%\r\n@exit /b 5\r\n").unwrap();
    user.run(["exec", "--env", "ONE", "--", &windows_path(&script), "one two", "x&echo y"])
        .stdout(&format!("[\"one two\"] [\"x&echo y\"] {TOKEN}\r\n"))
        .fails(5);
    // Of a status the host sees one byte, so it is looked at where it has all.
    let outer = world.home().join("outer.cmd");
    let quay_auth = windows_path(&super::program("quay-auth"));
    fs::write(
        &outer,
        format!("@\"{quay_auth}\" exec -- cmd.exe /c exit 70000\r\n@echo %errorlevel%\r\n@exit /b 0\r\n"),
    )
    .unwrap();
    Run::new(user.other("cmd.exe", &["/c", &windows_path(&outer)])).stdout("70000\r\n").succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn what_cannot_be_run_is_told_with_what_helps_there() {
    let world = World::new();
    let user = with_token(&world);
    user.run(["exec", "--", "npm"])
        .stderr("there is no command `npm`")
        .stderr("a script is named with its ending, as in npm.cmd")
        .fails(127);
    let no_program = world.home().join("text.exe");
    fs::write(&no_program, "no program").unwrap();
    let no_program = windows_path(&no_program);
    user.run(["exec", "--", &no_program])
        .stderr(&format!("cannot run `{no_program}`"))
        .stderr(&format!("hint: is it a program for this system? where {no_program}"))
        .fails(126);
}

/// Windows refuses to put a file in the place of one that is open. Here the standard input of a login that ends after two seconds is.
#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_file_that_somebody_reads_is_replaced_as_soon_as_that_ends() {
    let world = World::new();
    let user = with_token(&world);
    let quay_auth = windows_path(&super::program("quay-auth"));
    let waits = user.login_words("keyring").join(" ");
    let script = world.home().join("hold.cmd");
    fs::write(&script, format!("@\"{quay_auth}\" {waits} --profile slow --timeout 2s < tokens.toml\r\n")).unwrap();
    let mut holder = user.other("cmd.exe", &["/c", &windows_path(&script)]);
    holder.current_dir(user.kept(""));
    let mut holder = Run::new(holder).start();
    holder.authorize_url();
    let other = TOKEN.replace('5', "6");
    store(&user, &other).stderr("Logged in").succeeds();
    assert_eq!(holder.wait().code, 6);
    user.run(["print-token"]).stdout(&format!("{other}\n")).succeeds();
    let names = fs::read_dir(user.kept("")).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with('.')), "something is left: {names:?}");
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn an_export_goes_to_an_odd_path_and_is_replaced_there() {
    let world = World::new();
    let user = with_token(&world);
    let path = world.home().join("Öffentlich & 日本/a b.json");
    for _ in 0..2 {
        user.run(["export", "docker-config", "--output", &windows_path(&path)])
            .stderr(&format!("to {}, as private as its folder.", windows_path(&path)))
            .succeeds();
        assert!(fs::read_to_string(&path).unwrap().contains(&world.quay.address().to_string()));
    }
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn docker_is_told_of_the_helper_which_is_found_by_its_name_there() {
    let world = World::new();
    let user = with_token(&world);
    let server = world.quay.address().to_string();
    let programs = windows_path(&given("QUAY_AUTH_WINE_BIN"));
    let run = |words: &[&str]| {
        let mut command = user.command(words);
        command.env("WINEPATH", &programs);
        Run::new(command)
    };
    run(&["docker", "install"]).stderr(&server).succeeds();
    let config = user.folder().join(".docker/config.json");
    assert!(fs::read_to_string(&config).unwrap().contains(&format!("\"{server}\": \"quay-auth\"")));
    let status = run(&["docker", "status", "--json"]).prints("\"gets\": \"token\"").succeeds().stdout;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["hosts"][0]["obstacles"], serde_json::json!([]), "{status}");
    user.run(["docker", "status", "--json"]).prints("PATH").succeeds();
    run(&["docker", "uninstall"]).stderr(&server).succeeds();
    assert!(!fs::read_to_string(&config).unwrap().contains("quay-auth"));
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn the_helper_starts_the_quay_auth_beside_it_and_no_other() {
    let world = World::new();
    let user = with_token(&world);
    let server = world.quay.address().to_string();
    let folder = world.home().join("Prögrams & more");
    fs::create_dir(&folder).unwrap();
    let add = |name: &str| fs::copy(given("QUAY_AUTH_WINE_BIN").join(name), folder.join(name)).unwrap();
    add("docker-credential-quay-auth.exe");
    add("bcryptprimitives.dll");
    let get = || {
        let helper = folder.join("docker-credential-quay-auth.exe").display().to_string();
        let mut command = user.other(&helper, &["get"]);
        command.env("WINEPATH", windows_path(&given("QUAY_AUTH_WINE_BIN")));
        Run::new(command).stdin(format!("{server}\r\n"))
    };
    get().prints("docker-credential-quay-auth cannot start the quay-auth beside it").fails(1);
    add("quay-auth.exe");
    get().prints(TOKEN).succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn hints_name_what_there_is_to_type_there() {
    let world = World::new();
    let user = User::new(&world);
    let held = TcpListener::bind(world.redirect_authority()).unwrap();
    let port = held.local_addr().unwrap().port();
    user.run(user.login_words("file")).stderr(&format!("see which: netstat -ano | find \":{port}\"")).fails(8);
    drop(held);
    fs::create_dir_all(user.kept("")).unwrap();
    fs::write(user.kept("profiles.toml"), "[").unwrap();
    user.run(["status"]).stderr("log in again: move \"C:\\users\\").fails(1);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn doctor_says_where_tokens_are_and_what_opens_the_browser() {
    let world = World::new();
    let user = User::new(&world);
    for (store, kept) in [
        ("file", "is as private as your user profile; an entry was written, read and deleted"),
        ("keyring", "the keyring is unlocked; an entry was written, read and deleted"),
    ] {
        user.run(["doctor", "--host", &world.quay.host()])
            .env("QUAY_AUTH_STORE", store)
            .env("QUAY_AUTH_CLIENT_ID", crate::world::CLIENT_ID)
            .env("QUAY_AUTH_REDIRECT_URI", &world.redirect_uri)
            .prints("session bus: not needed on this system")
            .prints(kept)
            .prints("powershell.exe opens it")
            .succeeds();
    }
}
