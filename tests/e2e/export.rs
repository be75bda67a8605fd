//! `export`: the tools read their formats, and files are private. `tools::clients` tests `docker-config`.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Output, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::support::pty::Terminal;
use crate::support::system::{Traced, chown_link};
use crate::support::world::World;

/// Runs a program with this stdin, asserts that it succeeds, and returns its stdout.
fn fed(world: &World, words: &[&str], stdin: &str) -> String {
    let mut command = world.command(words[0]);
    let mut child = command
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", words[0]));
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    assert!(status.success(), "{words:?}: {status}\n{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// The output of `export`.
fn exported(world: &World, arguments: &[&str]) -> String {
    world.run([&["export"], arguments].concat()).prints("\n").succeeds().stdout
}

#[test]
fn curl_reads_curl_config() {
    let (world, _) = World::with_token("user:read");
    let url = format!("{}/api/v1/user/", world.quay.host());
    let config = exported(&world, &["curl-config"]);
    let answer = fed(&world, &["curl", "--silent", "--fail", "--config", "-", &url], &config);
    assert!(answer.contains("\"username\": \"alice\""), "{answer}");
}

#[test]
fn curl_reads_netrc() {
    let (world, token) = World::with_token("user:read");
    world
        .run(["export", "netrc", "--output", "netrc"])
        .stderr("warning: a netrc file cannot name a port: tools will send the token to any port of 127.0.0.1.\n")
        .stderr("Wrote the token of default@")
        .succeeds();
    let url = format!("{}/v2/auth?service=quay", world.quay.host());
    let answer = fed(&world, &["curl", "--silent", "--fail", "--netrc-file", "netrc", &url], "");
    assert!(answer.starts_with("{\"token\":"), "{answer}");
    // A host without a port needs no warning.
    world
        .run(["export", "netrc"])
        .env("QUAY_AUTH_HOST", "quay.io")
        .env("QUAY_AUTH_TOKEN", &token)
        .stdout(&format!("machine quay.io login $oauthtoken password {token}\n"))
        .succeeds();
}

#[test]
fn shell_reads_env() {
    let (world, token) = World::with_token("user:read");
    world.run(["export", "env", "--output", "quay.env"]).stderr("readable only by you").succeeds();
    let told = fed(&world, &["sh", "-c", "set -a; . ./quay.env; env | grep ^QUAY_ | sort"], "");
    let host = world.quay.host();
    assert_eq!(told, format!("QUAY_HOST={host}\nQUAY_TOKEN={token}\nQUAY_URL={host}\n"));
}

/// What a shell has in its environment after it ran these commands.
fn set_by(world: &World, shell: &[&str], commands: &str) -> String {
    fed(world, shell, &format!("{commands}\nenv | grep ^QUAY_ | sort\n"))
}

#[test]
fn shells_read_env_as_their_commands() {
    let (world, token) = World::with_token("user:read");
    let host = world.quay.host();
    let expected = format!("QUAY_HOST={host}\nQUAY_TOKEN={token}\nQUAY_URL={host}\n");
    for (shell, program) in [("sh", "sh"), ("bash", "bash"), ("zsh", "zsh"), ("fish", "fish")] {
        assert_eq!(set_by(&world, &[program], &exported(&world, &["env", "--shell", shell])), expected, "{shell}");
    }
    assert_eq!(set_by(&world, &["fish"], "quay-auth export env --shell fish | source"), expected);
    assert_eq!(set_by(&world, &["sh"], "eval \"$(quay-auth export env --shell sh)\""), expected);
    assert_eq!(
        exported(&world, &["env", "--shell", "powershell"]),
        format!("$env:QUAY_TOKEN = '{token}'\n$env:QUAY_URL = '{host}'\n$env:QUAY_HOST = '{host}'\n")
    );
    world.run(["export", "netrc", "--shell", "fish"]).stderr("--shell is only for the format env").fails(2);
}

#[test]
#[ignore = "needs PowerShell, which Debian does not have"]
fn powershell_reads_env_as_its_commands() {
    let (world, token) = World::with_token("user:read");
    let commands = format!("{}$env:QUAY_TOKEN\n", exported(&world, &["env", "--shell", "powershell"]));
    assert_eq!(fed(&world, &["pwsh", "-NoProfile", "-Command", "-"], &commands).trim(), token);
}

#[test]
fn github_env_hides_the_token_in_the_log_and_appends_the_variables() {
    let (world, token) = World::with_token("user:read");
    let host = world.quay.host();
    let path = world.home().join("set_env");
    fs::write(&path, "OTHER=1\n").unwrap();
    let run = |path: &Path| {
        world.run(["export", "github-env"]).env("GITHUB_ACTIONS", "true").env("GITHUB_ENV", path.to_str().unwrap())
    };
    let stderr = run(&path).stderr("✓ QUAY_TOKEN, QUAY_URL and QUAY_HOST are set").succeeds().stderr;
    assert!(stderr.starts_with(&format!("::add-mask::{token}\n")), "{stderr}");
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        format!("OTHER=1\nQUAY_TOKEN={token}\nQUAY_URL={host}\nQUAY_HOST={host}\n")
    );
    // After a line without an end, and in an empty file.
    for (before, start) in [("OTHER=1", "OTHER=1\nQUAY_TOKEN="), ("", "QUAY_TOKEN=")] {
        fs::write(&path, before).unwrap();
        run(&path).stderr("✓").succeeds();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(start) && text.lines().count() == 3 + before.lines().count(), "{text}");
    }
    run(&world.home().join("missing")).stderr("::add-mask::").stderr("error: cannot write ").fails(1);
    world.run(["export", "github-env"]).stderr("error: GITHUB_ENV is not set").fails(2);
    let output = ["export", "github-env", "--output", "x"];
    world.run(output).env("GITHUB_ENV", "x").stderr("--output is not for the format github-env").fails(2);
}

#[test]
fn in_github_actions_a_printed_token_is_hidden_in_the_log_first() {
    let (world, token) = World::with_token("user:read");
    let mask = format!("::add-mask::{token}\n");
    for arguments in
        [&["print-token"][..], &["print-token", "--json"], &["--quiet", "print-token"], &["export", "netrc"]]
    {
        let result = world.run(arguments).env("GITHUB_ACTIONS", "true").prints(&token).stderr(&mask).succeeds();
        assert!(result.stderr.starts_with(&mask) && !result.stdout.contains("add-mask"), "{result}");
        let elsewhere = world.run(arguments).env("GITHUB_ACTIONS", "false").start().wait();
        assert!(!elsewhere.stderr.contains("add-mask"), "{elsewhere}");
    }
    // What is encoded is hidden too: docker's credentials, and in Kubernetes' secret all of docker's configuration.
    let values = |text: &str| text.split_whitespace().map(|word| word.trim_matches('"').to_owned()).collect::<Vec<_>>();
    for format in ["docker-config", "kubernetes-secret"] {
        let export = || world.run(["export", format]).env("GITHUB_ACTIONS", "true").prints("").stderr("::add-mask::");
        let result = export().succeeds();
        let masked: Vec<_> =
            result.stderr.lines().filter_map(|line| line.strip_prefix("::add-mask::").map(str::to_owned)).collect();
        assert!(result.stderr.starts_with(&mask), "{result}");
        let mut texts = vec![result.stdout];
        while let Some(text) = texts.pop() {
            let decode = |word: &String| String::from_utf8(BASE64_STANDARD.decode(word).ok()?).ok();
            let encoded = values(&text).into_iter().filter_map(|word| Some((decode(&word)?, word)));
            let (decoded, word) = encoded.max_by_key(|(_, word)| word.len()).expect("an encoded word");
            assert!(masked.contains(&word), "{word} is not hidden: {masked:?}");
            if !decoded.contains(&token) {
                texts.push(decoded);
            }
        }
        // Also when a later step prints the file.
        let file = world.home().join(format).display().to_string();
        let to_file = world.run(["export", format, "--output", &file]).env("GITHUB_ACTIONS", "true");
        let messages = to_file.stderr("::add-mask::").succeeds().stderr;
        assert!(masked.iter().all(|word| messages.contains(&format!("::add-mask::{word}\n"))), "{messages}");
    }
    // In the log both outputs are one.
    let both = fed(&world, &["sh", "-c", "GITHUB_ACTIONS=true quay-auth print-token 2>&1"], "");
    assert_eq!(both, format!("{mask}{token}\n"));
}

#[test]
fn kubernetes_secret_is_what_kubectl_creates() {
    let (world, token) = World::with_token("user:read");
    let manifest = exported(&world, &["kubernetes-secret", "--name", "quay-pull"]);
    // Without a cluster, `label --local` is the command that reads a manifest and checks its kind.
    let label = ["kubectl", "label", "--local", "--filename", "-", "read=by-kubectl", "--output", "json"];
    let ours: serde_json::Value = serde_json::from_str(&fed(&world, &label, &manifest)).unwrap();
    let registry = world.quay.address().to_string();
    let mut create =
        vec!["kubectl", "create", "secret", "docker-registry", "quay-pull", "--dry-run=client", "--output=json"];
    let (server, password) = (format!("--docker-server={registry}"), format!("--docker-password={token}"));
    create.extend([&*server, "--docker-username=$oauthtoken", &*password]);
    let theirs: serde_json::Value = serde_json::from_str(&fed(&world, &create, "")).unwrap();
    assert_eq!((&ours["kind"], &ours["type"]), (&theirs["kind"], &theirs["type"]));
    assert_eq!(ours["metadata"]["name"], "quay-pull");
    let auth = |secret: &serde_json::Value| {
        let config = secret["data"][".dockerconfigjson"].as_str().unwrap();
        let config = fed(&world, &["base64", "--decode"], config);
        serde_json::from_str::<serde_json::Value>(&config).unwrap()["auths"][&registry]["auth"].clone()
    };
    assert_eq!(auth(&ours), auth(&theirs));
    assert!(auth(&ours).is_string());
}

#[test]
fn invalid_kubernetes_names_are_rejected() {
    let (world, _) = World::with_token("user:read");
    world.run(["export", "kubernetes-secret", "--name", "Quay_Pull"]).stderr("a Kubernetes name has").fails(2);
    world
        .run(["export", "env", "--name", "quay-pull"])
        .stderr("--name is only for the format kubernetes-secret")
        .fails(2);
    let named = format!("\n  name: 127.0.0.1-{}\n", world.quay.address().port());
    world.run(["export", "kubernetes-secret"]).prints(&named).succeeds();
}

#[test]
fn output_file_is_created_with_mode_0600_and_replaced_atomically() {
    let (world, token) = World::with_token("user:read");
    let path = world.home().join("quay.env");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    let traced = Traced::new(
        &world,
        "?open,?openat,?creat,?chmod,?fchmod,?fchmodat",
        &["export", "env", "--output", "quay.env"],
    );
    let calls = traced.calls(|run| drop(run.stderr("readable only by you").succeeds()));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&path).unwrap().contains(&token));
    let made: Vec<_> = calls.lines().filter(|call| call.contains("O_CREAT")).collect();
    assert!(!made.is_empty() && made.iter().all(|call| call.contains("O_EXCL") && call.contains("0600")), "{made:?}");
    assert!(!calls.contains("chmod"), "{calls}");
}

#[test]
fn output_to_special_files_is_refused_and_links_are_followed() {
    let (world, token) = World::with_token("user:read");
    fs::create_dir(world.home().join("folder")).unwrap();
    world
        .run(["export", "env", "--output", "folder"])
        .stderr("folder is not a regular file with a single name")
        .fails(1);
    for special in ["/dev/full", "/dev/null", "missing/", "/proc/self/fd/0"] {
        world
            .run(["export", "env", "--output", special])
            .stderr(&format!("{special} is not a regular file with a single name\n"))
            .stderr("hint: name another file, or leave out --output and redirect stdout\n")
            .fails(1);
    }
    assert!(!world.home().join("missing").exists());
    // What the shell has opened is not replaced.
    for output in [">(cat)", "/dev/stderr", "/dev/fd/5"] {
        let script = format!("exec 5> five; quay-auth export env --output {output} 2> log; cat log");
        let messages = fed(&world, &["bash", "-c", &script], "");
        assert!(messages.contains(" is not a regular file with a single name\n"), "{output}: {messages}");
    }
    fs::write(world.home().join("real"), "old").unwrap();
    symlink("real", world.home().join("link")).unwrap();
    world.run(["export", "env", "--output", "link"]).stderr("readable only by you").succeeds();
    assert!(world.home().join("link").is_symlink());
    assert!(fs::read_to_string(world.home().join("real")).unwrap().contains(&token));
}

#[test]
fn output_to_stdout_can_be_named_in_every_way() {
    let (world, _) = World::with_token("user:read");
    let expected = exported(&world, &["env"]);
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        assert_eq!(exported(&world, &["env", "--output", name]), expected);
    }
    // The shell has opened the file, so it is not replaced.
    fs::write(world.home().join("log"), "before\n").unwrap();
    fed(&world, &["sh", "-c", "quay-auth export env --output /dev/stdout >> log"], "");
    assert_eq!(fs::read_to_string(world.home().join("log")).unwrap(), format!("before\n{expected}"));
}

#[test]
fn links_of_other_users_are_refused_in_place_of_the_file_and_its_folders() {
    let (world, token) = World::with_token("user:read");
    let shared = world.home().join("shared");
    fs::create_dir_all(shared.join("folder")).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o1777)).unwrap();
    let victim = world.home().join(".bashrc");
    fs::write(&victim, "alias ls='ls -F'\n").unwrap();
    for (name, target, output) in [
        ("quay.env", "../.bashrc", "shared/quay.env"),
        ("dangling", "../new", "shared/dangling"),
        ("home", "..", "shared/home/.bashrc"),
        ("absolute", victim.to_str().unwrap(), "shared/folder/../absolute"),
    ] {
        let link = shared.join(name);
        symlink(target, &link).unwrap();
        chown_link(&link, 65_534);
        world
            .run(["export", "env", "--output", output])
            .stderr(&format!("error: {} is a link that another user made\n", link.display()))
            .stderr("hint: use another folder, in which only you can write; to see who made it: ls -ld ")
            .fails(1);
        // Through a link of one's own as well.
        let own = world.home().join(format!("to-{name}"));
        symlink(output, &own).unwrap();
        world.run(["export", "env", "--output", own.to_str().unwrap()]).stderr("is a link that another user").fails(1);
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "alias ls='ls -F'\n");
    assert!(!world.home().join("new").exists());
    world.run(["export", "env", "--output", "shared/own"]).stderr("readable only by you").succeeds();
    assert!(fs::read_to_string(shared.join("own")).unwrap().contains(&token));
}

#[test]
fn a_missing_folder_is_not_created() {
    let (world, _) = World::with_token("user:read");
    let folder = world.home().join("missing folder/sub");
    let result = world
        .run(["export", "env", "--output", "missing folder/sub/quay.env"])
        .stderr(&format!("error: there is no folder {}\n", folder.display()))
        .fails(1);
    assert!(!world.home().join("missing folder").exists());
    // The command in the hint works as it is printed.
    let (_, hint) = result.stderr.split_once("hint: ").unwrap();
    fed(&world, &["sh", "-ec", hint], "");
    world.run(["export", "env", "--output", "missing folder/sub/quay.env"]).stderr("readable only by").succeeds();
}

#[test]
fn warns_before_the_token_is_shown_on_a_terminal() {
    let (world, token) = World::with_token("user:read");
    let shown = Terminal::start(&world, &["export", "env"]).ends(0);
    let warning = shown.find("the output contains the token").unwrap_or_else(|| panic!("{shown}"));
    assert!(warning < shown.find(&token).unwrap(), "{shown}");
    exported(&world, &["env"]);
}
