//! quay-auth and other programs: those that `exec` starts, those that have a file open, docker.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::net::TcpListener;

use super::{User, folder_variable, windows_path};
use crate::quay_standin::Verify;
use crate::support::program::Run;
use crate::support::world::World;

const TOKEN: &str = "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0005";

/// A user with TOKEN in the token file.
fn with_token(world: &World) -> User<'_> {
    world.quay.set_verify(Verify::Status(404));
    let user = User::new(world);
    store(&user, TOKEN).stderr("Stored in the token file (").succeeds();
    user
}

/// Stores a token in the user's token file.
fn store(user: &User<'_>, token: &str) -> Run {
    let host = user.world.quay.host();
    user.run(["login", "--with-token", "--store", "file", "--host", &host]).stdin(token)
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn exec_passes_arguments_unchanged_and_returns_statuses_above_255() {
    let world = World::new();
    let user = with_token(&world);
    let script = world.home().join("töld so.cmd");
    fs::write(&script, "@echo [%1] [%2] %ONE%\r\n@exit /b 5\r\n").unwrap();
    user.run(["exec", "--env", "ONE", "--", &windows_path(&script), "one two", "x&echo y"])
        .stdout(&format!("[\"one two\"] [\"x&echo y\"] {TOKEN}\r\n"))
        .fails(5);
    // Linux sees only one byte of a status, so a script in Wine prints the whole one.
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
fn exec_hints_at_the_reason_why_a_command_cannot_be_run() {
    let world = World::new();
    let user = with_token(&world);
    user.run(["exec", "--", "npm"])
        .stderr("command not found: npm")
        .stderr("if it is a script, type its whole name, such as npm.cmd")
        .fails(127);
    let no_program = world.home().join("text.exe");
    fs::write(&no_program, "no program").unwrap();
    let no_program = windows_path(&no_program);
    user.run(["exec", "--", &no_program])
        .stderr(&format!("cannot run `{no_program}`"))
        .stderr(&format!("hint: check that it is a program for this system: where {no_program}"))
        .fails(126);
}

/// Windows refuses to replace an open file. Here the token file is the stdin of a login that ends after two seconds.
#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn an_open_token_file_is_replaced_as_soon_as_it_is_closed() {
    let world = World::new();
    let user = with_token(&world);
    let quay_auth = windows_path(&super::program("quay-auth"));
    let waiting = user.login_arguments("keyring").join(" ");
    let script = world.home().join("hold.cmd");
    fs::write(&script, format!("@\"{quay_auth}\" {waiting} --profile slow --timeout 2s < tokens.toml\r\n")).unwrap();
    let mut holder = user.other("cmd.exe", &["/c", &windows_path(&script)]);
    holder.current_dir(user.data_file(""));
    let mut holder = Run::new(holder).start();
    holder.authorize_url();
    let other = TOKEN.replace('5', "6");
    store(&user, &other).stderr("Logged in").succeeds();
    assert_eq!(holder.wait().code, 6);
    user.run(["print-token"]).stdout(&format!("{other}\n")).succeeds();
    let names = fs::read_dir(user.data_file("")).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with('.')), "a temporary file is left: {names:?}");
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn export_creates_and_replaces_a_file_with_an_unusual_path() {
    let world = World::new();
    let user = with_token(&world);
    let path = world.home().join("Öffentlich & 日本/a b.json");
    fs::create_dir(world.home().join("Öffentlich & 日本")).unwrap();
    for _ in 0..2 {
        user.run(["export", "docker-config", "--output", &windows_path(&path)])
            .stderr(&format!("to {}, as private as its folder.", windows_path(&path)))
            .succeeds();
        assert!(fs::read_to_string(&path).unwrap().contains(&world.quay.address().to_string()));
    }
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn docker_install_status_and_uninstall_work() {
    let world = World::new();
    let user = with_token(&world);
    let server = world.quay.address().to_string();
    let programs = windows_path(&folder_variable("QUAY_AUTH_WINE_BIN"));
    let run = |arguments: &[&str]| {
        let mut command = user.command(arguments);
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
    // There was none before.
    assert!(!config.exists());
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn the_helper_starts_only_the_quay_auth_in_its_own_folder() {
    let world = World::new();
    let user = with_token(&world);
    let server = world.quay.address().to_string();
    let folder = world.home().join("Prögrams & more");
    fs::create_dir(&folder).unwrap();
    let add = |name: &str| fs::copy(folder_variable("QUAY_AUTH_WINE_BIN").join(name), folder.join(name)).unwrap();
    add("docker-credential-quay-auth.exe");
    add("bcryptprimitives.dll");
    let get = || {
        let helper = folder.join("docker-credential-quay-auth.exe").display().to_string();
        let mut command = user.other(&helper, &["get"]);
        command.env("WINEPATH", windows_path(&folder_variable("QUAY_AUTH_WINE_BIN")));
        Run::new(command).stdin(format!("{server}\r\n"))
    };
    get().prints("docker-credential-quay-auth cannot run quay-auth, which must be in the same folder").fails(1);
    add("quay-auth.exe");
    get().prints(TOKEN).succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn hints_contain_commands_for_the_command_prompt() {
    let world = World::new();
    let user = User::new(&world);
    let held = TcpListener::bind(world.redirect_authority()).unwrap();
    let port = held.local_addr().unwrap().port();
    user.run(user.login_arguments("file"))
        .stderr(&format!("find it, and stop it: netstat -ano | find \":{port}\""))
        .fails(8);
    drop(held);
    fs::create_dir_all(user.data_file("")).unwrap();
    fs::write(user.data_file("profiles.toml"), "[").unwrap();
    user.run(["status"]).stderr("log in again: move \"C:\\users\\").fails(1);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn doctor_reports_the_store_and_the_browser_command() {
    let world = World::new();
    let user = User::new(&world);
    for (store, report) in [
        ("file", "is as private as your user profile; an entry was written, read and deleted"),
        ("keyring", "the keyring is unlocked; an entry was written, read and deleted"),
    ] {
        user.run(["doctor", "--host", &world.quay.host()])
            .env("QUAY_AUTH_STORE", store)
            .env("QUAY_AUTH_CLIENT_ID", crate::support::world::CLIENT_ID)
            .env("QUAY_AUTH_REDIRECT_URI", &world.redirect_uri)
            .prints("session bus: not needed on this system")
            .prints(report)
            .prints("powershell.exe opens it")
            .succeeds();
    }
}
