//! Requests for another host. After DNS rebinding, a website reaches the catcher under its own host name.

use super::Waiting;
use super::request::{Expected, Request, Row, row};

/// One request for everything that the catcher serves, and some others.
fn requests(waiting: &Waiting) -> [(&'static str, Request); 8] {
    [
        ("page", waiting.get(&waiting.page())),
        ("head of the page", waiting.get(&waiting.page()).method("HEAD")),
        ("POST", waiting.planted()),
        ("script", waiting.get(&waiting.script)),
        ("style sheet", waiting.get(&waiting.style)),
        ("unknown path", waiting.get("/favicon.ico")),
        ("mismatch", waiting.get("/?error=redirect_uri_mismatch")),
        ("preflight", waiting.get(&waiting.page()).method("OPTIONS")),
    ]
}

/// `Host` headers that do not name the catcher.
fn other_hosts(waiting: &Waiting) -> Vec<(&'static str, Vec<String>)> {
    let ours = waiting.authority.clone();
    let (name, port) = ours.rsplit_once(':').unwrap();
    let (name, port) = (name.to_owned(), port.to_owned());
    vec![
        ("none", vec![]),
        ("empty", vec![String::new()]),
        ("foreign", vec![format!("evil.example:{port}")]),
        ("foreign without port", vec!["evil.example".to_owned()]),
        ("ours without port", vec![name.clone()]),
        ("ours at another port", vec![format!("{name}:80")]),
        ("ours with a digit more", vec![format!("{ours}0")]),
        ("ours with a zero before the port", vec![format!("{name}:0{port}")]),
        ("dot at the end of the name", vec![format!("{name}.:{port}")]),
        ("dot at the end of it all", vec![format!("{ours}.")]),
        ("::1 without brackets", vec![format!("::1:{port}")]),
        ("another address of the machine", vec![format!("127.0.0.2:{port}")]),
        ("0.0.0.0", vec![format!("0.0.0.0:{port}")]),
        ("subdomain of ours", vec![format!("x.{ours}")]),
        ("ours as a subdomain", vec![format!("{name}.evil.example:{port}")]),
        ("with a user", vec![format!("user@{ours}")]),
        ("with a scheme", vec![format!("http://{ours}")]),
        ("with a path", vec![format!("{ours}/")]),
        ("null", vec!["null".to_owned()]),
        ("ours twice", vec![ours.clone(), ours.clone()]),
        ("ours, then foreign", vec![ours.clone(), "evil.example".to_owned()]),
        ("foreign, then ours", vec!["evil.example".to_owned(), ours.clone()]),
        ("two in one", vec![format!("{ours}, evil.example")]),
    ]
}

#[test]
fn every_request_for_another_host_gets_421() {
    // The two kinds of redirect URIs.
    for loopback in ["localhost", "127.0.0.1"] {
        let waiting = Waiting::start_at(loopback);
        let mut rows: Vec<Row> = Vec::new();
        for (name, request) in requests(&waiting) {
            for (host, headers) in other_hosts(&waiting) {
                let changed =
                    headers.iter().fold(request.clone().without("Host"), |request, host| request.and("Host", host));
                rows.push(row(format!("{name} with the host {host} for {loopback}"), 421, changed));
            }
        }
        waiting.check_all(rows);
        waiting.completes_without_warning();
    }
}

/// The application may be registered with another name of this machine. Then Quay sends the browser there.
#[test]
fn other_names_of_this_machine_get_only_the_page_about_the_mismatch() {
    for (ours, others) in [("localhost", ["127.0.0.1", "[::1]"]), ("127.0.0.1", ["localhost", "[::1]"])] {
        let waiting = Waiting::start_at(ours);
        let port = waiting.authority.rsplit_once(':').unwrap().1.to_owned();
        let mut rows: Vec<Row> = Vec::new();
        for other in others {
            for (name, request) in requests(&waiting) {
                let status = match name {
                    "script" | "style sheet" => 200,
                    "mismatch" => 400,
                    "preflight" => 405,
                    _ => 421,
                };
                let host = format!("{other}:{port}");
                rows.push(row(
                    format!("{name} with the host {host} for {ours}"),
                    status,
                    request.clone().with("Host", &host),
                ));
                // Its origin is right for that name.
                let origin = format!("http://{host}");
                let as_there = request.clone().with("Host", &host).with("Origin", &origin);
                rows.push(row(format!("{name} as of a page there"), status, as_there));
                let elsewhere = format!("{other}:{}", if port == "80" { "81" } else { "80" });
                rows.push(row(format!("{name} with the host {elsewhere}"), 421, request.with("Host", &elsewhere)));
            }
            let mismatch = format!("{}?error=redirect_uri_mismatch", waiting.page());
            let host = format!("{other}:{port}");
            rows.push(row("mismatch at the page's path", 400, waiting.get(&mismatch).with("Host", &host)));
            rows.push(row("POST of it", 421, waiting.planted().target(&mismatch).with("Host", &host)));
        }
        waiting.check_all(rows);
        let messages = waiting.completes();
        let warning =
            format!("the application at Quay seems to have the redirect URI http://{}:{port}/, not http://", others[0]);
        assert!(messages.contains(&warning), "{messages}");
        assert_eq!(messages.matches("warning:").count(), 1, "{messages}");
    }
}

#[test]
fn the_host_in_the_request_target_is_checked_too() {
    let waiting = Waiting::start_at("localhost");
    let port = waiting.authority.rsplit_once(':').unwrap().1.to_owned();
    let (ours, page) = (waiting.authority.clone(), waiting.page());
    let mut rows: Vec<Row> = Vec::new();
    for (thing, path, request) in [
        ("page", page.clone(), waiting.get("")),
        ("POST", page.clone(), waiting.planted()),
        ("script", waiting.script.clone(), waiting.get("")),
        ("unknown path", "/".to_owned(), waiting.get("")),
    ] {
        for other in [
            format!("http://evil.example{path}"),
            format!("http://evil.example:{port}{path}"),
            format!("http://127.0.0.1:{port}{path}"),
            format!("http://localhost.:{port}{path}"),
            format!("http://localhost{path}"),
            format!("http://user@{ours}{path}"),
            format!("https://{ours}0{path}"),
        ] {
            rows.push(row(format!("{thing} at {other}"), 421, request.clone().target(&other)));
            // Both must be right.
            let foreign = request.clone().with("Host", "evil.example").target(&format!("http://{ours}{path}"));
            rows.push(row(format!("{thing} at ours, of a foreign Host, like {other}"), 421, foreign));
        }
    }
    rows.push(row("CONNECT of another host", 421, waiting.get("evil.example:443").method("CONNECT")));
    waiting.check_all(rows);
    // The absolute form for proxies is accepted, and upper case.
    waiting.check_all([
        row("page at ours", 200, waiting.get(&format!("http://{ours}{page}"))),
        row("page of LOCALHOST", 200, waiting.get(&page).with("Host", &ours.to_uppercase())),
        row("CONNECT of ours", 405, waiting.get(&ours).method("CONNECT")),
        row("a target without path", Expected::Response(404), waiting.get(&format!("http://{ours}"))),
    ]);
    waiting.completes_without_warning();
}
