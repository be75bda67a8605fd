//! Where a setting comes from: flag, variable, `config.toml`, the last login, what is built in; and which host is meant.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;

use url::Url;

use crate::program::{Run, Running};
use crate::quay::Quay;
use crate::system::run_behind;
use crate::world::{CLIENT_ID, World};

/// A token for `login --with-token`, where nothing is asked that could refuse it.
const ELSEWHERE: &str = "TOKENOFANOTHERHOST0123456789abcdefghijkl";

/// The sources of a setting, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Source {
    BuiltIn,
    LastLogin,
    SystemsHost,
    SystemsProfile,
    UsersHost,
    UsersProfile,
    Variable,
    Flag,
}

const SOURCES: [Source; 8] = [
    Source::BuiltIn,
    Source::LastLogin,
    Source::SystemsHost,
    Source::SystemsProfile,
    Source::UsersHost,
    Source::UsersProfile,
    Source::Variable,
    Source::Flag,
];

/// Settings by name, as `config.toml` spells them.
type Values = BTreeMap<&'static str, String>;

/// Starts `login --profile ci` where all sources up to `strongest` say what `values` tells of each.
///
/// In a mount namespace of its own, `/etc` holds the administrator's `config.toml` and nothing else.
fn login_with(world: &World, strongest: Source, values: impl Fn(Source) -> Values, more: &[&str]) -> Running {
    let host = world.quay.host();
    let tables = |of_host: Source, of_profile: Source| {
        let heads = [(of_host, format!("[host.'{host}']\n")), (of_profile, format!("[host.'{host}'.profile.ci]\n"))];
        let tables = heads.into_iter().filter(|(source, _)| *source <= strongest).map(|(source, head)| {
            let lines: String = values(source).iter().map(|(name, value)| format!("{name} = '{value}'\n")).collect();
            head + &lines
        });
        tables.collect::<String>()
    };
    world.config(&tables(Source::UsersHost, Source::UsersProfile));
    let system = world.runtime_folder().join("system.toml");
    fs::write(&system, tables(Source::SystemsHost, Source::SystemsProfile)).unwrap();
    let lines = format!(
        "mount -t tmpfs tmpfs /etc\nmkdir /etc/quay-auth\ncp '{}' /etc/quay-auth/config.toml",
        system.display()
    );

    let flags = match strongest == Source::Flag {
        true => values(Source::Flag),
        false => Values::new(),
    };
    let flags = flags.into_iter().flat_map(|(name, value)| [format!("--{}", name.replace('_', "-")), value]);
    let mut arguments: Vec<String> =
        ["login", "--no-browser", "--host", &host, "--profile", "ci"].map(Into::into).into();
    arguments.extend(flags.chain(more.iter().map(|&more| more.to_owned())));
    let mut run = run_behind(world, &lines, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    if Source::Variable <= strongest {
        for (name, value) in values(Source::Variable) {
            run = run.env(&format!("QUAY_AUTH_{}", name.to_uppercase()), &value);
        }
    }
    run.start()
}

/// The parameters of an authorize URL.
fn parameters(url: &str) -> BTreeMap<String, String> {
    Url::parse(url).unwrap().query_pairs().into_owned().collect()
}

/// A login of the profile ci whose settings are those of `values`.
fn log_in_with(world: &World, values: &Values) {
    world.quay.add_application(&values["client_id"], &values["redirect_uri"]);
    let flags = [("--client-id", "client_id"), ("--redirect-uri", "redirect_uri"), ("--scopes", "scopes")];
    let flags = flags.into_iter().flat_map(|(flag, name)| [flag, &values[name]]);
    world.complete(world.login(&["--profile", "ci"].into_iter().chain(flags).collect::<Vec<_>>()).start());
}

#[test]
fn the_strongest_source_names_client_redirect_uri_and_scopes() {
    let world = World::new();
    let values = |source: Source| {
        let scopes = match source {
            Source::BuiltIn => "repo:read",
            Source::LastLogin => "user:read",
            Source::SystemsHost => "repo:create",
            Source::SystemsProfile => "repo:create,user:read",
            Source::UsersHost => "repo:write",
            Source::UsersProfile => "repo:write,user:read",
            Source::Variable => "repo:admin",
            Source::Flag => "repo:admin,user:read",
        };
        Values::from([
            ("client_id", format!("CLIENT-OF-{source:?}")),
            ("redirect_uri", format!("{}/{source:?}", world.redirect_uri)),
            ("scopes", scopes.to_owned()),
        ])
    };
    log_in_with(&world, &values(Source::LastLogin));
    for strongest in SOURCES.into_iter().filter(|source| *source >= Source::LastLogin) {
        let expected = values(strongest);
        world.quay.add_application(&expected["client_id"], &expected["redirect_uri"]);
        let mut login = login_with(&world, strongest, values, &["--store", "file"]);
        let asked = parameters(&login.authorize_url());
        assert_eq!(asked["client_id"], expected["client_id"], "{strongest:?}");
        assert_eq!(asked["scope"], expected["scopes"], "{strongest:?}");
        let (redirect_uri, _nonce) = asked["redirect_uri"].rsplit_once('/').unwrap();
        assert_eq!(redirect_uri, expected["redirect_uri"], "{strongest:?}");
    }
}

#[test]
fn the_strongest_source_names_the_store() {
    let world = World::new();
    // What is proved first is proved aloud; without a bus the keyring is no store, which ends it there.
    let store_of = |source: Source| {
        if SOURCES.iter().position(|other| *other == source).unwrap() % 2 == 0 { "keyring" } else { "file" }
    };
    let values = |source: Source| Values::from([("store", store_of(source).to_owned())]);
    let application = ["--client-id", CLIENT_ID, "--redirect-uri", &world.redirect_uri, "--verbose"];
    for strongest in SOURCES {
        if strongest == Source::LastLogin {
            world.complete(world.login(&["--profile", "ci"]).start());
        }
        let mut login = login_with(&world, strongest, values, &application);
        login.says(&format!("; trying the {}.", store_of(strongest)));
        match store_of(strongest) {
            "keyring" => assert!(login.fails(4).contains("no session bus"), "{strongest:?}"),
            _ => drop(login.authorize_url()),
        }
    }
}

#[test]
fn built_in_are_the_least_scopes_and_a_fixed_address() {
    let world = World::new();
    let host = world.quay.host();
    // Held by this test or, if it cannot be, by another program: the error names it in both cases.
    let _held = TcpListener::bind(("127.0.0.1", 7829));
    world
        .run(["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--no-browser"])
        .stderr("The application \"quay-auth test\" asks for repo:read.\n")
        .stderr("error: cannot listen on 127.0.0.1:7829")
        .fails(8);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let world = World::new();
    let mut login = world.login(&[]).env("QUAY_AUTH_SCOPES", "").env("QUAY_AUTH_TIMEOUT", "").start();
    assert_eq!(parameters(&login.authorize_url())["scope"], "repo:read");
}

#[test]
fn the_timeout_is_a_flag_or_a_variable() {
    let world = World::new();
    world.login(&[]).env("QUAY_AUTH_TIMEOUT", "1s").stderr("in time").fails(6);
    world.login(&["--timeout", "1s"]).env("QUAY_AUTH_TIMEOUT", "1h").stderr("in time").fails(6);
}

/// A host of this world's that `print-token` names: it has no login, so the error says which was meant.
fn meant(world: &World, variable: &str, more: &[&str]) -> String {
    let run = world.run([&["print-token", "--profile", "none"], more].concat()).env("QUAY_AUTH_HOST", variable);
    let said = run.stderr("there is no login for none@").fails(3).stderr;
    let (_, rest) = said.split_once("none@").unwrap();
    rest.lines().next().unwrap().to_owned()
}

#[test]
fn the_host_is_that_of_flag_variable_config_or_the_only_login_else_quay_io() {
    let world = World::new();
    assert_eq!(meant(&world, "", &[]), "quay.io");
    world.log_in();
    assert_eq!(meant(&world, "", &[]), world.quay.address().to_string());
    world.config("default_host = 'config.example'\n");
    assert_eq!(meant(&world, "", &[]), "config.example");
    assert_eq!(meant(&world, "variable.example", &[]), "variable.example");
    assert_eq!(meant(&world, "variable.example", &["--host", "flag.example"]), "flag.example");
    // A logout keeps the settings of the host, and so its place.
    world.config("");
    world.run(["logout"]).stderr("Forgot").succeeds();
    assert_eq!(meant(&world, "", &[]), world.quay.address().to_string());
}

#[test]
fn the_administrator_names_a_host_where_the_user_names_none() {
    let world = World::new();
    fs::write(world.runtime_folder().join("system.toml"), "default_host = 'system.example'\n").unwrap();
    let lines = "mount -t tmpfs tmpfs /etc\nmkdir /etc/quay-auth\n\
                 cp \"$XDG_RUNTIME_DIR/system.toml\" /etc/quay-auth/config.toml";
    let print = || run_behind(&world, lines, &["print-token"]);
    print().stderr("no login for default@system.example\n").fails(3);
    world.config("default_host = 'user.example'\n");
    print().stderr("no login for default@user.example\n").fails(3);
}

#[test]
fn several_hosts_and_none_named_are_listed() {
    let world = World::new();
    let other = Quay::start();
    let token = world.log_in();
    let login = ["login", "--with-token", "--store", "file", "--host", &other.host()];
    world.run(login).stdin(ELSEWHERE).stderr("does not accept").fails(5);
    // Refused, so there is still one login.
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    world
        .run(["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"])
        .stdin(ELSEWHERE)
        .stderr("Logged in")
        .succeeds();
    let here = world.quay.host();
    for arguments in [&["print-token"][..], &["logout"], &["login", "--no-browser"], &["login", "--with-token"]] {
        let ended = world.run(arguments).stderr("error: which Quay? There are logins at ").stderr(&here).fails(2);
        let said = ended.stderr;
        assert!(
            said.contains("http://127.0.0.1:1") && said.contains("hint: add --host, e.g. --host http://"),
            "{said}"
        );
        assert!(said.contains("default_host = \"http://"), "{said}");
    }
    world.run(["status", "--offline"]).prints("127.0.0.1:1 ").succeeds();
}

#[test]
fn a_bare_name_takes_the_scheme_of_the_known_host() {
    let world = World::new();
    let bare = world.quay.address().to_string();
    // Known to config.toml alone.
    world.config(&format!("[host.'{}']\nclient_id = '{CLIENT_ID}'\n", world.quay.host()));
    let arguments =
        ["login", "--no-browser", "--store", "file", "--redirect-uri", &world.redirect_uri, "--host", &bare];
    let token = world.complete(world.run(arguments).start());
    // Known by its login alone.
    world.config("");
    let line = format!("{token}\n");
    world.run(["print-token", "--host", &bare]).stdout(&line).succeeds();
    world.run(["print-token"]).env("QUAY_AUTH_HOST", &bare).stdout(&line).succeeds();
    world.config(&format!("default_host = '{bare}'\n"));
    world.run(["print-token"]).stdout(&line).succeeds();
    world.run(["status", "--host", &bare]).prints("alice").succeeds();
    // With another scheme it is another host.
    world.run(["print-token", "--host", &format!("https://{bare}")]).stderr("there is no login").fails(3);
    // Unknown, it is one of https.
    world.run(["print-token", "--host", "127.0.0.1:2"]).stderr("hint: quay-auth login --host 127.0.0.1:2\n").fails(3);
}

#[test]
fn the_keys_of_config_toml_are_hosts_as_the_flag_takes_them() {
    let world = World::new();
    for (key, host) in [
        ("QUAY.example.com", "quay.example.com"),
        ("https://quay.example.com:443/", "quay.example.com"),
        ("quay.example.com", "https://quay.example.com"),
        ("bücher.example:8443", "xn--bcher-kva.example:8443"),
        ("http://LOCALHOST:1", "http://localhost:1"),
        ("http://localhost:1", "localhost:1"),
    ] {
        world.config(&format!("[host.'{key}']\nscopes = 'repo:raed'\n"));
        // Its scopes are the first thing that a login looks at, and nobody answers there who might know that word.
        let run = world.run(["login", "--host", host, "--client-id", CLIENT_ID]).env("QUAY_AUTH_STORE", "file");
        run.env("HTTPS_PROXY", "http://127.0.0.1:1").stderr("Quay knows no scope `repo:raed`").fails(2);
    }
    // Another port is another host.
    world.config("[host.'http://localhost:1']\nscopes = 'repo:raed'\n");
    world.run(["login", "--host", "http://localhost:2"]).stderr("no client id is known").fails(2);
}

#[test]
fn a_profile_of_config_toml_changes_what_it_names_and_nothing_else() {
    let world = World::new();
    let host = world.quay.host();
    world.config(&format!(
        "[host.'{host}']\nclient_id = '{CLIENT_ID}'\nstore = 'file'\nredirect_uri = '{}'\n\
         [host.'{host}'.profile.wide]\nscopes = 'repo:write'\n",
        world.redirect_uri
    ));
    for (profile, scope) in [("wide", "repo:write"), ("default", "repo:read")] {
        let mut login = world.run(["login", "--no-browser", "--host", &host, "--profile", profile]).start();
        let asked = parameters(&login.authorize_url());
        assert_eq!((asked["scope"].as_str(), asked["client_id"].as_str()), (scope, CLIENT_ID), "{profile}");
    }
}

#[test]
fn a_ca_file_that_is_named_from_here_is_found_from_elsewhere() {
    let world = World::new();
    fs::write(world.home().join("ca.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let login = |folder: &str, more: &[&str]| {
        let mut command = world.command(env!("CARGO_BIN_EXE_quay-auth"));
        command.args(["login", "--with-token", "--host", "127.0.0.1:1"]).args(more);
        Run::new({
            command.current_dir(folder);
            command
        })
    };
    let home = world.home().display().to_string();
    login(&home, &["--store", "file", "--ca-file", "ca.pem"]).stdin(ELSEWHERE).stderr("Logged in to").succeeds();
    // The next login remembers it, wherever it is run.
    login("/", &[]).stdin(ELSEWHERE).stderr("Logged in to").succeeds();
}

#[test]
fn a_second_login_at_a_host_need_not_be_told_the_way_again() {
    let world = World::new();
    world.log_in();
    let host = world.quay.host();
    // Application, redirect URI and store are those of the first one; the scopes are its own.
    let second =
        world.complete(world.run(["login", "--profile", "admin", "--scopes", "user:read", "--no-browser"]).start());
    world.run(["print-token", "--profile", "admin"]).stdout(&format!("{second}\n")).succeeds();
    world.run(["status", "--host", &host, "--profile", "admin"]).prints("alice  user:read  file").succeeds();
    let mut third = world.run(["login", "--profile", "third", "--no-browser"]).start();
    assert!(third.authorize_url().contains("scope=repo%3Aread&"), "the least, whatever others have");
}
