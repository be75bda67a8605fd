//! Requests that are not part of a login: other paths, embedding, prefetching, other methods, invalid HTTP, other protocols.

use super::request::{Expected, Reply, row};
use super::{PLANTED, Waiting, count};

/// Values of `error`, from Quay and elsewhere.
const ERRORS: [&str; 11] = [
    "authorization_denied",
    "access_denied",
    "invalid_scope",
    "unsupported_response_type",
    "unauthorized_client",
    "invalid_request",
    "server_error",
    "temporarily_unavailable",
    "made_up",
    "redirect_uri_mismatc",
    "",
];

#[test]
fn a_get_changes_nothing_whatever_its_query_is() {
    let waiting = Waiting::start();
    let (path, page, state) = (&waiting.path, waiting.page(), &waiting.state);
    let mut rows = Vec::new();
    for error in ERRORS {
        let query = format!("?error={error}&error_description=x&state={state}");
        for method in ["GET", "HEAD"] {
            let one = |target: String, status: u16| {
                row(format!("{method} {target}"), status, waiting.get(&target).method(method))
            };
            rows.push(one(format!("{path}{query}"), 404));
            rows.push(one(format!("{page}{query}"), 200));
        }
    }
    let good = format!("access_token={PLANTED}&token_type=Bearer&state={state}");
    for (target, status) in [
        (format!("{page}?{good}"), 200),
        (format!("{path}?{good}"), 404),
        (format!("/?{good}"), 404),
        (format!("{path}/{}?{good}", "0".repeat(32)), 404),
        // Quay never sends this with the nonce.
        (format!("{page}?error=redirect_uri_mismatch"), 200),
        ("/favicon.ico".to_owned(), 404),
        ("/robots.txt".to_owned(), 404),
        ("/.well-known/appspecific/com.chrome.devtools.json".to_owned(), 404),
        ("/apple-touch-icon.png".to_owned(), 404),
        (format!("{}/", waiting.script), 404),
        (format!("{}%00", waiting.script), 404),
        (waiting.script.to_uppercase(), 404),
        ("/script.js".to_owned(), 404),
        ("/../../../../etc/passwd".to_owned(), 404),
        ("/%2e%2e/%2e%2e/etc/passwd".to_owned(), 404),
        ("//evil.example/".to_owned(), 404),
        ("/?error=Redirect_Uri_Mismatch".to_owned(), 404),
    ] {
        rows.push(row(format!("GET {target}"), status, waiting.get(&target)));
        rows.push(row(format!("GET {target} with cookie"), status, waiting.get(&target).and("Cookie", "a=b")));
    }
    // The token is in the query of the POST, and the body has no parameters.
    rows.push(row("POST with all in its query", 422, waiting.post("", "").target(&format!("{page}?{good}"))));
    rows.push(row("POST of a mismatch", 404, waiting.planted().target("/?error=redirect_uri_mismatch")));
    rows.push(row("POST to the script", 404, waiting.planted().target(&waiting.script)));
    waiting.check_all(rows);
    waiting.completes_without_warning();
}

#[test]
fn redirect_uri_mismatch_is_explained_once() {
    let waiting = Waiting::start();
    let targets = ["", "/", "/other", "/x/y", "/quay"].map(|path| format!("{}{path}", waiting.path));
    waiting.check_all((0..50).map(|index| {
        let target = format!("{}?error=redirect_uri_mismatch&try={index}", targets[index % targets.len()]);
        row(format!("mismatch {index}"), 400, waiting.get(&target))
    }));
    let messages = waiting.completes();
    assert_eq!(count(&messages, "the application at Quay seems to have the redirect URI"), 1, "{messages}");
    assert!(messages.contains("any website can cause it"), "{messages}");
    assert_eq!(count(&messages, "warning:"), 1, "{messages}");
}

#[test]
fn redirect_uri_mismatch_in_an_image_or_frame_is_not_explained() {
    let waiting = Waiting::start();
    let mismatch = || waiting.get("/?error=redirect_uri_mismatch");
    waiting.check_all([
        row("mismatch as an image", 400, mismatch().and("Sec-Fetch-Dest", "image").and("Sec-Fetch-Mode", "no-cors")),
        row("mismatch as a frame", 400, mismatch().and("Sec-Fetch-Dest", "iframe").and("Sec-Fetch-Mode", "navigate")),
        row("mismatch as a fetch", 400, mismatch().and("Sec-Fetch-Dest", "empty").and("Sec-Fetch-Mode", "cors")),
        row("mismatch as a prefetch", 503, mismatch().and("Sec-Purpose", "prefetch")),
    ]);
    waiting.completes_without_warning();
}

#[test]
fn the_page_cannot_be_embedded_or_fetched() {
    let waiting = Waiting::start();
    let mut rows = Vec::new();
    for method in ["GET", "HEAD"] {
        let page = || waiting.get(&waiting.page()).method(method);
        for dest in
            ["iframe", "frame", "image", "script", "style", "object", "embed", "empty", "worker", "", "Document"]
        {
            rows.push(row(format!("{method} as {dest:?}"), 403, page().and("Sec-Fetch-Dest", dest)));
        }
        for mode in ["no-cors", "cors", "same-origin", "websocket", "nested-navigate", ""] {
            rows.push(row(format!("{method} by {mode:?}"), 403, page().and("Sec-Fetch-Mode", mode)));
        }
        let navigation = || page().and("Sec-Fetch-Dest", "document").and("Sec-Fetch-Mode", "navigate");
        rows.push(row(format!("{method} as a navigation"), 200, navigation().and("Sec-Fetch-Site", "cross-site")));
    }
    let navigation =
        || waiting.get(&waiting.page()).and("Sec-Fetch-Dest", "document").and("Sec-Fetch-Mode", "navigate");
    rows.push(row("document, then image", 403, navigation().and("Sec-Fetch-Dest", "image")));
    rows.push(row("navigate, then cors", 403, navigation().and("Sec-Fetch-Mode", "cors")));
    waiting.check_all(rows);
    waiting.completes_without_warning();
}

#[test]
fn prefetching_is_rejected() {
    let waiting = Waiting::start();
    let mut rows = Vec::new();
    for (name, value) in [
        ("Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("Sec-Purpose", "prefetch;anonymous-client-ip"),
        ("Sec-Purpose", "prerender"),
        ("Purpose", "prefetch"),
        ("Purpose", "Prefetch"),
        ("X-Moz", "prefetch"),
        ("x-moz", "PREFETCH"),
    ] {
        for (path, request) in [
            ("page", waiting.get(&waiting.page())),
            ("script", waiting.get(&waiting.script)),
            ("unknown path", waiting.get("/")),
            ("POST", waiting.planted()),
        ] {
            rows.push(row(format!("{path} with {name}: {value}"), 503, request.and(name, value)));
        }
    }
    let twice = waiting.get(&waiting.page()).and("Purpose", "x").and("Purpose", "prefetch");
    rows.push(row("the second of two purposes", 503, twice));
    waiting.check_all(rows);
    waiting.completes_without_warning();
}

#[test]
fn other_methods_and_preflights_are_rejected() {
    let waiting = Waiting::start();
    let mut rows = Vec::new();
    for method in ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "FOO", "get", "post", "PROPFIND", "PRI", "M-SEARCH"] {
        for target in [waiting.page(), waiting.path.clone(), waiting.script.clone(), "/".to_owned()] {
            rows.push(row(format!("{method} {target}"), 405, waiting.planted().method(method).target(&target)));
        }
    }
    let preflight = waiting
        .get(&waiting.page())
        .method("OPTIONS")
        .and("Origin", "http://evil.example")
        .and("Access-Control-Request-Method", "POST")
        .and("Access-Control-Request-Headers", "content-type");
    rows.push(row("a preflight", 405, preflight.clone()));
    let private = preflight.clone().and("Access-Control-Request-Private-Network", "true");
    rows.push(row("a preflight to a private network", 405, private));
    rows.push(row(
        "a preflight of our own origin",
        405,
        preflight.with("Origin", &format!("http://{}", waiting.authority)),
    ));
    rows.push(row("OPTIONS *", 405, waiting.get("*").method("OPTIONS")));
    rows.push(row("CONNECT", 405, waiting.get(&waiting.authority).method("CONNECT")));
    let method_override = waiting.get(&waiting.page()).and("X-HTTP-Method-Override", "POST");
    rows.push(row("a method in a header", 200, method_override));
    waiting.check_all(rows);
    waiting.completes_without_warning();
}

#[test]
fn invalid_http_is_rejected() {
    let waiting = Waiting::start();
    let (page, host) = (waiting.page(), format!("Host: {}\r\n", waiting.authority));
    let planted = String::from_utf8(waiting.planted().into()).unwrap();
    let bare = |name: &str, status: u16, text: String| row(name, Expected::Bare(status), text);
    let headers = |count: usize| (0..count).map(|index| format!("X-{index}: y\r\n")).collect::<String>();
    waiting.check_all([
        bare("a line of HTTP/0.9", 400, format!("GET {page}\r\n\r\n")),
        bare("HTTP/1.2", 400, format!("GET {page} HTTP/1.2\r\n{host}\r\n")),
        bare("HTTP/2.0", 400, format!("GET {page} HTTP/2.0\r\n{host}\r\n")),
        bare("HTTP/9", 400, format!("GET {page} HTTP/9\r\n{host}\r\n")),
        bare("no version", 400, format!("GET {page} \r\n{host}\r\n")),
        bare("only a word", 400, "hello\r\n\r\n".to_owned()),
        bare("another protocol", 400, "SSH-2.0-OpenSSH_9.9\r\n\r\n".to_owned()),
        bare("a target that is no path", 400, format!("GET page HTTP/1.1/x\r\n{host}\r\n")),
        bare("a header without a colon", 400, format!("GET {page} HTTP/1.1\r\n{host}nothing\r\n\r\n")),
        bare("a blank before the colon", 400, planted.replace("Origin:", "Origin :")),
        bare("a header without a name", 400, format!("GET {page} HTTP/1.1\r\n{host}: x\r\n\r\n")),
        bare("a folded header", 400, planted.replace("Origin: ", "Origin:\r\n ")),
        bare("NUL in a header", 400, format!("GET {page} HTTP/1.1\r\n{host}X: a\0b\r\n\r\n")),
        bare("NUL in the target", 400, format!("GET {page}\0 HTTP/1.1\r\n{host}\r\n")),
        bare("escape in a header's name", 400, format!("GET {page} HTTP/1.1\r\n{host}X\x1b: a\r\n\r\n")),
        bare("two lengths", 400, planted.replace("Content-Length", "Content-Length: 1\r\nContent-Length")),
        bare("a negative length", 400, planted.replace("Content-Length: ", "Content-Length: -")),
        bare("a length with a plus", 400, planted.replace("Content-Length: ", "Content-Length: +")),
        bare("a length that is no number", 400, planted.replace("Content-Length: ", "Content-Length: x")),
        bare(
            "a length beyond 64 bits",
            400,
            planted.replace("Content-Length: ", "Content-Length: 99999999999999999999"),
        ),
        bare("an unknown coding", 400, planted.replace("Content-Length", "Transfer-Encoding: x\r\nContent-Length")),
        bare("65 headers", 431, format!("GET {page} HTTP/1.1\r\n{host}{}\r\n", headers(64))),
        bare("200 headers", 431, format!("GET {page} HTTP/1.1\r\n{host}{}\r\n", headers(200))),
        bare("a header of 20 kB", 431, format!("GET {page} HTTP/1.1\r\n{host}X: {}\r\n\r\n", "y".repeat(20_000))),
        bare("a target of 20 kB", 431, format!("GET {page}?{} HTTP/1.1\r\n{host}\r\n", "y".repeat(20_000))),
        bare("a method of 20 kB", 431, format!("{} {page} HTTP/1.1\r\n{host}\r\n", "G".repeat(20_000))),
        bare("300 kB of head", 431, format!("GET {page} HTTP/1.1\r\n{host}{}\r\n", headers(30_000))),
        row("64 headers", 200, format!("GET {page} HTTP/1.1\r\n{host}{}\r\n", headers(63))),
        row("binary data", Expected::Bare(400), (0..=255).rev().collect::<Vec<u8>>()),
    ]);
    waiting.completes_without_warning();
}

#[test]
fn other_protocols_are_not_supported() {
    let waiting = Waiting::start();
    let get = || waiting.get(&waiting.page());
    let websocket = get()
        .and("Connection", "Upgrade")
        .and("Upgrade", "websocket")
        .and("Sec-WebSocket-Version", "13")
        .and("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    let http2 =
        get().and("Connection", "Upgrade, HTTP2-Settings").and("Upgrade", "h2c").and("HTTP2-Settings", "AAMAAABk");
    waiting.check_all([
        row("an upgrade to a web socket", 200, websocket),
        row("an upgrade to HTTP/2", 200, http2),
        row("Connection: keep-alive", 200, get().and("Connection", "keep-alive")),
        row("HTTP/1.0", 200, String::from_utf8(get().into()).unwrap().replace("HTTP/1.1", "HTTP/1.0")),
    ]);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    let reply = waiting.send(preface);
    assert!(matches!(reply.status(), None | Some(400)), "the preface of HTTP/2: {reply}");
    assert!(!reply.text().contains('\0'), "frames answer the preface of HTTP/2: {reply}");
    waiting.still_waits("the preface of HTTP/2");
    waiting.completes_without_warning();
}

#[test]
fn each_connection_serves_one_request() {
    let waiting = Waiting::start();
    let planted: Vec<u8> = waiting.planted().into();
    let one = |name: &str, status: u16, first: Vec<u8>| {
        let reply: Reply = waiting.send([first, planted.clone()].concat());
        reply.check(name, &Expected::Response(status));
        assert_eq!(count(&reply.text(), "HTTP/1."), 1, "{name}: {reply}");
        waiting.still_waits(name);
    };
    one("a POST after the page", 200, waiting.get(&waiting.page()).into());
    one("a POST after a stray", 404, waiting.get("/").and("Connection", "keep-alive").into());
    one("a POST after a POST", 415, waiting.planted().without("Content-Type").into());
    one("a POST after a rejected request", 421, waiting.get("/").with("Host", "evil.example").into());
    // With two lengths, a request could be hidden in a body (request smuggling).
    let hidden = waiting.post("", "").and("Content-Length", "4").and("Transfer-Encoding", "chunked");
    let reply = waiting.send(hidden.body([b"0\r\n\r\n".to_vec(), planted.clone()].concat()));
    assert_eq!(count(&reply.text(), "HTTP/1."), 1, "a POST in a body of two lengths: {reply}");
    waiting.still_waits("a POST in a body of two lengths");
    waiting.completes_without_warning();
}
