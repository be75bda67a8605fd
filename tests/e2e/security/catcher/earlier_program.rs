//! Another program had the port before, while the browser visited it, and has left a service worker or cached files there.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::start_page::Opened;
use crate::support::browser::{Browser, Engine};
use crate::support::server::answer;
use crate::support::world::World;

/// The page that registers the worker. It also sets a cookie, which the programs on all ports of this machine share.
const REGISTERING_PAGE: &str = "<!doctype html><script>
    document.cookie = 'of=another; max-age=3600; path=/';
    navigator.serviceWorker.register('/deep/worker.js', {scope: '/'});
    navigator.serviceWorker.ready.then(() => document.documentElement.dataset.outcome = 'ready');
</script>";

/// Answers everything itself: pages with one that has the token, and scripts with one that would take it.
const WORKER: &str = "
    oninstall = () => skipWaiting();
    onactivate = (event) => event.waitUntil(clients.claim());
    onfetch = (event) => {
      const isPage = event.request.mode === 'navigate';
      const take = \"document.documentElement.dataset.outcome = 'stolen'\";
      const body = isPage ? '<!doctype html><script>' + take + '</script>' : take;
      event.respondWith(new Response(body, {headers: {'Content-Type': isPage ? 'text/html' : 'text/javascript'}}));
    };
";

/// A page whose script and style sheet stay in the cache.
const CACHED_PAGE: &str = "<!doctype html><link rel=stylesheet href=/quay-auth.css><script src=/quay-auth.js></script>";

/// The program that had the port before. It frees the port when it is dropped.
struct EarlierProgram {
    authority: String,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl EarlierProgram {
    /// Answers requests at the redirect URI's host and port. The first page is this one. Everything is to be cached for a year.
    fn start(world: &World, page: &'static str) -> EarlierProgram {
        let authority = world.redirect_authority().to_owned();
        let listener = TcpListener::bind(&authority).expect("the redirect URI's port");
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                for stream in listener.incoming().map_while(Result::ok).take_while(|_| !is_over.load(Ordering::SeqCst))
                {
                    thread::spawn(move || respond(stream, page));
                }
            }
        });
        EarlierProgram { authority, is_over, thread: Some(thread) }
    }
}

fn respond(mut stream: TcpStream, page: &str) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|count| count > 0) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (kind, body) = match head.split(' ').nth(1).unwrap_or_default() {
        "/deep/worker.js" => ("text/javascript", WORKER),
        path if path.ends_with(".js") => ("text/javascript", "document.documentElement.dataset.outcome = 'stolen'"),
        path if path.ends_with(".css") => ("text/css", "* { color: red }"),
        _ => ("text/html", page),
    };
    let headers = format!(
        "Content-Type: {kind}\r\nService-Worker-Allowed: /\r\nCache-Control: public, max-age=31536000, immutable\r\n"
    );
    let _ = stream.write_all(&answer("200 OK", &headers, body));
}

impl Drop for EarlierProgram {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Ends its wait for the next connection.
        let _ = TcpStream::connect(&self.authority);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A browser whose redirect URI's origin has a worker. The tab that registered it stays open, and the program has ended.
fn browser_with_worker(engine: Engine, world: &World) -> Browser {
    let browser = Browser::start_as(engine);
    let earlier = EarlierProgram::start(world, REGISTERING_PAGE);
    browser.goto(&format!("http://{}/", earlier.authority));
    browser.shows("ready");
    drop(earlier);
    // Nothing listens now, but the worker answers.
    browser.goto(&format!("{}/x", world.redirect_uri));
    browser.shows("stolen");
    browser.new_tab();
    browser
}

/// Logs in by the URL that the browser gets from the login.
fn logs_in(browser: &Browser, mut opened: Opened) {
    // Quay does not ask again.
    let is_approved = !opened.world.quay.tokens().is_empty();
    browser.goto(&opened.url);
    opened.login.says("Browser opened. Approve the request there.");
    if !is_approved {
        browser.waits_for("button");
        browser.press("Authorize Application");
    }
    browser.shows("stored");
    opened.login.succeeds();
    let token = opened.world.quay.tokens().pop().expect("a token").value;
    opened.world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
}

fn a_worker_is_removed(engine: Engine) {
    for loopback in ["127.0.0.1", "localhost"] {
        let world = World::with_redirect_host(loopback);
        let browser = browser_with_worker(engine, &world);
        logs_in(&browser, Opened::start(world));
        let workers = "navigator.serviceWorker.getRegistrations().then(all => arguments[0](all.length))";
        assert_eq!(browser.execute_async(workers), 0);
        assert_eq!(browser.execute("return document.cookie"), "of=another");
    }
}

#[test]
fn a_worker_of_an_earlier_program_does_not_get_the_token_in_chromium() {
    a_worker_is_removed(Engine::Chromium);
}

#[test]
fn a_worker_of_an_earlier_program_does_not_get_the_token_in_firefox() {
    a_worker_is_removed(Engine::Firefox);
}

/// If the user has approved the request before, Quay redirects back at once.
#[test]
fn the_worker_is_gone_before_a_quay_that_does_not_ask_redirects_back() {
    for engine in [Engine::Chromium, Engine::Firefox] {
        let world = World::new();
        let browser = browser_with_worker(engine, &world);
        world.create_token("alice", "repo:read,user:read");
        logs_in(&browser, Opened::start(world));
    }
}

/// A tab of the earlier program registers the worker without end. Its script is in the cache.
#[test]
fn a_worker_that_an_open_tab_registers_again_does_not_get_the_token() {
    for engine in [Engine::Chromium, Engine::Firefox] {
        let world = World::new();
        let browser = browser_with_worker(engine, &world);
        world.create_token("alice", "repo:read,user:read");
        browser.tab(0);
        browser.execute(
            "const register = () => navigator.serviceWorker.register('/deep/worker.js', {scope: '/', updateViaCache: 'all'}) \
             .catch(() => {}).then(register); register()",
        );
        browser.new_tab();
        logs_in(&browser, Opened::start(world));
    }
}

/// The URL that the terminal shows has no such protection (docs/threat-model.md), but the next request for the worker ends it.
#[test]
fn a_worker_that_is_loaded_again_is_replaced_and_reported() {
    for engine in [Engine::Chromium, Engine::Firefox] {
        let world = World::new();
        let browser = browser_with_worker(engine, &world);
        let mut login = world.login(&[]).start();
        let url = login.authorize_url();
        browser.tab(0);
        browser.execute("navigator.serviceWorker.getRegistration().then(worker => worker.update())");
        login.says("has left a service worker in the browser");
        let workers = "const wait = () => navigator.serviceWorker.getRegistration().then(found => \
                       found ? setTimeout(wait, 20) : arguments[0]()); wait()";
        browser.execute_async(workers);
        browser.goto(&url);
        browser.press("Authorize Application");
        browser.shows("stored");
        login.succeeds();
    }
}

#[test]
fn files_that_an_earlier_program_left_in_the_cache_are_not_used() {
    for engine in [Engine::Chromium, Engine::Firefox] {
        let world = World::new();
        let browser = Browser::start_as(engine);
        let earlier = EarlierProgram::start(&world, CACHED_PAGE);
        let page = format!("http://{}/", earlier.authority);
        browser.goto(&page);
        browser.shows("stolen");
        drop(earlier);
        browser.goto(&world.quay.host());
        // Nothing listens now, but everything is in the cache.
        browser.goto(&page);
        browser.shows("stolen");

        // By the URL that the terminal shows, too.
        browser.approve(world.login(&[]).start());
        // They are still there, until a login begins with the start page.
        let from_cache = "fetch('/quay-auth.js', {cache: 'force-cache'}) \
                          .then(() => arguments[0]('cached'), error => arguments[0](error.name))";
        assert_eq!(browser.execute_async(from_cache), "cached");
        logs_in(&browser, Opened::start(world));
        assert_eq!(browser.execute_async(from_cache), "TypeError");
    }
}
