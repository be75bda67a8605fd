//! No token in words, other files, command lines, environments, core dumps, or in a terminal's echo.
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

use crate::program::Run;
use crate::quay::Verify;
use crate::world::{PATIENCE, World, hand_over, token_of};

/// The program where everything asks for all that it could say.
fn loud(run: Run) -> Run {
    run.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").env("DEBUG", "1")
}

/// The command line and environment of each process that may be looked at, by what it is called.
fn processes() -> BTreeMap<String, Vec<u8>> {
    let ids = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let files = ids.filter(|path| path.join("cmdline").exists());
    // Processes come and go while they are listed.
    files
        .flat_map(|path| ["cmdline", "environ", "comm"].map(|name| path.join(name)))
        .filter_map(|path| Some((path.display().to_string(), fs::read(&path).ok()?)))
        .collect()
}

/// Every file below a folder, by its path.
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

/// None of these texts is in any of these places.
fn assert_nowhere(texts: &[&str], places: &BTreeMap<String, Vec<u8>>) {
    for (place, content) in places {
        for text in texts {
            let is_there = content.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!is_there, "`{text}` is in {place}");
        }
    }
}

/// A browser that writes its command line and environment into a pipe with a name, and the end of that pipe.
fn telling_browser(world: &World) -> (String, mpsc::Receiver<Vec<u8>>) {
    let (script, pipe) = (world.runtime_folder().join("browser"), world.runtime_folder().join("told"));
    assert!(world.command("mkfifo").arg(&pipe).status().unwrap().success());
    fs::write(&script, format!("#!/bin/sh\nexec cat /proc/$$/cmdline /proc/$$/environ > '{}'\n", pipe.display()))
        .unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
    let (sender, told) = mpsc::channel();
    thread::spawn(move || sender.send(fs::read(pipe).unwrap()));
    (format!("'{}'", script.display()), told)
}

#[test]
fn a_whole_life_of_a_token_leaves_it_in_its_file_and_on_one_stdout() {
    let world = World::new();
    let (browser, told) = telling_browser(&world);
    world.quay.set_verify(Verify::Hang);
    let mut login = loud(world.login(&["--verbose", "--browser", &browser])).start();
    let url = login.authorize_url();
    let mut places = BTreeMap::from([("the browser".to_owned(), told.recv_timeout(PATIENCE).expect("a browser"))]);
    let location = world.quay.authorize(&url).unwrap();
    let token = token_of(&location);
    let (_, fragment) = location.split_once('#').unwrap();
    let secrets = [&*token, fragment, "access_token="];

    // While Quay is asked about it, the program holds it, and the page's request waits.
    let page = thread::spawn({
        let location = location.clone();
        move || hand_over(&location)
    });
    login.says("whose token this is");
    assert_nowhere(&secrets, &processes());
    assert_eq!(page.join().unwrap(), (200, "stored_unverified".to_owned()));
    places.insert("login".to_owned(), login.succeeds().into_bytes());

    let print = loud(world.run(["print-token", "--verbose"])).stdout(&format!("{token}\n")).prints("");
    places.insert("print-token".to_owned(), print.succeeds().stderr.into_bytes());
    for arguments in [&["status", "--verbose", "--offline"][..], &["status", "--offline", "--json"]] {
        let ended = loud(world.run(arguments)).prints("127.0.0.1").succeeds();
        places.insert(format!("{arguments:?}"), format!("{ended}").into_bytes());
    }
    // What hands the token on gives it to nobody else: not to stderr, not to docker's settings.
    for arguments in [&["docker", "install"][..], &["docker", "status", "--json"], &["api", "user/"]] {
        let ended = loud(world.run([&["--verbose"], arguments].concat())).start().wait();
        places.insert(format!("{arguments:?}"), format!("{ended}").into_bytes());
    }
    for arguments in [&["export", "env"][..], &["exec", "--", "sh", "-c", "echo $QUAY_TOKEN"]] {
        let ended = loud(world.run([&["--verbose"], arguments].concat())).start().wait();
        assert!(ended.stdout.contains(&token), "{ended}");
        places.insert(format!("{arguments:?}"), ended.stderr.into_bytes());
    }
    let refused = format!("{{\"ServerURL\":\"{0}\",\"Username\":\"x\",\"Secret\":\"{token}\"}}", world.quay.address());
    let ended = loud(world.helper("store", &refused)).start().wait();
    places.insert("store".to_owned(), format!("{ended}").into_bytes());
    let mut files = files_below(&world.home());
    let kept = files.remove(&world.home().join(".local/share/quay-auth/tokens.toml").display().to_string());
    assert!(String::from_utf8(kept.unwrap()).unwrap().contains(&token));
    assert_nowhere(&secrets, &files);
    let ended = loud(world.run(["logout", "--verbose"])).stderr("Forgot").succeeds();
    places.insert("logout".to_owned(), format!("{ended}").into_bytes());
    assert_nowhere(&secrets, &places);
    assert_nowhere(&[&token], &files_below(&world.home()));

    // The nonce and the state are in the address that is printed, once, and nowhere else.
    let said = String::from_utf8(places.remove("login").unwrap()).unwrap();
    for secret in nonce_and_state(&url) {
        assert_eq!(said.matches(&secret).count(), 1, "{said}");
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
fn no_failure_shows_the_token_that_it_is_about() {
    let world = World::new();
    let old = world.log_in();
    let tokens_toml = world.home().join(".local/share/quay-auth/tokens.toml");
    let mut places = BTreeMap::new();
    let mut tokens = vec![old.clone()];
    for (verify, code) in [(Verify::Unauthorized, 5), (Verify::As("bob".to_owned()), 1)] {
        world.quay.set_verify(verify);
        let mut login = loud(world.login(&["--verbose"])).start();
        let location = world.quay.authorize(&login.authorize_url()).unwrap();
        hand_over(&location);
        tokens.push(token_of(&location));
        places.insert(format!("a login that ends with {code}"), login.fails(code).into_bytes());
        let pasted = loud(world.run(["login", "--with-token", "--verbose"])).stdin(&location).stderr("error: ");
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
        let run = loud(run).stderr("error: ");
        places.insert(name.to_owned(), run.fails(code).stderr.into_bytes());
    }
    fs::set_permissions(&tokens_toml, Permissions::from_mode(0o644)).unwrap();
    for (name, run) in [
        ("open file", world.run(["print-token"])),
        ("open file, replaced", world.run(["login", "--with-token"]).stdin(&old)),
        ("open file, forgotten", world.run(["logout"])),
    ] {
        places.insert(name.to_owned(), loud(run).stderr("error: ").fails(4).stderr.into_bytes());
    }
    fs::set_permissions(&tokens_toml, Permissions::from_mode(0o600)).unwrap();
    let whole = fs::read_to_string(&tokens_toml).unwrap();
    fs::write(&tokens_toml, whole.replace(&format!("{old}\""), &old)).unwrap();
    let damaged = loud(world.run(["print-token"])).stderr("error: ").fails(4).stderr;
    places.insert("damaged file".to_owned(), damaged.into_bytes());
    assert_eq!(places.len(), 13);
    let secrets: Vec<&str> = tokens.iter().map(String::as_str).chain(["access_token="]).collect();
    assert_nowhere(&secrets, &places);
}

/// How a command ends that is told to abort as soon as stderr says this; cores are allowed as far as they may be.
fn aborted(world: &World, program: &[&str], when: &str) -> std::process::ExitStatus {
    let mut command: Command = world.command("sh");
    command.args(["-c", "ulimit -c \"$(ulimit -H -c)\" && exec \"$@\"", "sh"]).args(program);
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(when) {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "it ended without saying {when}");
    }
    signal::kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGABRT).unwrap();
    child.wait().unwrap()
}

#[test]
fn a_crash_leaves_no_core() {
    let world = World::new();
    let host = world.quay.host();
    let login = [env!("CARGO_BIN_EXE_quay-auth"), "login", "--host", &host, "--client-id", crate::world::CLIENT_ID];
    let more = ["--redirect-uri", &world.redirect_uri, "--store", "file", "--no-browser"];
    let status = aborted(&world, &[&login[..], &more].concat(), "/oauth/authorize?");
    assert_eq!(status.signal(), Some(Signal::SIGABRT as i32));
    assert!(!status.core_dumped());
    // The control: another program leaves one.
    let status = aborted(&world, &["sh", "-c", "echo waiting >&2; exec sleep 60"], "waiting");
    assert!(
        status.core_dumped(),
        "this system makes no core files at all: see `ulimit -H -c`, /proc/sys/kernel/core_pattern"
    );
}

#[test]
fn a_token_typed_at_a_terminal_is_not_echoed() {
    let world = World::new();
    let token = world.log_in();
    // Each word with the terminal takes long, so what is typed as soon as the prompt stands there is never late.
    let slow = "strace -f -qq -o /dev/null -e trace=ioctl -e inject=ioctl:delay_enter=100000";
    let program = env!("CARGO_BIN_EXE_quay-auth");
    // Ctrl-C reaches all that runs there; the shell stays to show the terminal's modes.
    let line = format!("trap : INT; stty -a; {slow} '{program}' login --with-token; code=$?; stty -a; exit $code");
    for (typed, code) in [(format!("{token}\r"), 0), (format!("{}\x03", &token[..20]), 130)] {
        // What is typed must not be lost either: then nothing would end it.
        let mut command = world.command("timeout");
        command.args(["--foreground", "20", "script", "-qec", &line, "/dev/null"]);
        let mut terminal = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut screen = BufReader::new(terminal.stdout.take().unwrap());
        let mut shown = Vec::new();
        // The prompt does not end its line.
        while !shown.ends_with(b"then press Enter: ") {
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
