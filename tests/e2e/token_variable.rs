//! `QUAY_AUTH_TOKEN` that is malformed, empty or without a host: it affects only the host that it is for, and the messages name it.
//! `print_token` tests one that is as it should be.

use serde_json::{Value, json};

use crate::support::program::{Run, RunResult};
use crate::support::world::{CLIENT_ID, World, post_to_catcher};

/// What a secret may contain instead of a token.
const MALFORMED: &str = "SECRETANDMORE 0123456789abcdefghijklmnop";

/// A token for the variable.
const FROM_CI: &str = "TOKENOFTHEPIPELINE0123456789abcdefghijkl";

/// Two Quays with a stored token each. All commands run in the first world.
struct TwoHosts {
    world: World,
    other: World,
    other_token: String,
}

impl TwoHosts {
    fn new() -> TwoHosts {
        let world = World::new();
        world.log_in();
        let (other, other_token) = World::with_token("repo:read,user:read");
        let login = ["login", "--with-token", "--store", "file", "--scopes", "repo:read,user:read"];
        world
            .run([&login[..], &["--host", &other.quay.host()]].concat())
            .stdin(&other_token)
            .stderr("Logged in")
            .succeeds();
        TwoHosts { world, other, other_token }
    }

    /// The command at the first host, with this variable.
    fn run(&self, variable: &str, arguments: &[&str]) -> Run {
        let run = self.world.run(arguments).env("QUAY_AUTH_TOKEN", variable);
        run.env("QUAY_AUTH_HOST", &self.world.quay.host()).env("QUAY_AUTH_BROWSER", "/bin/true")
    }

    /// The command at the second host, with a malformed variable for the first one.
    fn run_at_other(&self, arguments: &[&str]) -> Run {
        self.run(MALFORMED, &[arguments, &["--host", &self.other.quay.host()]].concat())
    }
}

fn json_of(result: &RunResult) -> Value {
    serde_json::from_str(&result.stdout).expect("one JSON document")
}

#[test]
fn malformed_one_stops_the_commands_that_would_use_it() {
    let hosts = TwoHosts::new();
    let host = hosts.world.quay.host();
    for command in [
        &["print-token"][..],
        &["print-token", "--host", &host],
        &["exec", "--", "true"],
        &["export", "env"],
        &["api", "user/"],
        &["tokens", "list"],
        &["login", "--if-needed"],
    ] {
        let said = hosts.run(MALFORMED, command).stderr("error: QUAY_AUTH_TOKEN does not contain a token\n").fails(2);
        assert!(!said.stderr.contains("SECRET") && said.stderr.contains("hint: "), "{said}");
    }
}

#[test]
fn malformed_one_does_not_affect_other_hosts() {
    let hosts = TwoHosts::new();
    let token = format!("{}\n", hosts.other_token);
    hosts.run_at_other(&["print-token"]).stdout(&token).succeeds();
    hosts.run_at_other(&["status"]).prints("accepted\n").succeeds();
    hosts.run_at_other(&["export", "env"]).prints(&hosts.other_token).succeeds();
    hosts.run_at_other(&["api", "user/"]).prints("alice").succeeds();
    hosts.run_at_other(&["login", "--if-needed"]).stderr("is already logged in").succeeds();
    let login = ["login", "--with-token", "--store", "file", "--profile", "second"];
    hosts.run_at_other(&login).stdin(&hosts.other_token).stderr("Logged in").succeeds();
    hosts.run_at_other(&["docker", "install"]).stderr("use quay-auth for").succeeds();
    // It also warns, because the tests do not put the helper into PATH.
    hosts.run_at_other(&["docker", "status"]).prints("token of default@").succeeds();
    let server = hosts.other.quay.address().to_string();
    let helper = |verb: &str, stdin: &str| {
        let helper = hosts.world.helper(verb, stdin).env("QUAY_AUTH_TOKEN", MALFORMED);
        helper.env("QUAY_AUTH_HOST", &hosts.world.quay.host())
    };
    helper("get", &server).prints(&hosts.other_token).succeeds();
    let listed = helper("list", "").prints(&server).succeeds().stdout;
    assert!(!listed.contains(&hosts.world.quay.address().to_string()), "{listed}");
    hosts.run_at_other(&["logout"]).stderr("Deleted the token of default@").stderr("QUAY_AUTH_TOKEN").succeeds();
}

#[test]
fn login_and_logout_work_on_the_stored_token_although_the_variable_is_malformed() {
    let hosts = TwoHosts::new();
    let login = hosts.world.login(&[]).env("QUAY_AUTH_TOKEN", MALFORMED);
    let mut login = login.env("QUAY_AUTH_HOST", &hosts.world.quay.host()).start();
    login.says("warning: QUAY_AUTH_TOKEN is set, but does not contain a token. Unset it to use the new one.");
    let location = hosts.world.quay.authorize(&login.authorize_url()).expect("an approval");
    assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
    login.succeeds();
    hosts.run(MALFORMED, &["logout"]).stderr("Deleted").stderr("warning: QUAY_AUTH_TOKEN does not contain").succeeds();
    hosts.run("", &["print-token"]).stderr("there is no login").fails(3);
}

#[test]
fn status_and_doctor_report_a_malformed_one() {
    let hosts = TwoHosts::new();
    let (host, error) = (hosts.world.quay.host(), "error: QUAY_AUTH_TOKEN does not contain a token\n");
    hosts.run(MALFORMED, &["status"]).prints("accepted\n").stderr("(status: malformed)").stderr(error).fails(2);
    let status = hosts.run(MALFORMED, &["status", "--json"]).prints("{").stderr(error).fails(2);
    let (status, text) = (json_of(&status), status.stdout);
    assert!(!text.contains("SECRET"), "{text}");
    assert_eq!(status["profiles"].as_array().map(Vec::len), Some(2));
    assert_eq!(status["environment_token"]["host"], json!(host));
    assert_eq!(status["environment_token"]["state"], json!("malformed"));
    let finding = |run: Run, code: i32| {
        let run = run.prints("[");
        let result = if code == 0 { run.succeeds() } else { run.stderr("error: one check failed\n").fails(code) };
        let findings = json_of(&result);
        let own = findings.as_array().unwrap().iter().find(|finding| finding["check"] == "QUAY_AUTH_TOKEN");
        own.unwrap_or_else(|| panic!("{result}"))["outcome"].clone()
    };
    assert_eq!(finding(hosts.run(MALFORMED, &["doctor", "--json"]), 1), json!("fail"));
    assert_eq!(finding(hosts.run_at_other(&["doctor", "--json"]), 0), json!("warn"));
    assert_eq!(finding(hosts.run(FROM_CI, &["doctor", "--json"]), 0), json!("ok"));
    assert_eq!(finding(hosts.run(" ", &["doctor", "--json"]), 0), json!("warn"));
    hosts.run(MALFORMED, &["docker", "install"]).stderr("QUAY_AUTH_TOKEN does not contain a token").succeeds();
    let docker = hosts.run(MALFORMED, &["docker", "status", "--json"]).prints("{").stderr("error: ").fails(1);
    let rows = json_of(&docker)["hosts"].clone();
    let row =
        rows.as_array().unwrap().iter().find(|row| row["host"] == json!(host)).unwrap_or_else(|| panic!("{docker}"));
    assert_eq!(row["gets"], json!("malformed"));
}

#[test]
fn one_for_another_host_or_without_a_token_is_named_if_there_is_no_login() {
    let world = World::new();
    let host = world.quay.host();
    let use_it = format!("; to use it for {host}: export QUAY_AUTH_HOST={host}\n");
    let for_quay_io = format!("hint: QUAY_AUTH_TOKEN is not used, because it is for quay.io{use_it}");
    let empty = "hint: QUAY_AUTH_TOKEN is empty: check that this job may read the secret that it comes from\n";
    for (variable, hint) in [(FROM_CI, &*for_quay_io), (MALFORMED, &for_quay_io), ("", empty), (" \n", empty)] {
        for command in [
            &["print-token"][..],
            &["exec", "--", "true"],
            &["export", "env"],
            &["api", "user/"],
            &["tokens", "list"],
            &["status"],
        ] {
            let run = world.run([&["--host", &host], command].concat()).env("QUAY_AUTH_TOKEN", variable);
            run.stderr("there is no login").stderr(hint).stderr("hint: quay-auth login").fails(3);
        }
        let login = ["login", "--host", &host, "--client-id", CLIENT_ID, "--store", "file"];
        let login = world.run(login).env("CI", "true").env("QUAY_AUTH_TOKEN", variable);
        login.stderr("CI is set, so quay-auth does not open a browser").stderr(hint).fails(2);
    }
    world.run(["status"]).env("QUAY_AUTH_TOKEN", "").stderr("you are not logged in").stderr(empty).fails(3);
    // A token for a named host is not proposed for another one.
    let run = world.run(["print-token", "--host", &host]).env("QUAY_AUTH_TOKEN", FROM_CI);
    let said = run.env("QUAY_AUTH_HOST", "quay.example.com").stderr("there is no login").fails(3).stderr;
    assert!(!said.contains("QUAY_AUTH_"), "{said}");
    // As the first message says.
    let run = world.run(["print-token", "--host", &host]).env("QUAY_AUTH_TOKEN", FROM_CI).env("QUAY_AUTH_HOST", &host);
    run.stdout(&format!("{FROM_CI}\n")).succeeds();
}

#[test]
fn one_is_used_for_no_host_and_says_so_if_several_have_a_profile_and_none_is_the_default() {
    let hosts = TwoHosts::new();
    let (world, other) = (&hosts.world, hosts.other.quay.host());
    let run = |arguments: &[&str]| world.run(arguments).env("QUAY_AUTH_TOKEN", FROM_CI);
    let warning =
        "warning: QUAY_AUTH_TOKEN is not used: several hosts have a profile, and nothing says which one it is for.\n";
    let hint = "export QUAY_AUTH_HOST=http://";
    // Without a host, commands do not guess whose token it is.
    for command in [&["print-token"][..], &["api", "user/"], &["doctor"], &["logout"], &["login", "--no-browser"]] {
        let run = run(command).stderr("error: several hosts have a profile: ");
        run.stderr("hint: say which host QUAY_AUTH_TOKEN is for: export QUAY_AUTH_HOST=http://").fails(2);
    }
    let stored = format!("{}\n", hosts.other_token);
    run(&["print-token", "--host", &other]).stdout(&stored).stderr(warning).stderr(hint).succeeds();
    run(&["api", "user/", "--host", &other]).prints("alice").stderr(warning).stderr(hint).succeeds();
    run(&["status"]).prints("accepted\n").stderr(warning).stderr(hint).succeeds();
    let status = run(&["status", "--json"]).prints("{").stderr(warning).stderr(hint).succeeds();
    let reason = "several hosts have a profile, and nothing says which one it is for";
    let expected = json!({"host": null, "user": null, "state": "unused", "reason": reason});
    assert_eq!(json_of(&status)["environment_token"], expected);
    assert_eq!(json_of(&status)["environment_token_for"], Value::Null);
    let doctor = run(&["doctor", "--host", &other]).env("QUAY_AUTH_BROWSER", "/bin/true");
    doctor
        .prints("warn  QUAY_AUTH_TOKEN: it is not used: ")
        .prints(&format!("export QUAY_AUTH_HOST={other}\n"))
        .succeeds();
    run(&["docker", "status"]).prints("HOST").stderr(warning).stderr("error: ").fails(1);
    // The named variable settles it.
    let settled = run(&["print-token"]).env("QUAY_AUTH_HOST", &other);
    settled.stdout(&format!("{FROM_CI}\n")).succeeds();
}
