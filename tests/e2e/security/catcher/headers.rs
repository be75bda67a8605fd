//! The headers of every response, with one response for each status. The other files check them in each of their responses too.

use std::collections::BTreeSet;
use std::fs;

use super::request::{Expected, Reply, Request};
use super::{PLANTED, Waiting};
use crate::quay_standin::Verify;

/// All statuses that the catcher uses.
const STATUSES: [u16; 14] = [200, 400, 403, 404, 405, 408, 409, 413, 415, 421, 422, 502, 503, 507];

/// The POST with Quay's real response.
fn real_post(waiting: &Waiting) -> Request {
    let location = waiting.world.quay.authorize(&waiting.url).unwrap();
    let url = url::Url::parse(&location).unwrap();
    waiting.post(url.query().unwrap_or_default(), url.fragment().unwrap_or_default())
}

#[test]
fn responses_of_every_status_have_the_same_headers() {
    let mut seen = BTreeSet::new();
    let mut see = |name: &str, status: u16, reply: &Reply| {
        reply.check(name, &Expected::Response(status));
        seen.insert(status);
    };

    let waiting = Waiting::start();
    let page = waiting.get(&waiting.page());
    for (name, status, request) in [
        ("page", 200, page.clone()),
        ("head of the page", 200, page.clone().method("HEAD")),
        ("script", 200, waiting.get(&waiting.script)),
        ("head of the script", 200, waiting.get(&waiting.script).method("HEAD")),
        ("style sheet", 200, waiting.get(&waiting.style)),
        ("mismatch", 400, waiting.get("/?error=redirect_uri_mismatch").and("Sec-Fetch-Dest", "image")),
        ("no JSON", 400, waiting.planted().body("x")),
        ("frame", 403, page.clone().and("Sec-Fetch-Dest", "iframe")),
        ("foreign origin", 403, waiting.planted().with("Origin", "null")),
        ("stray", 404, waiting.get("/")),
        ("head of a stray", 404, waiting.get("/").method("HEAD")),
        ("stray POST", 404, waiting.planted().target("/")),
        ("POST to the script", 404, waiting.planted().target(&waiting.script)),
        ("method", 405, page.clone().method("OPTIONS")),
        // Reading the response takes as long as the catcher waits for the body.
        ("late body", 408, waiting.planted().and("Content-Length", "100").body("{")),
        ("large body", 413, waiting.planted().body(" ".repeat(20_000))),
        ("form", 415, waiting.planted().without("Content-Type")),
        ("host", 421, page.clone().without("Host")),
        ("no parameters", 422, waiting.post("", "")),
        ("prefetch", 503, page.and("Purpose", "prefetch")),
    ] {
        see(name, status, &waiting.send(request));
    }
    waiting.completes_without_warning();

    let waiting = Waiting::start();
    waiting.world.quay.set_verify(Verify::Unauthorized);
    see("not valid", 502, &waiting.send(waiting.planted()));
    waiting.login.fails(5);

    let waiting = Waiting::start();
    see("refused", 200, &waiting.send(waiting.post("error=access_denied", "")));
    waiting.login.fails(5);

    let waiting = Waiting::start();
    // A folder is in the place of the token file. (Root could write to any other place.)
    let tokens = waiting.world.data_folder().join("tokens.toml");
    let _ = fs::remove_file(&tokens);
    fs::create_dir(&tokens).unwrap();
    see("not stored", 507, &waiting.send(real_post(&waiting)));
    waiting.login.fails(4);

    let waiting = Waiting::start();
    let first = real_post(&waiting);
    let quay = waiting.world.quay.database();
    let stream = waiting.open(first);
    waiting.still_waits("the first of two answers");
    see("another answer", 409, &waiting.send(waiting.planted()));
    drop(quay);
    see("stored", 200, &Reply::read(stream));
    waiting.login.succeeds();

    assert_eq!(seen, STATUSES.into());
}

#[test]
fn script_and_style_sheet_have_their_types_and_the_page_has_no_secret() {
    let waiting = Waiting::start();
    for (target, kind, file) in [
        (&waiting.script, "text/javascript; charset=utf-8", include_str!("../../../../static/page.js")),
        (&waiting.style, "text/css; charset=utf-8", include_str!("../../../../static/page.css")),
    ] {
        let reply = waiting.send(waiting.get(target));
        let text = reply.body();
        assert_eq!(reply.headers()["content-type"].as_str(), kind, "{target}");
        // Without indentation and lines with comments.
        let mut lines = file.lines().map(str::trim);
        assert!(text.lines().all(|line| lines.any(|known| known == line.trim())), "{target}");
        assert!(text.len() > file.len() / 2 && text.ends_with(&file[file.len() - 4..]), "{target}");
        let head = waiting.send(waiting.get(target).method("HEAD"));
        assert_eq!((head.headers()["content-length"].clone(), head.body()), (text.len().to_string(), String::new()));
    }
    let page = waiting.send(waiting.get(&waiting.page()));
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    // The page does not need nonce and state, because they are in its URL.
    assert!(!page.body().contains(&waiting.nonce) && !page.body().contains(&waiting.state), "{page}");
    waiting.completes_without_warning();
}

#[test]
fn error_descriptions_are_not_shown_and_error_codes_are_escaped() {
    let waiting = Waiting::start();
    let reply =
        waiting.send(waiting.post(&format!("error={PLANTED}%3Cscript%3E%1b%5D0%3B&error_description={PLANTED}"), ""));
    // An unknown code is shown, escaped and cut.
    assert_eq!((reply.status(), reply.outcome()), (Some(200), "refused".to_owned()), "{reply}");
    assert_eq!(reply.body().matches(PLANTED).count(), 1, "{reply}");
    let messages = waiting.login.fails(5);
    assert!(!messages.contains('\x1b') && messages.matches(PLANTED).count() == 1, "{messages}");
}
