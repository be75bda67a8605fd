//! Where a setting comes from: flag, variable, `config.toml`, the last login, the default. Which host is used.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;

use url::Url;

use crate::quay_standin::Quay;
use crate::support::program::{Run, Running};
use crate::support::system::run_after;
use crate::support::world::{CLIENT_ID, World};

/// A token for `login --with-token` at a host that cannot be reached, and so cannot refuse it.
const ELSEWHERE: &str = "TOKENOFANOTHERHOST0123456789abcdefghijkl";

/// The sources of a setting, in ascending order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Source {
    Default,
    LastLogin,
    /// `[host."…"]` in the system's `config.toml`.
    SystemHost,
    /// `[host."…".profile.ci]` in the system's `config.toml`.
    SystemProfile,
    UserHost,
    UserProfile,
    Variable,
    Flag,
}

const SOURCES: [Source; 8] = [
    Source::Default,
    Source::LastLogin,
    Source::SystemHost,
    Source::SystemProfile,
    Source::UserHost,
    Source::UserProfile,
    Source::Variable,
    Source::Flag,
];

/// Settings by their key in `config.toml`.
type Values = BTreeMap<&'static str, String>;

/// Starts `login --profile ci`, where all sources up to `strongest` have the settings of `values`.
///
/// In a mount namespace of its own, `/etc` contains only the system's `config.toml`.
fn login_with(world: &World, strongest: Source, values: impl Fn(Source) -> Values, more: &[&str]) -> Running {
    let host = world.quay.host();
    let sections = |of_host: Source, of_profile: Source| {
        let heads = [(of_host, format!("[host.'{host}']\n")), (of_profile, format!("[host.'{host}'.profile.ci]\n"))];
        let sections = heads.into_iter().filter(|(source, _)| *source <= strongest).map(|(source, head)| {
            let lines: String = values(source).iter().map(|(name, value)| format!("{name} = '{value}'\n")).collect();
            head + &lines
        });
        sections.collect::<String>()
    };
    world.config(&sections(Source::UserHost, Source::UserProfile));
    let system = world.runtime_folder().join("system.toml");
    fs::write(&system, sections(Source::SystemHost, Source::SystemProfile)).unwrap();
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
    let mut run = run_after(world, &lines, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
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

/// Logs in as the profile ci with the settings of `values`.
fn log_in_with(world: &World, values: &Values) {
    world.quay.add_application(&values["client_id"], &values["redirect_uri"]);
    let flags = [("--client-id", "client_id"), ("--redirect-uri", "redirect_uri"), ("--scopes", "scopes")];
    let flags = flags.into_iter().flat_map(|(flag, name)| [flag, &values[name]]);
    world.complete(world.login(&["--profile", "ci"].into_iter().chain(flags).collect::<Vec<_>>()).start());
}

#[test]
fn client_id_redirect_uri_and_scopes_come_from_the_strongest_source() {
    let world = World::new();
    let values = |source: Source| {
        let scopes = match source {
            Source::Default => "repo:read,user:read",
            Source::LastLogin => "user:read",
            Source::SystemHost => "repo:create",
            Source::SystemProfile => "repo:create,user:read",
            Source::UserHost => "repo:write",
            Source::UserProfile => "repo:write,user:read",
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
        let parameters = parameters(&login.authorize_url());
        assert_eq!(parameters["client_id"], expected["client_id"], "{strongest:?}");
        assert_eq!(parameters["scope"], expected["scopes"], "{strongest:?}");
        let (redirect_uri, _nonce) = parameters["redirect_uri"].rsplit_once('/').unwrap();
        assert_eq!(redirect_uri, expected["redirect_uri"], "{strongest:?}");
    }
}

#[test]
fn the_store_comes_from_the_strongest_source() {
    let world = World::new();
    // With --verbose the login names the store that it tries. Without a bus there is no keyring, so then the login fails.
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
        login.says(&format!("Checking whether the {} can store a token.", store_of(strongest)));
        match store_of(strongest) {
            "keyring" => assert!(login.fails(4).contains("no session bus"), "{strongest:?}"),
            _ => drop(login.authorize_url()),
        }
    }
}

#[test]
fn the_defaults_are_scopes_to_pull_and_to_read_the_user_and_port_7829() {
    let world = World::new();
    let host = world.quay.host();
    // Fails if another program listens there already. The error of the login is the same.
    let _listener = TcpListener::bind(("127.0.0.1", 7829));
    world
        .run(["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file", "--no-browser", "--verbose"])
        .stderr("The application \"quay-auth test\" asks for repo:read,user:read.\n")
        .stderr("error: cannot listen on 127.0.0.1:7829")
        .fails(8);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let world = World::new();
    let mut login = world.login(&[]).env("QUAY_AUTH_SCOPES", "").env("QUAY_AUTH_TIMEOUT", "").start();
    assert_eq!(parameters(&login.authorize_url())["scope"], "repo:read,user:read");
}

#[test]
fn the_timeout_comes_from_the_flag_or_the_variable() {
    let world = World::new();
    world.login(&[]).env("QUAY_AUTH_TIMEOUT", "1s").stderr("in time").fails(6);
    world.login(&["--timeout", "1s"]).env("QUAY_AUTH_TIMEOUT", "1h").stderr("in time").fails(6);
}

/// The host that `print-token` uses: it has no such profile, so the error names the host.
fn used_host(world: &World, variable: &str, more: &[&str]) -> String {
    let run = world.run([&["print-token", "--profile", "none"], more].concat()).env("QUAY_AUTH_HOST", variable);
    let stderr = run.stderr("there is no login for none@").fails(3).stderr;
    let (_, rest) = stderr.split_once("none@").unwrap();
    rest.lines().next().unwrap().to_owned()
}

#[test]
fn the_host_comes_from_flag_variable_config_or_the_only_profile_and_is_else_quay_io() {
    let world = World::new();
    assert_eq!(used_host(&world, "", &[]), "quay.io");
    world.log_in();
    assert_eq!(used_host(&world, "", &[]), world.quay.address().to_string());
    world.config("default_host = 'config.example'\n");
    assert_eq!(used_host(&world, "", &[]), "config.example");
    assert_eq!(used_host(&world, "variable.example", &[]), "variable.example");
    assert_eq!(used_host(&world, "variable.example", &["--host", "flag.example"]), "flag.example");
    // After a logout, the profile with its settings remains.
    world.config("");
    world.run(["logout"]).stderr("Deleted").succeeds();
    assert_eq!(used_host(&world, "", &[]), world.quay.address().to_string());
}

#[test]
fn the_systems_default_host_is_used_if_the_user_has_none() {
    let world = World::new();
    fs::write(world.runtime_folder().join("system.toml"), "default_host = 'system.example'\n").unwrap();
    let lines = "mount -t tmpfs tmpfs /etc\nmkdir /etc/quay-auth\n\
                 cp \"$XDG_RUNTIME_DIR/system.toml\" /etc/quay-auth/config.toml";
    let print = || run_after(&world, lines, &["print-token"]);
    print().stderr("no login for default@system.example\n").fails(3);
    world.config("default_host = 'user.example'\n");
    print().stderr("no login for default@user.example\n").fails(3);
}

#[test]
fn without_a_host_the_error_lists_all_hosts_that_have_a_profile() {
    let world = World::new();
    let other = Quay::start();
    let token = world.log_in();
    let login = ["login", "--with-token", "--store", "file", "--host", &other.host()];
    world.run(login).stdin(ELSEWHERE).stderr("does not accept").fails(5);
    // The second token was refused, so there is still only one profile.
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    world
        .run(["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1"])
        .stdin(ELSEWHERE)
        .stderr("Logged in")
        .succeeds();
    let here = world.quay.host();
    for arguments in [&["print-token"][..], &["logout"], &["login", "--no-browser"], &["login", "--with-token"]] {
        let run = world.run(arguments).stderr("error: several hosts have a profile: ").stderr(&here);
        let stderr = run.fails(2).stderr;
        for part in ["http://127.0.0.1:1", "hint: choose one, for example with `--host http://"] {
            assert!(stderr.contains(part), "{stderr}");
        }
        assert!(stderr.contains("or make one the default: quay-auth switch http://"), "{stderr}");
    }
    world.run(["status", "--offline"]).prints("127.0.0.1:1 ").succeeds();
}

#[test]
fn a_host_without_a_token_does_not_count() {
    let world = World::new();
    let token = world.log_in();
    let login = ["login", "--with-token", "--store", "file", "--host", "http://127.0.0.1:1", "--verbose"];
    let second = world.run(login).stdin(ELSEWHERE).stderr("Logged in").succeeds().stderr;
    // With two hosts, the command for scripts needs one.
    assert!(second.contains("quay-auth print-token --host http://127.0.0.1:1\n"), "{second}");
    world.run(["print-token"]).stderr("several hosts have a profile").fails(2);
    world.run(["logout", "--no-revoke", "--host", "http://127.0.0.1:1"]).stderr("Deleted").succeeds();
    world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    let first = world.run(["login", "--with-token", "--verbose"]).stdin(&token).stderr("Logged in").succeeds().stderr;
    assert!(first.contains("quay-auth print-token\n"), "{first}");
    // When no host has a token, a login needs to be told which one.
    world.run(["logout", "--no-revoke"]).stderr("Deleted").succeeds();
    world.run(["login", "--with-token"]).stdin(&token).stderr("several hosts have a profile").fails(2);
}

#[test]
fn a_host_without_a_scheme_means_the_known_host_of_that_name() {
    let world = World::new();
    let bare = world.quay.address().to_string();
    // Known from config.toml.
    world.config(&format!("[host.'{}']\nclient_id = '{CLIENT_ID}'\n", world.quay.host()));
    let arguments =
        ["login", "--no-browser", "--store", "file", "--redirect-uri", &world.redirect_uri, "--host", &bare];
    let token = world.complete(world.run(arguments).start());
    // Known from its profile.
    world.config("");
    let line = format!("{token}\n");
    world.run(["print-token", "--host", &bare]).stdout(&line).succeeds();
    world.run(["print-token"]).env("QUAY_AUTH_HOST", &bare).stdout(&line).succeeds();
    world.config(&format!("default_host = '{bare}'\n"));
    world.run(["print-token"]).stdout(&line).succeeds();
    world.run(["status", "--host", &bare]).prints("alice").succeeds();
    // With another scheme, it is another host.
    world.run(["print-token", "--host", &format!("https://{bare}")]).stderr("there is no login").fails(3);
    // An unknown host is an https host.
    world.run(["print-token", "--host", "127.0.0.1:2"]).stderr("hint: quay-auth login --host 127.0.0.1:2\n").fails(3);
}

#[test]
fn config_toml_accepts_every_spelling_of_a_host() {
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
        // A login checks the scopes first. The host cannot be reached, so quay-auth decides by itself that it does not know this one.
        let run = world.run(["login", "--host", host, "--client-id", CLIENT_ID]).env("QUAY_AUTH_STORE", "file");
        run.env("HTTPS_PROXY", "http://127.0.0.1:1").stderr("unknown scope `repo:raed`").fails(2);
    }
    // With another port, it is another host.
    world.config("[host.'http://localhost:1']\nscopes = 'repo:raed'\n");
    world.run(["login", "--host", "http://localhost:2"]).stderr("no client ID is known").fails(2);
}

#[test]
fn a_profile_section_of_config_toml_overrides_only_its_own_keys() {
    let world = World::new();
    let host = world.quay.host();
    world.config(&format!(
        "[host.'{host}']\nclient_id = '{CLIENT_ID}'\nstore = 'file'\nredirect_uri = '{}'\n\
         [host.'{host}'.profile.wide]\nscopes = 'repo:write'\n",
        world.redirect_uri
    ));
    for (profile, scope) in [("wide", "repo:write"), ("default", "repo:read,user:read")] {
        let mut login = world.run(["login", "--no-browser", "--host", &host, "--profile", profile]).start();
        let parameters = parameters(&login.authorize_url());
        assert_eq!((parameters["scope"].as_str(), parameters["client_id"].as_str()), (scope, CLIENT_ID), "{profile}");
    }
}

#[test]
fn a_relative_ca_file_is_found_from_another_folder() {
    let world = World::new();
    let ca = rcgen::generate_simple_self_signed([]).unwrap();
    fs::write(world.home().join("ca.pem"), ca.cert.pem()).unwrap();
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
    // The next login uses the stored path.
    login("/", &[]).stdin(ELSEWHERE).stderr("Logged in to").succeeds();
}

#[test]
fn a_second_profile_uses_application_and_store_of_the_first_but_not_its_scopes() {
    let world = World::new();
    world.log_in();
    let host = world.quay.host();
    let second =
        world.complete(world.run(["login", "--profile", "admin", "--scopes", "user:read", "--no-browser"]).start());
    world.run(["print-token", "--profile", "admin"]).stdout(&format!("{second}\n")).succeeds();
    world.run(["status", "--host", &host, "--profile", "admin"]).prints("alice  user:read  file").succeeds();
    let mut third = world.run(["login", "--profile", "third", "--no-browser"]).start();
    assert!(third.authorize_url().contains("scope=repo%3Aread%2Cuser%3Aread&"));
}
