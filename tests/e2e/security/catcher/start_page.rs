//! The page that the browser opens first, and the path where it lets the redirect URI's origin remove data.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::attribute;
use super::request::{Expected, Reply, Request, exchange};
use super::sockets::as_nobody;
use crate::login::browser::{recorded, recording_browser};
use crate::support::program::Running;
use crate::support::world::{World, post_to_catcher};

/// A login whose browser has not come yet.
pub(super) struct Opened {
    pub(super) world: World,
    pub(super) login: Running,
    /// The URL that the browser gets.
    pub(super) url: String,
}

impl Opened {
    pub(super) fn start(world: World) -> Opened {
        let (browser, pipe) = recording_browser(&world);
        let login =
            world.login(&["--verbose", "--timeout", "1h", "--browser", &format!("'{}'", browser.display())]).start();
        let url = recorded(pipe).lines().nth(1).expect("the first argument").to_owned();
        Opened { world, login, url }
    }

    fn authority(&self) -> &str {
        self.url.split('/').nth(2).unwrap()
    }

    fn path(&self) -> &str {
        &self.url[self.url.rfind('/').unwrap()..]
    }

    /// A GET of this path of the start page's origin.
    fn get(&self, path: &str) -> Request {
        Request::new("GET", path).and("Host", self.authority())
    }

    fn send(&self, request: Request) -> Reply {
        exchange(self.authority(), request)
    }

    /// Completes the login. Returns all its messages.
    fn completes(mut self) -> String {
        let location = self.world.quay.authorize(&self.login.authorize_url()).expect("a consent");
        assert_eq!(post_to_catcher(&location), (200, "stored".to_owned()));
        self.login.succeeds()
    }
}

/// The headers that a response must have, besides those of every HTTP response.
fn policy(reply: &Reply) -> [Option<String>; 3] {
    ["content-security-policy", "cross-origin-resource-policy", "clear-site-data"]
        .map(|name| reply.headers().get(name).cloned())
}

#[test]
fn tls_at_the_start_page_is_explained_with_its_own_port() {
    for loopback in ["127.0.0.1", "localhost", "[::1]"] {
        let opened = Opened::start(World::with_redirect_host(loopback));
        let authority = opened.authority().to_owned();
        let mut browser = TcpStream::connect(&*authority).unwrap();
        browser.write_all(b"\x16\x03\x01\x02\x00").unwrap();
        // Closed without an answer.
        assert_eq!(browser.read(&mut [0]).unwrap_or(0), 0);
        let messages = opened.completes();
        assert!(messages.contains(&format!("warning: the browser uses https for {authority}, where")), "{messages}");
        assert!(messages.contains(&format!("hint: switch off HTTPS-only mode for {authority}, ")), "{messages}");
        assert!(!messages.contains("redirect_uri_mismatch"), "{messages}");
    }
}

#[test]
fn the_start_page_leads_to_quay_and_only_it_makes_the_redirect_origin_remove_data() {
    for loopback in ["127.0.0.1", "localhost", "[::1]"] {
        let mut opened = Opened::start(World::with_redirect_host(loopback));
        let redirect = opened.world.redirect_authority().to_owned();
        assert!(opened.authority().starts_with(&format!("{loopback}:")) && opened.authority() != redirect);
        let reply = opened.send(opened.get(opened.path()));
        let [csp, resources, clears] = policy(&reply);
        assert_eq!((reply.status(), resources.as_deref(), clears), (Some(200), Some("same-origin"), None), "{reply}");
        assert!(
            csp.unwrap().starts_with("default-src 'none'; script-src 'self'; style-src 'self'; connect-src http:; ")
        );
        let page = reply.body();
        assert_eq!(attribute(&page, "id=\"quay\" href"), opened.login.authorize_url());
        opened.login.says("Browser opened. Approve the request there.");

        let clear = attribute(&page, "data-clear-url");
        let clear = clear.strip_prefix(&format!("http://{redirect}")).expect("the redirect URI's origin");
        let at_redirect = |path: &str| exchange(&redirect, Request::new("GET", path).and("Host", &redirect));
        let [_, resources, clears] = policy(&at_redirect(clear));
        assert_eq!(resources.as_deref(), Some("cross-origin"));
        assert_eq!(clears.as_deref(), Some("\"cache\", \"storage\""));
        for other in ["/", "/callback", &format!("/{}", "0".repeat(32)), &attribute(&at_redirect("/").body(), "src")] {
            at_redirect(other).check_headers(other);
        }
        let post = Request::new("POST", clear).and("Host", &redirect);
        exchange(&redirect, post).check("POST to the path that clears", &Expected::Response(404));
        opened.completes();
    }
}

#[test]
fn the_start_page_is_checked_as_the_redirect_uri_is() {
    let opened = Opened::start(World::new());
    let path = opened.path();
    let (_, port) = opened.authority().rsplit_once(':').unwrap();
    for (name, status, request) in [
        ("another path", 404, opened.get("/")),
        ("another nonce", 404, opened.get(&format!("/{}", "0".repeat(32)))),
        ("another host", 421, opened.get(path).with("Host", "evil.example")),
        ("the redirect URI's host", 421, opened.get(path).with("Host", opened.world.redirect_authority())),
        ("another method", 405, opened.get(path).method("OPTIONS")),
        ("POST", 403, opened.get(path).method("POST")),
        ("frame", 403, opened.get(path).and("Sec-Fetch-Dest", "iframe")),
        ("prefetch", 503, opened.get(path).and("Sec-Purpose", "prefetch")),
    ] {
        let reply = opened.send(request);
        reply.check(name, &Expected::Response(status));
        assert!(!reply.body().contains("oauth"), "{name}: {reply}");
    }
    as_nobody(port, opened.get(path)).check("another user", &Expected::Response(403));
    // None of them was taken for the browser.
    let messages = opened.completes();
    assert!(!messages.contains("Browser opened"), "{messages}");
}

#[test]
fn a_browser_that_does_not_come_is_reported_after_five_seconds() {
    let mut opened = Opened::start(World::new());
    opened.login.says("The browser has not opened the page yet. If it shows an error or nothing, visit the URL above.");
    assert_eq!(opened.send(opened.get(opened.path())).status(), Some(200));
    opened.login.says("Browser opened.");
    opened.completes();
}
