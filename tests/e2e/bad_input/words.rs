//! A host, scope, redirect URI, name, or time that is none: refused with 2 and what was meant, before anything is done.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use super::{SECRET, assert_nothing_happened, mistyped, refused};
use crate::system::Traced;
use crate::world::{CLIENT_ID, World};

#[test]
fn more_than_a_host_is_refused_with_the_host_that_was_meant() {
    let world = World::new();
    for (host, says) in [
        ("https://quay.example.com/repository/a", "without a path; did you mean `quay.example.com`?"),
        ("http://localhost:8080/v2/", "without a path; did you mean `http://localhost:8080`?"),
        ("https://me@quay.example.com", "without a user name; did you mean `quay.example.com`?"),
        ("quay.example.com?tab=tags", "without a query; did you mean `quay.example.com`?"),
        ("quay.example.com#top", "without a fragment; did you mean `quay.example.com`?"),
        ("ftp://quay.example.com", "a Quay is reached by https (or http on this machine), not by `ftp`"),
        ("quay.example.com:0", "`quay.example.com:0` is not a host name; write it as quay.io, "),
        ("quay example com", "is not a host name"),
        ("https://", "is not a host name"),
    ] {
        for command in ["login", "print-token", "status", "logout"] {
            let said = mistyped(world.run([command, "--host", host]));
            assert!(said.contains(says), "{said}");
            let said = refused(world.run([command]).env("QUAY_AUTH_HOST", host), 2);
            assert!(said.contains("QUAY_AUTH_HOST: ") && said.contains(says), "{said}");
        }
    }
    assert_nothing_happened(&world);
}

#[test]
fn a_secret_in_an_address_is_not_repeated() {
    let world = World::new();
    for host in [
        format!("https://quay.example.com/callback#access_token={SECRET}"),
        format!("https://$oauthtoken:{SECRET}@quay.example.com"),
        format!("https://{SECRET}@quay.example.com:99999"),
        format!("{SECRET}@quay.example.com:99999"),
        format!("quay.example.com?access_token={SECRET}"),
    ] {
        refused(world.run(["print-token"]).env("QUAY_AUTH_HOST", &host), 2);
    }
}

#[test]
fn a_secret_in_an_address_on_the_command_line_is_not_repeated() {
    let world = World::new();
    for host in [
        format!("https://quay.example.com/callback#access_token={SECRET}"),
        format!("https://$oauthtoken:{SECRET}@quay.example.com"),
    ] {
        mistyped(world.run(["print-token", "--host", &host]));
    }
}

#[test]
fn an_error_of_the_command_line_has_a_next_step_like_any_other() {
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
fn plain_http_to_another_machine_is_refused_and_no_packet_sent() {
    let world = World::new();
    let login = |host: &str| {
        let more = ["--host", host, "--client-id", CLIENT_ID, "--store", "file", "--no-browser", "--timeout", "1s"];
        Traced::new(&world, "%network", &[&["login"], &more[..]].concat())
    };
    for host in ["http://192.0.2.1", "http://192.0.2.1:8080", "http://quay.example.com"] {
        let calls = login(host).calls(|run| {
            let said = refused(run, 2);
            assert!(said.contains(&format!("{host} would carry the token readable over the network")), "{said}");
            let https = host.replace("http://", "https://");
            assert!(said.contains(&format!("hint: use --host {https} if that server speaks https\n")), "{said}");
            assert!(said.contains("--allow-http\n"), "{said}");
        });
        assert_eq!(calls, "", "{host}");
    }
    // The control: a packet would have been seen.
    let calls = login(&world.quay.host()).calls(|run| drop(run.stderr("in time").fails(6)));
    assert!(calls.contains("connect("), "{calls}");
}

#[test]
fn a_host_of_https_is_never_spoken_to_at_another_port() {
    let world = World::new();
    let at = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let login = ["login", "--host", &format!("https://{at}"), "--client-id", CLIENT_ID, "--store", "file"];
    let more = ["--redirect-uri", &world.redirect_uri, "--no-browser", "--timeout", "1s"];
    let traced = Traced::new(&world, "connect", &[&login[..], &more].concat());
    let calls = traced.calls(|run| drop(run.stderr("cannot be reached from here").fails(6)));
    let to_a_port: Vec<&str> = calls.lines().filter(|call| call.contains("sin_port")).collect();
    assert!(!to_a_port.is_empty(), "{calls}");
    assert!(to_a_port.iter().all(|call| call.contains(&format!("sin_port=htons({})", at.port()))), "{calls}");
}

#[test]
fn an_unknown_scope_is_refused_with_the_nearest_one() {
    let world = World::new();
    for (scopes, says) in [
        ("repo:raed", "error: Quay knows no scope `repo:raed`; did you mean `repo:read`?\n"),
        ("user:read,repo:wirte", "error: Quay knows no scope `repo:wirte`; did you mean `repo:write`?\n"),
        ("pull", "error: Quay knows no scope `pull`\n"),
        ("REPO:READ", "error: Quay knows no scope `REPO:READ`"),
    ] {
        let said = refused(world.login(&["--scopes", scopes]), 2);
        assert!(said.contains(says), "{said}");
        assert!(said.contains("hint: its scopes are ") && said.contains("repo:create"), "{said}");
    }
    let said = refused(world.login(&[]).env("QUAY_AUTH_SCOPES", "repo:raed"), 2);
    assert!(said.contains("did you mean `repo:read`?"), "{said}");
    world.config(&format!("[host.'{}']\nscopes = 'repo:raed'\n", world.quay.host()));
    let said = refused(world.login(&[]), 2);
    assert!(said.contains("did you mean `repo:read`?"), "{said}");
    assert!(world.quay.requests().iter().all(|request| request.path == "/api/v1/discovery"));
}

#[test]
fn an_unknown_scope_is_refused_also_where_its_host_cannot_be_asked() {
    let world = World::new();
    let said = refused(world.login(&["--host", "http://127.0.0.1:1", "--scopes", "repo:raed"]), 2);
    assert!(said.contains("error: Quay knows no scope `repo:raed`; did you mean `repo:read`?\n"), "{said}");
    assert!(said.contains("cause: http://127.0.0.1:1 cannot be reached"), "{said}");
}

/// A Quay of tomorrow: whatever it is asked, it answers with this. It answers twice.
fn answering(body: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().take(2).map(Result::unwrap) {
            let mut request = Vec::new();
            let mut part = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                let length = stream.read(&mut part).unwrap();
                request.extend(&part[..length]);
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        }
    });
    address
}

#[test]
fn a_scope_that_only_its_host_lists_is_asked_for() {
    let world = World::new();
    let host = format!(
        "http://{}",
        answering(
            r#"{"name":"x","securityDefinitions":{"oauth2_implicit":{"scopes":{"repo:sign":"","repo:read":""}}}}"#
        )
    );
    let mut login = world.login(&["--host", &host, "--scopes", "repo:sign,repo:read"]).start();
    let url = login.authorize_url();
    assert!(url.contains("scope=repo%3Asign%2Crepo%3Aread"), "{url}");
}

#[test]
fn a_text_that_holds_no_scopes_is_refused() {
    let world = World::new();
    for (scopes, says) in [
        (" , ", "no scope is named; write them as repo:read,user:read"),
        ("repo:réad", "scopes are words such as repo:read, separated by commas"),
        ("repo:\"read\"", "scopes are words such as repo:read, separated by commas"),
    ] {
        let said = mistyped(world.login(&["--scopes", scopes]));
        assert!(said.contains(says), "{said}");
        let said = mistyped(world.run(["print-token", "--require", scopes]));
        assert!(said.contains(says), "{said}");
        let said = refused(world.login(&[]).env("QUAY_AUTH_SCOPES", scopes), 2);
        assert!(said.contains("hint: mend or unset QUAY_AUTH_SCOPES\n"), "{said}");
    }
    assert_nothing_happened(&world);
}

#[test]
fn a_redirect_uri_that_leaves_this_machine_or_that_quay_would_not_match_is_refused() {
    let world = World::new();
    for (uri, says) in [
        ("https://localhost:7829/callback", "begins with http://"),
        ("localhost:7829/callback", "begins with http://"),
        ("http://quay.example.com:7829/callback", "exactly localhost, 127.0.0.1 or [::1]"),
        ("http://localhost.example.com:7829/", "exactly localhost, 127.0.0.1 or [::1]"),
        ("http://127.0.0.1.nip.io:7829/", "exactly localhost, 127.0.0.1 or [::1]"),
        ("http://0.0.0.0:7829/callback", "exactly localhost, 127.0.0.1 or [::1]"),
        ("http://127.0.0.1/callback", "names its port"),
        ("http://127.0.0.1:0/callback", "names its port"),
        ("http://127.0.0.1:65536/callback", "names its port"),
        ("http://127.0.0.1:7829/callback?x=1", "no user name, query or fragment"),
        ("http://127.0.0.1:7829/callback#x", "no user name, query or fragment"),
        ("http://me@127.0.0.1:7829/callback", "no user name, query or fragment"),
        ("http://127.0.0.1:7829/a/../callback", "and no `..`"),
        ("http://127.0.0.1:7829/%2e%2e/callback", "and no `..`"),
    ] {
        let said = mistyped(world.login(&["--redirect-uri", uri]));
        assert!(said.contains("a redirect URI") || said.contains("the path of a redirect URI"), "{said}");
        assert!(said.contains(says), "{said}");
        // The flag of `world.login` would win.
        let run = world.run(["login", "--client-id", CLIENT_ID]).env("QUAY_AUTH_REDIRECT_URI", uri);
        let said = refused(run, 2);
        assert!(said.contains("QUAY_AUTH_REDIRECT_URI: ") && said.contains(says), "{said}");
    }
    assert_nothing_happened(&world);
}

#[test]
fn an_address_in_use_is_named() {
    let world = World::new();
    let address = world.redirect_authority();
    let _held = TcpListener::bind(address).unwrap();
    let said = refused(world.login(&[]), 8);
    assert!(said.contains(&format!("error: cannot listen on {address}")), "{said}");
    let (_, port) = address.rsplit_once(':').unwrap();
    assert!(said.contains(&format!("see which: ss -ltnp 'sport = :{port}'\n")), "{said}");
}

#[test]
fn odd_names_ids_stores_and_times_are_refused() {
    let world = World::new();
    let long = "a".repeat(65);
    let name = "a profile name has 1 to 64 letters, digits, `.`, `_` or `-`";
    let id = "a client id has letters, digits, `_` or `-` only";
    for (flag, value, says) in [
        ("--profile", "a b", name),
        ("--profile", "me@quay.io", name),
        ("--profile", "../x", name),
        ("--profile", "", name),
        ("--profile", &long, name),
        ("--client-id", "$(touch x)", id),
        ("--client-id", "a;b", id),
        ("--client-id", "-x", id),
        ("--client-id", "é", id),
        ("--store", "nowhere", "a token is kept in the `keyring` or in a `file`, not in `nowhere`"),
        ("--timeout", "nonsense", "write the time as 90s, 5m or 1h; 0 waits for ever"),
        ("--timeout", "-5m", "write the time as 90s, 5m or 1h"),
    ] {
        let said = mistyped(world.run(["login", &format!("{flag}={value}")]));
        assert!(said.contains(says), "{said}");
        if !value.is_empty() {
            let name = format!("QUAY_AUTH_{}", flag.trim_start_matches("--").replace('-', "_").to_uppercase());
            let said = refused(world.run(["login"]).env(&name, value), 2);
            assert!(said.contains(&format!("{name}: ")) && said.contains(says), "{said}");
        }
    }
    assert_nothing_happened(&world);
}

#[test]
fn an_unknown_client_id_is_told_before_the_browser() {
    let world = World::new();
    let id = "NOBODYKNOWSTHISONE01";
    let said = refused(world.login(&["--client-id", id]), 5);
    assert!(said.contains(&format!("{} knows no application with the client id {id}\n", world.quay.host())), "{said}");
    assert!(said.contains("\"OAuth Information\"") && !said.contains("/oauth/authorize"), "{said}");
}

#[test]
fn a_ca_file_that_is_none_is_refused() {
    let world = World::new();
    let empty = world.runtime_folder().join("empty.pem");
    fs::write(&empty, "").unwrap();
    for (file, cause) in
        [("/does/not/exist.pem", "No such file"), (empty.to_str().unwrap(), "there is no PEM certificate in it")]
    {
        let login = world.login(&["--host", "https://127.0.0.1:1", "--ca-file", file]);
        let said = refused(login, 2);
        assert!(said.contains(&format!("error: cannot use the CA file {file}\n")) && said.contains(cause), "{said}");
    }
    assert_nothing_happened(&world);
}
