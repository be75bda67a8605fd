//! No token in messages, other files, command lines, environments, core dumps, or in the echo of a terminal.
#![allow(clippy::disallowed_methods, reason = "tests start the program")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use url::Url;

use crate::quay_standin::Verify;
use crate::support::program::Run;
use crate::support::world::{PATIENCE, World, post_to_catcher, token_of};

/// With the variables that make many programs print more.
fn with_debug_output(run: Run) -> Run {
    run.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").env("DEBUG", "1")
}

/// The command line and environment of each process that can be read, by the path of the file.
fn processes() -> BTreeMap<String, Vec<u8>> {
    let ids = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let files = ids.filter(|path| path.join("cmdline").exists());
    // A process may end while this runs.
    files
        .flat_map(|path| ["cmdline", "environ", "comm"].map(|name| path.join(name)))
        .filter_map(|path| Some((path.display().to_string(), fs::read(&path).ok()?)))
        .collect()
}

/// Every file below a folder, by path.
fn files_below(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(files_below(&path));
        } else if path.is_file() {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

/// Expects that none of these texts is in any of these places.
fn assert_nowhere(texts: &[&str], places: &BTreeMap<String, Vec<u8>>) {
    for (place, content) in places {
        for text in texts {
            let is_there = content.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!is_there, "`{text}` is in {place}");
        }
    }
}

/// A browser command that reports its command line and environment. Returns the command, and the channel for the report.
fn reporting_browser(world: &World) -> (String, mpsc::Receiver<Vec<u8>>) {
    let (script, pipe) = (world.runtime_folder().join("browser"), world.runtime_folder().join("report"));
    assert!(world.command("mkfifo").arg(&pipe).status().unwrap().success());
    fs::write(&script, format!("#!/bin/sh\nexec cat /proc/$$/cmdline /proc/$$/environ > '{}'\n", pipe.display()))
        .unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
    let (sender, report) = mpsc::channel();
    thread::spawn(move || sender.send(fs::read(pipe).unwrap()));
    (format!("'{}'", script.display()), report)
}

#[test]
fn from_login_to_logout_the_token_is_only_in_its_file_and_on_stdout() {
    let world = World::new();
    let (browser, report) = reporting_browser(&world);
    world.quay.set_verify(Verify::Hang);
    let mut login = with_debug_output(world.login(&["--verbose", "--browser", &browser])).start();
    let url = login.authorize_url();
    let mut places = BTreeMap::from([("the browser".to_owned(), report.recv_timeout(PATIENCE).expect("a report"))]);
    let location = world.quay.authorize(&url).unwrap();
    let token = token_of(&location);
    let (_, fragment) = location.split_once('#').unwrap();
    let secrets = [&*token, fragment, "access_token="];

    // While the program checks the token at Quay, the page waits for its response.
    let page = thread::spawn({
        let location = location.clone();
        move || post_to_catcher(&location)
    });
    while world.quay.requests().iter().all(|request| request.path != "/v2/auth") {
        thread::yield_now();
    }
    assert_nowhere(&secrets, &processes());
    assert_eq!(page.join().unwrap(), (200, "stored_unverified".to_owned()));
    places.insert("login".to_owned(), login.succeeds().into_bytes());

    let print = with_debug_output(world.run(["print-token", "--verbose"])).stdout(&format!("{token}\n")).prints("");
    places.insert("print-token".to_owned(), print.succeeds().stderr.into_bytes());
    for arguments in [&["status", "--verbose", "--offline"][..], &["status", "--offline", "--json"]] {
        let result = with_debug_output(world.run(arguments)).prints("127.0.0.1").succeeds();
        places.insert(format!("{arguments:?}"), format!("{result}").into_bytes());
    }
    // Commands that pass the token on do not print it on stderr or write it to docker's settings.
    for arguments in [&["docker", "install"][..], &["docker", "status", "--json"], &["api", "user/"]] {
        let result = with_debug_output(world.run([&["--verbose"], arguments].concat())).start().wait();
        places.insert(format!("{arguments:?}"), format!("{result}").into_bytes());
    }
    for arguments in [&["export", "env"][..], &["exec", "--", "sh", "-c", "echo $QUAY_TOKEN"]] {
        let result = with_debug_output(world.run([&["--verbose"], arguments].concat())).start().wait();
        assert!(result.stdout.contains(&token), "{result}");
        places.insert(format!("{arguments:?}"), result.stderr.into_bytes());
    }
    let refused = format!("{{\"ServerURL\":\"{0}\",\"Username\":\"x\",\"Secret\":\"{token}\"}}", world.quay.address());
    let result = with_debug_output(world.helper("store", &refused)).start().wait();
    places.insert("store".to_owned(), format!("{result}").into_bytes());
    let mut files = files_below(&world.home());
    let token_file = files.remove(&world.data_folder().join("tokens.toml").display().to_string());
    assert!(String::from_utf8(token_file.unwrap()).unwrap().contains(&token));
    assert_nowhere(&secrets, &files);
    let result = with_debug_output(world.run(["logout", "--verbose"])).stderr("Deleted").succeeds();
    places.insert("logout".to_owned(), format!("{result}").into_bytes());
    assert_nowhere(&secrets, &places);
    assert_nowhere(&[&token], &files_below(&world.home()));

    // Nonce and state are only in the URL that is printed, once.
    let stderr = String::from_utf8(places.remove("login").unwrap()).unwrap();
    for secret in nonce_and_state(&url) {
        assert_eq!(stderr.matches(&secret).count(), 1, "{stderr}");
        places.remove("the browser");
        assert_nowhere(&[&secret], &places);
        assert_nowhere(&[&secret], &files_below(&world.home()));
    }
}

/// The two secrets of an authorize URL.
fn nonce_and_state(url: &str) -> [String; 2] {
    let parameters: BTreeMap<_, _> = Url::parse(url).unwrap().query_pairs().into_owned().collect();
    let (_, nonce) = parameters["redirect_uri"].rsplit_once('/').unwrap();
    assert_eq!((nonce.len(), parameters["state"].len()), (32, 32));
    [nonce.to_owned(), parameters["state"].clone()]
}

#[test]
fn errors_never_contain_the_token() {
    let world = World::new();
    let old = world.log_in();
    let tokens_toml = world.data_folder().join("tokens.toml");
    let mut places = BTreeMap::new();
    let mut tokens = vec![old.clone()];
    for (verify, code) in [(Verify::Unauthorized, 5), (Verify::As("bob".to_owned()), 1)] {
        world.quay.set_verify(verify);
        let mut login = with_debug_output(world.login(&["--verbose"])).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        post_to_catcher(&location);
        tokens.push(token_of(&location));
        places.insert(format!("a login that ends with {code}"), login.fails(code).into_bytes());
        let pasted =
            with_debug_output(world.run(["login", "--with-token", "--verbose"])).stdin(&location).stderr("error: ");
        places.insert(format!("a pasted one that ends with {code}"), pasted.fails(code).stderr.into_bytes());
    }
    world.quay.set_verify(Verify::Status(503));
    for (name, run, code) in [
        ("lacking scope", world.run(["print-token", "--require", "org:admin"]), 3),
        ("no token", world.run(["login", "--with-token"]).stdin(format!("{old} {old}")), 2),
        ("another store", world.run(["login", "--with-token", "--store", "keyring"]).stdin(&old), 4),
        ("nobody comes", world.login(&["--timeout", "1s"]), 6),
        ("a variable", world.run(["print-token"]).env("QUAY_AUTH_TOKEN", &format!("{old}\n{old}")), 2),
    ] {
        let run = with_debug_output(run).stderr("error: ");
        places.insert(name.to_owned(), run.fails(code).stderr.into_bytes());
    }
    fs::set_permissions(&tokens_toml, Permissions::from_mode(0o644)).unwrap();
    for (name, run) in [
        ("open file", world.run(["print-token"])),
        ("open file, replaced", world.run(["login", "--with-token"]).stdin(&old)),
        ("open file, forgotten", world.run(["logout"])),
    ] {
        places.insert(name.to_owned(), with_debug_output(run).stderr("error: ").fails(4).stderr.into_bytes());
    }
    fs::set_permissions(&tokens_toml, Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read_to_string(&tokens_toml).unwrap();
    fs::write(&tokens_toml, whole.replace(&format!("{old}\""), &old)).unwrap();
    let damaged = with_debug_output(world.run(["print-token"])).stderr("error: ").fails(4).stderr;
    places.insert("damaged file".to_owned(), damaged.into_bytes());
    assert_eq!(places.len(), 13);
    let secrets: Vec<&str> = tokens.iter().map(String::as_str).chain(["access_token="]).collect();
    assert_nowhere(&secrets, &places);
}

/// Ends a program by SIGILL, which it does not handle, as soon as stderr contains this, with core dumps enabled as far as possible. Returns its exit status.
fn crash(world: &World, program: &[&str], when: &str) -> std::process::ExitStatus {
    let mut command: Command = world.command("sh");
    command.args(["-c", "ulimit -c \"$(ulimit -H -c)\" && exec \"$@\"", "sh"]).args(program);
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(when) {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended without printing {when}");
    }
    signal::kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGILL).unwrap();
    child.wait().unwrap()
}

#[test]
fn a_crash_leaves_no_core_dump() {
    let world = World::new();
    let host = world.quay.host();
    let login =
        [env!("CARGO_BIN_EXE_quay-auth"), "login", "--host", &host, "--client-id", crate::support::world::CLIENT_ID];
    let more = ["--redirect-uri", &world.redirect_uri, "--store", "file", "--no-browser"];
    let status = crash(&world, &[&login[..], &more].concat(), "/oauth/authorize?");
    assert_eq!(status.signal(), Some(Signal::SIGILL as i32));
    assert!(!status.core_dumped());
    // Shows that another program leaves one.
    let status = crash(&world, &["sh", "-c", "echo waiting >&2; exec sleep 60"], "waiting");
    assert!(
        status.core_dumped(),
        "this system writes no core dumps: see `ulimit -H -c` and /proc/sys/kernel/core_pattern"
    );
}

#[test]
fn a_token_typed_at_a_terminal_is_not_echoed() {
    let world = World::new();
    let token = world.log_in();
    // Each call that changes the modes of the terminal is delayed. If the program disabled echo after the prompt, the token would be echoed.
    let slow = "strace -f -qq -o /dev/null -e trace=ioctl -e inject=ioctl:delay_enter=100000";
    let program = env!("CARGO_BIN_EXE_quay-auth");
    // The shell ignores Ctrl-C, so that it can print the modes of the terminal afterwards.
    let line = format!("trap : INT; stty -a; {slow} '{program}' login --with-token; code=$?; stty -a; exit $code");
    for (typed, code) in [(format!("{token}\r"), 0), (format!("{}\x03", &token[..20]), 130)] {
        // If the input were lost, the program would not end.
        let mut command = world.command("timeout");
        command.args(["--foreground", "20", "script", "-qec", &line, "/dev/null"]);
        let mut terminal = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut screen = BufReader::new(terminal.stdout.take().unwrap());
        let mut shown = Vec::new();
        // The prompt has no newline.
        while !shown.ends_with(b"and press Enter: ") {
            let mut byte = [0];
            screen.read_exact(&mut byte).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&shown)));
            shown.extend(byte);
        }
        let mut keyboard = terminal.stdin.take().unwrap();
        keyboard.write_all(typed.as_bytes()).unwrap();
        screen.read_to_end(&mut shown).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        assert!(!shown.contains(&token[..20]), "{shown}");
        assert_eq!(terminal.wait().unwrap().code(), Some(code), "{shown}");
        let modes = shown.split("speed ").skip(1).map(|modes| &modes[..modes.find("-extproc").unwrap()]);
        let modes: Vec<&str> = modes.collect();
        assert!(matches!(modes[..], [before, after] if before == after && before.contains(" echo ")), "{shown}");
    }
}
