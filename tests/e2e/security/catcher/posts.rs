//! POSTs that the page did not send: another origin, another content type, invalid parameters, the state of another login.

use super::request::{Request, row};
use super::{PLANTED, Waiting, count};
use crate::support::world::token_of;

#[test]
fn posts_from_another_origin_are_rejected() {
    let waiting = Waiting::start();
    let ours = format!("http://{}", waiting.authority);
    let port = ours.rsplit_once(':').unwrap().1;
    let one = |name: &str, origin: &str| row(format!("Origin {name}"), 403, waiting.planted().with("Origin", origin));
    waiting.check_all([
        row("no Origin", 403, waiting.planted().without("Origin")),
        one("empty", ""),
        one("null", "null"),
        one("foreign", "http://evil.example"),
        one("https", &ours.replace("http:", "https:")),
        one("without port", "http://127.0.0.1"),
        one("other port", "http://127.0.0.1:1"),
        one("port with a digit more", &format!("{ours}0")),
        one("port with a zero before", &format!("http://127.0.0.1:0{port}")),
        one("localhost for 127.0.0.1", &format!("http://localhost:{port}")),
        one("::1 for 127.0.0.1", &format!("http://[::1]:{port}")),
        one("127.0.0.1 as a number", &format!("http://2130706433:{port}")),
        one("shortened", &format!("http://127.1:{port}")),
        one("closing slash", &format!("{ours}/")),
        one("with the path", &format!("{ours}{}", waiting.page())),
        one("with a user", &format!("http://user@{}", waiting.authority)),
        one("ours as a user of another", &format!("{ours}@evil.example")),
        one("subdomain of another", &format!("{ours}.evil.example")),
        one("dot at the end of the name", &format!("http://127.0.0.1.:{port}")),
        one("capitals", &ours.to_uppercase()),
        one("without scheme", &waiting.authority),
        one("Quay's", &waiting.world.quay.host()),
        one("file", "file://"),
        one("extension", "chrome-extension://abcdefghijklmnop"),
        one("ours and another in one", &format!("{ours}, http://evil.example")),
        one("ours twice in one", &format!("{ours} {ours}")),
        row("Origin twice, both ours", 403, waiting.planted().and("Origin", &ours)),
        row("Origin ours, then foreign", 403, waiting.planted().and("Origin", "http://evil.example")),
        row("Origin foreign, then ours", 403, waiting.planted().with("Origin", "null").and("Origin", &ours)),
        row("Referer in place of Origin", 403, waiting.planted().without("Origin").and("Referer", &format!("{ours}/"))),
    ]);
    waiting.completes_without_warning();
}

#[test]
fn a_cross_site_post_is_refused_even_with_a_valid_origin() {
    let waiting = Waiting::start();
    let one = |site: &str| row(format!("Sec-Fetch-Site {site:?}"), 403, waiting.planted().and("Sec-Fetch-Site", site));
    waiting.check_all([
        one("cross-site"),
        one("same-site"),
        one("none"),
        one(""),
        one("Same-Origin"),
        one("same-origin, cross-site"),
        one("same-origin;x"),
        row(
            "Sec-Fetch-Site right, then wrong",
            403,
            waiting.planted().and("Sec-Fetch-Site", "same-origin").and("Sec-Fetch-Site", "cross-site"),
        ),
    ]);
    waiting.completes_without_warning();
}

#[test]
fn posts_that_are_not_json_are_rejected() {
    let waiting = Waiting::start();
    let one = |kind: &str| row(format!("Content-Type {kind:?}"), 415, waiting.planted().with("Content-Type", kind));
    let form = format!("access_token={PLANTED}&token_type=Bearer");
    let multipart =
        format!("--x\r\nContent-Disposition: form-data; name=\"access_token\"\r\n\r\n{PLANTED}\r\n--x--\r\n");
    // A form as `text/plain` can look like JSON: its name and value are around an equals sign.
    let text_form = format!("{{\"query\":\"\",\"fragment\":\"access_token={PLANTED}\"}}");
    waiting.check_all([
        row("no Content-Type", 415, waiting.planted().without("Content-Type")),
        one(""),
        one("text/plain"),
        one("text/plain; charset=application/json"),
        one("text/plain;application/json"),
        one("application/x-www-form-urlencoded"),
        one("multipart/form-data; boundary=x"),
        one("text/json"),
        one("application/json+x"),
        one("application/vnd.api+json"),
        one("application/jsonp"),
        one("application/ld+json"),
        one("application"),
        one("json"),
        one("*/*"),
        one("application/json, text/plain"),
        one("text/plain, application/json"),
        row("Content-Type twice", 415, waiting.planted().and("Content-Type", "application/json")),
        row("Content-Type JSON, then text", 415, waiting.planted().and("Content-Type", "text/plain")),
        row(
            "Content-Type text, then JSON",
            415,
            waiting.planted().with("Content-Type", "text/plain").and("Content-Type", "application/json"),
        ),
        row(
            "a form",
            415,
            waiting.planted().with("Content-Type", "application/x-www-form-urlencoded").body(form.clone()),
        ),
        row(
            "a form of several parts",
            415,
            waiting.planted().with("Content-Type", "multipart/form-data; boundary=x").body(multipart),
        ),
        row("a form as text", 415, waiting.planted().with("Content-Type", "text/plain").body(text_form)),
        // As a form on another website sends it.
        row(
            "a form of a foreign page",
            415,
            waiting
                .planted()
                .with("Content-Type", "application/x-www-form-urlencoded")
                .with("Origin", "http://evil.example")
                .and("Sec-Fetch-Site", "cross-site")
                .body(form),
        ),
    ]);
    waiting.completes_without_warning();
}

#[test]
fn invalid_parameters_are_rejected() {
    let waiting = Waiting::start();
    let state = format!("state={}", waiting.state);
    let good = format!("access_token={PLANTED}&token_type=Bearer");
    let token = |token: &str| format!("access_token={token}&token_type=Bearer");
    let of_length = |length: usize| token(&PLANTED.repeat(110)[..length]);
    let rows: [(&str, &str, &str); 42] = [
        ("nothing", "", ""),
        ("state alone", &state, ""),
        ("token in the query", &good, ""),
        ("token in query and fragment", &good, &good),
        ("token in the query, error in the fragment", &good, "error=invalid_scope"),
        ("name of the token escaped in the query", &format!("access%5Ftoken={PLANTED}"), &good),
        ("token twice", &state, &format!("{good}&access_token={PLANTED}")),
        ("token twice, one of them empty", &state, &format!("{good}&access_token=")),
        ("two tokens", &state, &format!("{good}&access_token={}", PLANTED.to_lowercase())),
        ("name of the second token escaped", &state, &format!("{good}&access%5ftoken={PLANTED}")),
        ("state twice, both right", &format!("{state}&{state}"), &good),
        ("state in query and fragment", &state, &format!("{good}&{state}")),
        ("state twice, first right", &format!("{state}&state=x"), &good),
        ("state twice, first None", &format!("state=None&{state}"), &good),
        ("token_type twice", &state, &format!("{good}&token_type=Bearer")),
        ("expires_in twice", &state, &format!("{good}&expires_in=1&expires_in=2")),
        ("scope twice", &format!("{state}&scope=a&scope=a"), &good),
        ("error twice", &format!("{state}&error=access_denied&error=access_denied"), ""),
        ("error in query and fragment", &format!("{state}&error=access_denied"), "error=access_denied"),
        ("error_description twice", "error=access_denied&error_description=a&error_description=b", ""),
        ("error beside the token", &format!("{state}&error=access_denied"), &good),
        ("error beside the token in the fragment", &state, &format!("{good}&error=access_denied")),
        ("empty error beside the token", &format!("{state}&error="), &good),
        ("empty error", &format!("{state}&error="), ""),
        ("description without error", &format!("{state}&error_description=no"), ""),
        ("token_type mac", &state, &good.replace("Bearer", "mac")),
        ("token_type empty", &state, &good.replace("Bearer", "")),
        ("token_type with a blank", &state, &good.replace("Bearer", "Bearer+")),
        ("no token", &state, "token_type=Bearer&expires_in=1"),
        ("empty token", &state, &token("")),
        ("token of 19 characters", &state, &of_length(19)),
        ("token of 4097 characters", &state, &of_length(4097)),
        ("token with a line feed at its end", &state, &token(&format!("{PLANTED}%0A"))),
        ("token with a carriage return", &state, &token(&format!("{PLANTED}%0D%0AX%3A+y"))),
        ("token with NUL", &state, &token(&format!("{PLANTED}%00"))),
        ("token with a blank before", &state, &token(&format!("+{PLANTED}"))),
        ("token with escape", &state, &token(&format!("%1B%5D52%3Bc%3B{PLANTED}"))),
        ("token with a quote", &state, &token(&format!("{PLANTED}%22"))),
        ("token with a colon", &state, &token(&format!("{PLANTED}%3A"))),
        ("token with a letter that is not ASCII", &state, &token(&format!("{PLANTED}%C3%A9"))),
        ("token of broken UTF-8", &state, &token(&format!("{PLANTED}%FF"))),
        ("leading # left in the fragment", &state, &format!("#{good}")),
    ];
    waiting.check_all(rows.into_iter().map(|(name, query, fragment)| row(name, 422, waiting.post(query, fragment))));
    waiting.completes_without_warning();
}

#[test]
fn a_wrong_state_is_rejected_with_one_warning() {
    let waiting = Waiting::start();
    let fragment = format!("access_token={PLANTED}&token_type=Bearer");
    let state = &waiting.state;
    let last = if state.ends_with('0') { "1" } else { "0" };
    let states = [
        "x".to_owned(),
        format!("{}{last}", &state[..31]),
        state[..31].to_owned(),
        format!("{state}0"),
        format!("+{state}"),
        format!("{state}%00"),
        "none".to_owned(),
        "None+".to_owned(),
        "null".to_owned(),
        waiting.nonce.clone(),
    ];
    let rows = |place: &str| -> Vec<_> {
        let one = |state: &String| match place {
            "query" => waiting.post(&format!("state={state}"), &fragment),
            _ => waiting.post("", &format!("{fragment}&state={state}")),
        };
        states.iter().map(|state| row(format!("state {state:?} in the {place}"), 403, one(state))).collect()
    };
    waiting.check_all(rows("query").into_iter().chain(rows("fragment")));
    // An error of another login too.
    waiting.check_all([row("error of another login", 403, waiting.post("error=access_denied&state=x", ""))]);
    let messages = waiting.completes();
    assert_eq!(count(&messages, "ignored a response that belongs to another login"), 1, "{messages}");
    assert_eq!(count(&messages, "warning:"), 1, "{messages}");
}

#[test]
fn a_wrong_nonce_gets_404() {
    let waiting = Waiting::start();
    let (path, nonce) = (&waiting.path, &waiting.nonce);
    let last = if nonce.ends_with('0') { "1" } else { "0" };
    let targets = [
        path.clone(),
        format!("{path}/"),
        format!("{path}/{}{last}", &nonce[..31]),
        format!("{path}/{}", &nonce[..31]),
        format!("{path}/{nonce}0"),
        format!("{path}/{nonce}/"),
        format!("{path}//{nonce}"),
        format!("{path}/{nonce}/."),
        format!("{path}/./{nonce}"),
        format!("{path}/{}", nonce.to_uppercase()),
        format!("{path}/{}", waiting.state),
        format!("{path}/{nonce}%00"),
        format!("{path}/%2e/{nonce}"),
        format!("{path}/x/../{nonce}"),
        format!("/{nonce}"),
        format!("{path}{nonce}"),
        "/".to_owned(),
    ];
    waiting
        .check_all(targets.iter().map(|target| row(format!("POST {target}"), 404, waiting.planted().target(target))));
    // They all show the same page, which reveals nothing about the login.
    let page = waiting.send(waiting.get(path)).body();
    assert!(page.contains("data-outcome=\"unknown\"") && !page.contains(&waiting.world.redirect_uri), "{page}");
    for target in &targets {
        let reply = waiting.send(waiting.get(target));
        assert_eq!((reply.status(), reply.body()), (Some(404), page.clone()), "GET {target}");
    }
    waiting.completes_without_warning();
}

#[test]
fn all_valid_variants_of_the_post_are_accepted() {
    type Change = fn(Request) -> Request;
    let changes: [(&str, &str, Change); 7] = [
        ("Sec-Fetch-Site", "127.0.0.1", |request| request.and("Sec-Fetch-Site", "same-origin")),
        ("a charset", "127.0.0.1", |request| request.with("Content-Type", "application/json; charset=utf-8")),
        ("capitals in the type", "127.0.0.1", |request| request.with("Content-Type", "Application/JSON")),
        ("localhost", "localhost", |request| request),
        ("::1", "[::1]", |request| request),
        ("token_type in small letters", "127.0.0.1", |request| {
            let body = Vec::from(request.clone());
            let body = String::from_utf8(body).unwrap().split_once("\r\n\r\n").unwrap().1.to_owned();
            request.body(body.replace("Bearer", "bearer"))
        }),
        ("a body in chunks", "127.0.0.1", |request| {
            let whole = String::from_utf8(request.clone().into()).unwrap();
            let body = whole.split_once("\r\n\r\n").unwrap().1;
            let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
            request.and("Transfer-Encoding", "chunked").body(chunked)
        }),
    ];
    for (name, loopback, change) in changes {
        let waiting = Waiting::start_at(loopback);
        let location = waiting.world.quay.authorize(&waiting.url).unwrap();
        let url = url::Url::parse(&location).unwrap();
        let reply = waiting.send(change(waiting.post(url.query().unwrap(), url.fragment().unwrap())));
        assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "{name}: {reply}");
        waiting.login.succeeds();
        waiting.world.run(["print-token"]).stdout(&format!("{}\n", token_of(&location))).succeeds();
    }
}
