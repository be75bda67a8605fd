//! Requests that are meant for another host: whoever rebinds a name of his own to 127.0.0.1 speaks to us with that name.

use super::Waiting;
use super::request::{Expected, Request, Row, row};

/// One of each thing that is served, the address that none is served at included.
fn things(waiting: &Waiting) -> [(&'static str, Request); 8] {
    [
        ("page", waiting.get(&waiting.page())),
        ("head of the page", waiting.get(&waiting.page()).method("HEAD")),
        ("POST", waiting.planted()),
        ("script", waiting.get("/quay-auth.js")),
        ("style sheet", waiting.get("/quay-auth.css")),
        ("unknown path", waiting.get("/favicon.ico")),
        ("mismatch", waiting.get("/?error=redirect_uri_mismatch")),
        ("preflight", waiting.get(&waiting.page()).method("OPTIONS")),
    ]
}

/// Ways to name another host, by their headers.
fn other_hosts(waiting: &Waiting) -> Vec<(&'static str, Vec<String>)> {
    let ours = waiting.authority.clone();
    let (name, port) = ours.rsplit_once(':').unwrap();
    let (name, port) = (name.to_owned(), port.to_owned());
    let other_loopback = if name == "localhost" { "127.0.0.1" } else { "localhost" };
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
        ("another loopback name", vec![format!("{other_loopback}:{port}")]),
        ("::1", vec![format!("[::1]:{port}")]),
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
fn another_host_is_answered_by_421_whatever_it_asks_for() {
    // What a person with `localhost` registered has, and what all others have.
    for loopback in ["localhost", "127.0.0.1"] {
        let waiting = Waiting::begin_at(loopback);
        let mut rows: Vec<Row> = Vec::new();
        for (thing, request) in things(&waiting) {
            for (host, headers) in other_hosts(&waiting) {
                let bent =
                    headers.iter().fold(request.clone().without("Host"), |request, host| request.and("Host", host));
                rows.push(row(format!("{thing} of the host {host} for {loopback}"), 421, bent));
            }
        }
        waiting.answers(rows);
        waiting.completes_unmoved();
    }
}

#[test]
fn the_host_in_the_target_counts_too() {
    let waiting = Waiting::begin_at("localhost");
    let port = waiting.authority.rsplit_once(':').unwrap().1.to_owned();
    let (ours, page) = (waiting.authority.clone(), waiting.page());
    let mut rows: Vec<Row> = Vec::new();
    for (thing, path, request) in [
        ("page", page.clone(), waiting.get("")),
        ("POST", page.clone(), waiting.planted()),
        ("script", "/quay-auth.js".to_owned(), waiting.get("")),
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
            // Both have to be ours, so that neither can be chosen to be looked at.
            let foreign = request.clone().with("Host", "evil.example").target(&format!("http://{ours}{path}"));
            rows.push(row(format!("{thing} at ours, of a foreign Host, like {other}"), 421, foreign));
        }
    }
    rows.push(row("CONNECT of another host", 421, waiting.get("evil.example:443").method("CONNECT")));
    waiting.answers(rows);
    // A proxy's form of what is ours, in any case, is ours.
    waiting.answers([
        row("page at ours", 200, waiting.get(&format!("http://{ours}{page}"))),
        row("page of LOCALHOST", 200, waiting.get(&page).with("Host", &ours.to_uppercase())),
        row("CONNECT of ours", 405, waiting.get(&ours).method("CONNECT")),
        row("a target without path", Expected::Ours(404), waiting.get(&format!("http://{ours}"))),
    ]);
    waiting.completes_unmoved();
}
