//! What every answer carries, whatever its status: one of each, up to the end of a login. The other files look at it in all of theirs.

use std::collections::BTreeSet;
use std::fs;

use super::request::{Expected, Reply, Request};
use super::{PLANTED, Waiting};
use crate::quay::Verify;
use crate::world::hand_over;

/// All statuses that there are.
const STATUSES: [u16; 14] = [200, 400, 403, 404, 405, 408, 409, 413, 415, 421, 422, 502, 503, 507];

/// The real answer of Quay as the page's POST.
fn real(waiting: &Waiting) -> Request {
    let location = waiting.world.quay.authorize(&waiting.url).unwrap();
    let url = url::Url::parse(&location).unwrap();
    waiting.post(url.query().unwrap_or_default(), url.fragment().unwrap_or_default())
}

#[test]
fn every_status_carries_the_same_headers() {
    let mut seen = BTreeSet::new();
    let mut see = |name: &str, status: u16, reply: &Reply| {
        reply.check(name, &Expected::Ours(status));
        seen.insert(status);
    };

    let waiting = Waiting::begin();
    let page = waiting.get(&waiting.page());
    for (name, status, request) in [
        ("page", 200, page.clone()),
        ("head of the page", 200, page.clone().method("HEAD")),
        ("script", 200, waiting.get("/quay-auth.js")),
        ("head of the script", 200, waiting.get("/quay-auth.js").method("HEAD")),
        ("style sheet", 200, waiting.get("/quay-auth.css")),
        ("mismatch", 400, waiting.get("/?error=redirect_uri_mismatch").and("Sec-Fetch-Dest", "image")),
        ("no JSON", 400, waiting.planted().body("x")),
        ("frame", 403, page.clone().and("Sec-Fetch-Dest", "iframe")),
        ("foreign origin", 403, waiting.planted().with("Origin", "null")),
        ("stray", 404, waiting.get("/")),
        ("head of a stray", 404, waiting.get("/").method("HEAD")),
        ("stray POST", 404, waiting.planted().target("/")),
        ("POST to the script", 404, waiting.planted().target("/quay-auth.js")),
        ("method", 405, page.clone().method("OPTIONS")),
        // The read of the answer ends when the program has waited long enough for the body.
        ("late body", 408, waiting.planted().and("Content-Length", "100").body("{")),
        ("large body", 413, waiting.planted().body(" ".repeat(20_000))),
        ("form", 415, waiting.planted().without("Content-Type")),
        ("host", 421, page.clone().without("Host")),
        ("no answer", 422, waiting.post("", "")),
        ("ahead of time", 503, page.and("Purpose", "prefetch")),
    ] {
        see(name, status, &waiting.send(request));
    }
    waiting.completes_unmoved();

    let waiting = Waiting::begin();
    waiting.world.quay.set_verify(Verify::Unauthorized);
    see("not valid", 502, &waiting.send(waiting.planted()));
    waiting.login.fails(5);

    let waiting = Waiting::begin();
    see("refused", 200, &waiting.send(waiting.post("error=access_denied", "")));
    waiting.login.fails(5);

    let waiting = Waiting::begin();
    // Where the tokens are to go, something else is: root may write anywhere else.
    let tokens = waiting.world.home().join(".local/share/quay-auth/tokens.toml");
    let _ = fs::remove_file(&tokens);
    fs::create_dir(&tokens).unwrap();
    see("not stored", 507, &waiting.send(real(&waiting)));
    waiting.login.fails(4);

    let waiting = Waiting::begin();
    let first = real(&waiting);
    let quay = waiting.world.quay.world();
    let stream = waiting.open(first);
    waiting.waits_on("the first of two answers");
    see("another answer", 409, &waiting.send(waiting.planted()));
    drop(quay);
    see("stored", 200, &Reply::read(stream));
    waiting.login.succeeds();

    assert_eq!(seen, STATUSES.into());
}

#[test]
fn the_fixed_files_are_what_they_are_called() {
    let waiting = Waiting::begin();
    for (target, kind, file) in [
        ("/quay-auth.js", "text/javascript; charset=utf-8", include_str!("../../../static/page.js")),
        ("/quay-auth.css", "text/css; charset=utf-8", include_str!("../../../static/page.css")),
    ] {
        let reply = waiting.send(waiting.get(target));
        let text = reply.body();
        assert_eq!(reply.headers()["content-type"].as_str(), kind, "{target}");
        // As in the file, but for indentation and lines of comment.
        let mut lines = file.lines().map(str::trim);
        assert!(text.lines().all(|line| lines.any(|known| known == line.trim())), "{target}");
        assert!(text.len() > file.len() / 2 && text.ends_with(&file[file.len() - 4..]), "{target}");
        let head = waiting.send(waiting.get(target).method("HEAD"));
        assert_eq!((head.headers()["content-length"].clone(), head.body()), (text.len().to_string(), String::new()));
    }
    let page = waiting.send(waiting.get(&waiting.page()));
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    // Neither secret is in it: what the page needs is in its own address.
    assert!(!page.body().contains(&waiting.nonce) && !page.body().contains(&waiting.state), "{page}");
    waiting.completes_unmoved();
}

#[test]
fn a_refused_answer_is_not_repeated() {
    let waiting = Waiting::begin();
    let reply =
        waiting.send(waiting.post(&format!("error={PLANTED}%3Cscript%3E%1b%5D0%3B&error_description={PLANTED}"), ""));
    // An unknown code is shown, cleaned and cut, since a person has to be told something; what describes it is not.
    assert_eq!((reply.status(), reply.outcome()), (Some(200), "refused".to_owned()), "{reply}");
    assert_eq!(reply.body().matches(PLANTED).count(), 1, "{reply}");
    let said = waiting.login.fails(5);
    assert!(!said.contains('\x1b') && said.matches(PLANTED).count() == 1, "{said}");
}

#[test]
fn the_login_ends_with_its_first_answer_and_frees_the_port() {
    let waiting = Waiting::begin();
    let location = waiting.world.quay.authorize(&waiting.url).unwrap();
    assert_eq!(hand_over(&location).0, 200);
    let authority = waiting.authority.clone();
    waiting.login.succeeds();
    // The next login can have it at once, though connections to the last one linger in the kernel.
    let again = Waiting::begin_in(waiting.world);
    assert_eq!(again.authority, authority);
    again.completes_unmoved();
}
