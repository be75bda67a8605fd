//! Commands that work differently on Windows: `exec`, the credential helper, colours, Ctrl-C. And exit codes.

use std::fs;

use super::{folder_variable, program, run, windows, windows_path, wine};
use crate::quay_standin::Verify;
use crate::support::program::Run;
use crate::support::pty::Terminal;
use crate::support::world::{CLIENT_ID, World};

const TOKEN: &str = "WINDOWSTOKENWINDOWSTOKENWINDOWSTOKEN0002";

/// A world with TOKEN in its token file.
fn world_with_token() -> World {
    let world = World::new();
    world.quay.set_verify(Verify::Status(404));
    let host = world.quay.host();
    let arguments = ["login", "--with-token", "--host", &host, "--store", "file", "--scopes", "repo:read"];
    run(&world, &arguments).stdin(TOKEN).stderr("Logged in").succeeds();
    world
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn exec_waits_for_the_command_and_exits_with_its_status() {
    let world = world_with_token();
    // In a script, the variables are replaced when the script runs and not by the command prompt that starts quay-auth.
    let script = world.home().join("show.bat");
    fs::write(&script, "@echo %QUAY_TOKEN% %QUAY_HOST%\r\n@exit 7\r\n").unwrap();
    let script = windows_path(&script);
    let host = world.quay.host();
    run(&world, &["exec", "--", "cmd.exe", "/c", &script]).stdout(&format!("{TOKEN} {host}\r\n")).fails(7);
    run(&world, &["exec", "--", "cmd.exe", "/c", "exit 0"]).succeeds();
    run(&world, &["exec", "--", "no-such-program"]).stderr("command not found: no-such-program").fails(127);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn the_helper_replies_for_the_host_of_the_profile_only() {
    let world = world_with_token();
    let helper =
        |verb: &str, stdin: &str| Run::new(windows(&world, "docker-credential-quay-auth", &[verb])).stdin(stdin);
    let server = world.quay.address().to_string();
    helper("get", &format!("{server}\r\n"))
        .stdout(&format!("{{\"ServerURL\":\"{server}\",\"Username\":\"$oauthtoken\",\"Secret\":\"{TOKEN}\"}}\n"))
        .succeeds();
    helper("get", "quay.io.evil.example").stdout("credentials not found in native keychain\n").fails(1);
    helper("list", "").prints("$oauthtoken").succeeds();
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn failures_have_their_exit_codes() {
    let world = World::new();
    let host = world.quay.host();
    run(&world, &["login", "--host", "http://quay.example.com"]).stderr("error: ").fails(2);
    run(&world, &["--no-such-flag"]).stderr("error: ").fails(2);
    run(&world, &["print-token"]).stderr("there is no login").fails(3);
    world.quay.set_verify(Verify::Unauthorized);
    let given = ["login", "--with-token", "--host", &host, "--store", "file"];
    run(&world, &given).stdin(TOKEN).stderr("error: ").fails(5);
    let waits = ["login", "--no-browser", "--host", &host, "--client-id", CLIENT_ID, "--store", "file"];
    let waits = [&waits[..], &["--redirect-uri", &world.redirect_uri, "--timeout", "1s"]].concat();
    run(&world, &waits).stderr("error: ").fails(6);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn the_program_works_in_a_folder_with_spaces_and_letters_that_are_not_ascii() {
    let world = World::new();
    let folder = world.home().join("Prögram Files 日本");
    fs::create_dir(&folder).unwrap();
    for name in ["quay-auth.exe", "bcryptprimitives.dll"] {
        fs::copy(folder_variable("QUAY_AUTH_WINE_BIN").join(name), folder.join(name)).unwrap();
    }
    let there = folder.join("quay-auth.exe").display().to_string();
    Run::new(wine(&world, &[&there, "--version"]))
        .stdout(concat!("quay-auth ", env!("CARGO_PKG_VERSION"), "\n"))
        .succeeds();
    Run::new(wine(&world, &[&there, "print-token", "--host", "nowhere.example"])).stderr("there is no login").fails(3);
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn a_pipe_gets_no_colours_unless_asked() {
    let world = World::new();
    let arguments = ["print-token", "--host", "nowhere.example"];
    let piped = run(&world, &arguments).stderr("error: ").fails(3);
    assert!(!piped.stderr.contains('\x1b'), "{piped}");
    let colored = run(&world, &[&arguments[..], &["--color", "always"]].concat()).stderr("\x1b[").fails(3);
    assert!(colored.stderr.contains("error:"), "{colored}");
}

#[test]
#[ignore = "run by tests/windows.sh, under Wine"]
fn login_exits_130_on_ctrl_c() {
    let world = World::new();
    let exe = program("quay-auth").display().to_string();
    let host = world.quay.host();
    let arguments = [&exe, "login", "--no-browser", "--host", &host, "--client-id", CLIENT_ID, "--store", "file"];
    let arguments = [&arguments[..], &["--redirect-uri", &world.redirect_uri]].concat();
    let mut terminal = Terminal::run(&wine(&world, &arguments));
    terminal.shows("Waiting for your approval");
    terminal.types("\x03");
    let screen = terminal.ends(130);
    assert!(screen.contains("stopped by Ctrl-C; nothing was changed"), "{screen}");
}
