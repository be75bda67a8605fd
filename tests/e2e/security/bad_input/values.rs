//! Invalid hosts, scopes, redirect URIs, names and times: rejected with exit code 2 and a suggestion, before anything is done.

use std::fs;
use std::net::TcpListener;

use super::{SECRET, assert_nothing_happened, refused, usage_error};
use crate::support::pty::Terminal;
use crate::support::server::{Server, answer};
use crate::support::system::Traced;
use crate::support::world::{CLIENT_ID, World};

#[test]
fn anything_but_a_host_is_rejected_and_the_host_in_it_is_suggested() {
    let world = World::new();
    for (host, message) in [
        ("https://quay.example.com/repository/a", "without a path; did you mean `quay.example.com`?"),
        ("http://localhost:8080/v2/", "without a path; did you mean `http://localhost:8080`?"),
        ("https://me@quay.example.com", "without a user name; did you mean `quay.example.com`?"),
        ("quay.example.com?tab=tags", "without a query; did you mean `quay.example.com`?"),
        ("quay.example.com#top", "without a fragment; did you mean `quay.example.com`?"),
        ("ftp://quay.example.com", "quay-auth connects to Quay by https (or http), not by `ftp`"),
        ("quay.example.com:0", "`quay.example.com:0` is not a host name; write it like quay.io, "),
        ("quay example com", "is not a host name"),
        ("https://", "is not a host name"),
    ] {
        for command in ["login", "print-token", "status", "logout"] {
            let stderr = usage_error(world.run([command, "--host", host]));
            assert!(stderr.contains(message), "{stderr}");
            let stderr = refused(world.run([command]).env("QUAY_AUTH_HOST", host), 2);
            assert!(stderr.contains("QUAY_AUTH_HOST: ") && stderr.contains(message), "{stderr}");
        }
    }
    assert_nothing_happened(&world);
}

#[test]
fn hosts_need_no_quotes_in_a_shell_or_in_json() {
    let world = World::new();
    for name in ["q;{touch,pwned}", "q$({touch,pwned})", "a\"b", "q&touch", "q'x", "q`x`", "*"] {
        for command in [&["export", "env"][..], &["export", "docker-config"], &["docker", "install"], &["login"]] {
            let run = world.run(command).env("QUAY_AUTH_HOST", name).env("QUAY_AUTH_TOKEN", SECRET);
            run.stderr("QUAY_AUTH_HOST: ").stderr("is not a host name").fails(2);
        }
        world.config(&format!("default_host = {}\n", toml::Value::from(name)));
        world.run(["print-token"]).stderr("config.toml, line 1: ").stderr("is not a host name").fails(2);
        fs::remove_file(world.home().join(".config/quay-auth/config.toml")).unwrap();
    }
    // A shell reads every accepted host as it was written.
    for name in ["my_quay.example:8443", "10.1.2.3", "https://[2001:db8::1]:8443", "bücher.example"] {
        let env = world.run(["export", "env"]).env("QUAY_AUTH_HOST", name).env("QUAY_AUTH_TOKEN", SECRET);
        let env = env.prints("QUAY_HOST=").succeeds().stdout;
        fs::write(world.home().join("env"), &env).unwrap();
        let mut shell = world.command("sh");
        let print = r#"set -a; . ./env; for name in TOKEN URL HOST; do eval "echo QUAY_$name=\"\$QUAY_$name\""; done"#;
        let read = shell.args(["-c", print]).output().unwrap().stdout;
        assert_eq!(String::from_utf8(read).unwrap(), env);
    }
    let mut files = fs::read_dir(world.home()).unwrap().flatten().map(|file| file.file_name());
    assert!(files.all(|file| file == ".config" || file == "env"));
}

#[test]
fn a_secret_in_a_host_is_not_repeated() {
    let world = World::new();
    for host in [
        format!("https://quay.example.com/callback#access_token={SECRET}"),
        format!("https://$oauthtoken:{SECRET}@quay.example.com"),
        format!("https://{SECRET}@quay.example.com:99999"),
        format!("{SECRET}@quay.example.com:99999"),
        format!("quay.example.com?access_token={SECRET}"),
    ] {
        refused(world.run(["print-token"]).env("QUAY_AUTH_HOST", &host), 2);
        usage_error(world.run(["print-token", "--host", &host]));
    }
}

#[test]
fn usage_errors_have_a_hint() {
    let world = World::new();
    for arguments in [
        &["frobnicate"][..],
        &["login", "--frobnicate"],
        &["print-token", "surplus"],
        &["status", "--quiet", "--verbose"],
        &["login", "--host", "a b"],
        &["login", "--timeout", "nonsense"],
    ] {
        refused(world.run(arguments), 2);
    }
}

#[test]
fn plain_http_to_another_machine_is_rejected_and_no_packet_sent() {
    let world = World::new();
    let login = |host: &str| {
        let more = ["--host", host, "--client-id", CLIENT_ID, "--store", "file", "--no-browser", "--timeout", "1s"];
        // Of its own, because other programs of this machine may listen on the default port.
        let redirect_uri = ["--redirect-uri", &world.redirect_uri];
        Traced::new(&world, "%network", &[&["login"], &more[..], &redirect_uri].concat())
    };
    for host in ["http://192.0.2.1", "http://192.0.2.1:8080", "http://quay.example.com"] {
        let calls = login(host).calls(|run| {
            let stderr = refused(run, 2);
            assert!(
                stderr.contains(&format!("{host} would send the token over the network without encryption")),
                "{stderr}"
            );
            let https = host.replace("http://", "https://");
            assert!(
                stderr.contains(&format!("hint: use `--host {https}` if that server supports https\n")),
                "{stderr}"
            );
            assert!(stderr.contains("`--allow-http`\n"), "{stderr}");
        });
        assert_eq!(calls, "", "{host}");
    }
    // Otherwise the test would pass even if strace saw no packets.
    let calls = login(&world.quay.host()).calls(|run| drop(run.stderr("in time").fails(6)));
    assert!(calls.contains("connect("), "{calls}");
}

#[test]
fn an_https_host_is_never_contacted_at_another_port() {
    let world = World::new();
    let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let login = ["login", "--host", &format!("https://{at}"), "--client-id", CLIENT_ID, "--store", "file"];
    let more = ["--redirect-uri", &world.redirect_uri, "--no-browser", "--timeout", "1s"];
    let traced = Traced::new(&world, "connect", &[&login[..], &more].concat());
    let calls = traced
        .calls(|run| drop(run.stderr("cannot be reached: Connection refused").stderr("Continuing, because").fails(6)));
    let to_a_port: Vec<&str> = calls.lines().filter(|call| call.contains("sin_port")).collect();
    assert!(!to_a_port.is_empty(), "{calls}");
    assert!(to_a_port.iter().all(|call| call.contains(&format!("sin_port=htons({})", at.port()))), "{calls}");
}

#[test]
fn an_unknown_scope_is_rejected_and_the_most_similar_one_suggested() {
    let world = World::new();
    for (scopes, message) in [
        ("repo:raed", "error: unknown scope `repo:raed`; did you mean `repo:read`?\n"),
        ("user:read,repo:wirte", "error: unknown scope `repo:wirte`; did you mean `repo:write`?\n"),
        ("pull", "error: unknown scope `pull`\n"),
        ("REPO:READ", "error: unknown scope `REPO:READ`"),
    ] {
        let stderr = refused(world.login(&["--scopes", scopes]), 2);
        assert!(stderr.contains(message), "{stderr}");
        assert!(stderr.contains("hint: choose from ") && stderr.contains("repo:create"), "{stderr}");
    }
    let stderr = refused(world.login(&[]).env("QUAY_AUTH_SCOPES", "repo:raed"), 2);
    assert!(stderr.contains("did you mean `repo:read`?"), "{stderr}");
    world.config(&format!("[host.'{}']\nscopes = 'repo:raed'\n", world.quay.host()));
    let stderr = refused(world.login(&[]), 2);
    assert!(stderr.contains("did you mean `repo:read`?"), "{stderr}");
    assert!(world.quay.requests().iter().all(|request| request.path == "/api/v1/discovery"));
}

#[test]
fn an_unknown_scope_is_rejected_even_if_the_host_cannot_be_reached() {
    let world = World::new();
    let stderr = refused(world.login(&["--host", "http://127.0.0.1:1", "--scopes", "repo:raed"]), 2);
    assert!(stderr.contains("error: unknown scope `repo:raed`; did you mean `repo:read`?\n"), "{stderr}");
    assert!(stderr.contains("cause: http://127.0.0.1:1 cannot be reached"), "{stderr}");
}

#[test]
fn a_scope_that_the_host_offers_is_accepted_even_if_quay_auth_does_not_know_it() {
    let world = World::new();
    let discovery =
        r#"{"name":"x","securityDefinitions":{"oauth2_implicit":{"scopes":{"repo:sign":"","repo:read":""}}}}"#;
    let server = Server::start(vec![answer("200 OK", "", discovery)]);
    let mut login = world.login(&["--host", &server.host(), "--scopes", "repo:sign,repo:read"]).start();
    let url = login.authorize_url();
    assert!(url.contains("scope=repo%3Asign%2Crepo%3Aread"), "{url}");
}

#[test]
fn text_that_is_not_a_list_of_scopes_is_rejected() {
    let world = World::new();
    for (scopes, message) in [
        (" , ", "there is no scope; write scopes like repo:read,user:read"),
        ("repo:réad", "scopes are words like repo:read, separated by commas"),
        ("repo:\"read\"", "scopes are words like repo:read, separated by commas"),
    ] {
        let stderr = usage_error(world.login(&["--scopes", scopes]));
        assert!(stderr.contains(message), "{stderr}");
        let stderr = usage_error(world.run(["print-token", "--require", scopes]));
        assert!(stderr.contains(message), "{stderr}");
        let stderr = refused(world.login(&[]).env("QUAY_AUTH_SCOPES", scopes), 2);
        assert!(stderr.contains("hint: fix or unset QUAY_AUTH_SCOPES\n"), "{stderr}");
    }
    assert_nothing_happened(&world);
}

#[test]
fn redirect_uris_elsewhere_or_that_quay_cannot_match_are_rejected() {
    let world = World::new();
    for (uri, message) in [
        ("https://localhost:7829/callback", "must begin with http://"),
        ("localhost:7829/callback", "must begin with http://"),
        ("http://quay.example.com:7829/callback", "its host must be localhost, 127.0.0.1 or [::1]"),
        ("http://localhost.example.com:7829/", "its host must be localhost, 127.0.0.1 or [::1]"),
        ("http://127.0.0.1.nip.io:7829/", "its host must be localhost, 127.0.0.1 or [::1]"),
        ("http://0.0.0.0:7829/callback", "its host must be localhost, 127.0.0.1 or [::1]"),
        ("http://127.0.0.1:/callback", "from 1 to 65535"),
        ("http://127.0.0.1:0/callback", "from 1 to 65535"),
        ("http://127.0.0.1:65536/callback", "from 1 to 65535"),
        ("http://127.0.0.1:7829/callback?x=1", "must not have a user name, a query or a fragment"),
        ("http://127.0.0.1:7829/callback#x", "must not have a user name, a query or a fragment"),
        ("http://me@127.0.0.1:7829/callback", "must not have a user name, a query or a fragment"),
        ("http://127.0.0.1:7829/a/../callback", "and no `..`"),
        ("http://127.0.0.1:7829/%2e%2e/callback", "and no `..`"),
    ] {
        let stderr = usage_error(world.login(&["--redirect-uri", uri]));
        assert!(stderr.contains("a redirect URI") || stderr.contains("the path of a redirect URI"), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
        // `world.login` has the flag, which takes precedence.
        let run = world.run(["login", "--client-id", CLIENT_ID]).env("QUAY_AUTH_REDIRECT_URI", uri);
        let stderr = refused(run, 2);
        assert!(stderr.contains("QUAY_AUTH_REDIRECT_URI: ") && stderr.contains(message), "{stderr}");
    }
    assert_nothing_happened(&world);
}

#[test]
fn a_redirect_address_in_use_is_reported() {
    let world = World::new();
    let address = world.redirect_authority();
    let _listener = TcpListener::bind(address).unwrap();
    let stderr = refused(world.login(&[]), 8);
    assert!(stderr.contains(&format!("error: cannot listen on {address}")), "{stderr}");
    let (_, port) = address.rsplit_once(':').unwrap();
    assert!(stderr.contains(&format!("find it, and stop it: ss -ltnp 'sport = :{port}'\n")), "{stderr}");
}

#[test]
fn invalid_names_ids_stores_and_times_are_rejected() {
    let world = World::new();
    let long = "a".repeat(65);
    let name = "a profile name has 1 to 64 letters, digits, `.`, `_` or `-`";
    let id = "a client ID has only letters, digits, `_` and `-`";
    for (flag, value, message) in [
        ("--profile", "a b", name),
        ("--profile", "me@quay.io", name),
        ("--profile", "../x", name),
        ("--profile", "", name),
        ("--profile", &long, name),
        ("--client-id", "$(touch x)", id),
        ("--client-id", "a;b", id),
        ("--client-id", "-x", id),
        ("--client-id", "é", id),
        ("--store", "nowhere", "the store must be `keyring` or `file`, not `nowhere`"),
        ("--timeout", "nonsense", "write the time like 90s, 5m or 1h; 0 means no limit"),
        ("--timeout", "-5m", "write the time like 90s, 5m or 1h"),
    ] {
        let stderr = usage_error(world.run(["login", &format!("{flag}={value}")]));
        assert!(stderr.contains(message), "{stderr}");
        if !value.is_empty() {
            let name = format!("QUAY_AUTH_{}", flag.trim_start_matches("--").replace('-', "_").to_uppercase());
            let stderr = refused(world.run(["login"]).env(&name, value), 2);
            assert!(stderr.contains(&format!("{name}: ")) && stderr.contains(message), "{stderr}");
        }
    }
    assert_nothing_happened(&world);
}

#[test]
fn an_unknown_client_id_is_reported_before_the_browser() {
    let world = World::new();
    let id = "NOBODYKNOWSTHISONE01";
    let stderr = refused(world.login(&["--client-id", id]), 5);
    assert!(
        stderr.contains(&format!("{} has no application with the client ID {id}\n", world.quay.host())),
        "{stderr}"
    );
    assert!(stderr.contains("\"OAuth Information\"") && !stderr.contains("/oauth/authorize"), "{stderr}");
}

#[test]
fn a_missing_or_empty_ca_file_is_rejected() {
    let world = World::new();
    let empty = world.runtime_folder().join("empty.pem");
    fs::write(&empty, "").unwrap();
    for (file, cause) in
        [("/does/not/exist.pem", "No such file"), (empty.to_str().unwrap(), "there is no PEM certificate in it")]
    {
        for more in [
            &[][..],
            &["--host", "https://127.0.0.1:1"],
            &["--if-needed"],
            &["--with-token"],
            &["--paste"],
            &["--direct", "--username", "alice", "--password-stdin"],
            &["--scopes", "repo:new"],
        ] {
            let more = [more, &["--ca-file", file]].concat();
            let host = world.quay.host();
            let host = if more.contains(&"--host") { &[][..] } else { &["--host", &host] };
            let stderr = refused(world.run([&["login"], host, &more].concat()), 2);
            for part in [&*format!("error: cannot use the CA file {file}\n"), cause, "hint: use a PEM file"] {
                assert!(stderr.contains(part), "{more:?}: {stderr}");
            }
        }
        // Before the first question.
        let screen = Terminal::start(&world, &["login", "--ca-file", file]).ends(2);
        assert!(screen.contains("cannot use the CA file") && !screen.contains("Quay host"), "{screen}");
    }
    assert_nothing_happened(&world);
}
