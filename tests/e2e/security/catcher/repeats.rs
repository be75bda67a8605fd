//! The same response again, a different one, and responses of earlier logins.

use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use url::Url;

use super::request::{Reply, Request, connect, is_closed, row};
use super::{MARK, Waiting, files_with};
use crate::support::world::{PATIENCE, token_of};

/// The POST with Quay's real response, and the token in it.
fn real_post(waiting: &Waiting) -> (Request, String) {
    let location = waiting.world.quay.authorize(&waiting.url).unwrap();
    let url = Url::parse(&location).unwrap();
    (waiting.post(url.query().unwrap(), url.fragment().unwrap()), token_of(&location))
}

/// The login succeeds with this token, and has checked it only once.
fn assert_succeeds(waiting: Waiting, token: &str) {
    waiting.login.succeeds();
    waiting.world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    let asked = waiting.world.quay.requests().iter().filter(|request| request.path == "/v2/auth").count();
    assert_eq!(asked, 1, "Quay was asked again about the same token");
    assert!(files_with(MARK, &waiting.world.home()).is_empty(), "the planted token was stored");
}

#[test]
fn simultaneous_posts_of_one_token_get_the_same_outcome() {
    let waiting = Waiting::start();
    let (request, token) = real_post(&waiting);
    let quay = waiting.world.quay.database();
    let streams: Vec<TcpStream> = (0..5).map(|_| waiting.open(request.clone())).collect();
    // A later request is served, so these have been read. Their outcome is known only after Quay has responded, which the lock prevents.
    waiting.still_waits("five submits");
    drop(quay);
    for (index, stream) in streams.into_iter().enumerate() {
        let reply = Reply::read(stream);
        assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "submit {index}: {reply}");
    }
    assert_succeeds(waiting, &token);
}

#[test]
fn a_page_that_lost_the_outcome_can_ask_again() {
    for (name, how) in [("both ways", Shutdown::Both), ("to write", Shutdown::Write), ("to read", Shutdown::Read)] {
        let waiting = Waiting::start();
        let (request, token) = real_post(&waiting);
        let quay = waiting.world.quay.database();
        let stream = waiting.open(request.clone());
        waiting.still_waits("the first try");
        // The page disconnects before the outcome is known.
        stream.shutdown(how).unwrap();
        drop(stream);
        waiting.still_waits("the first try hung up");
        drop(quay);
        let reply = waiting.send(request);
        assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "closed {name}: {reply}");
        assert_succeeds(waiting, &token);
    }
}

#[test]
fn a_page_can_ask_again_after_the_login_has_ended() {
    let waiting = Waiting::start();
    let (request, token) = real_post(&waiting);
    let quay = waiting.world.quay.database();
    let stream = waiting.open(request.clone());
    waiting.still_waits("the first try");
    drop(stream);
    waiting.still_waits("the first try hung up");
    drop(quay);
    // profiles.toml is written last. After that, quay-auth only waits for the page, which asks again after half a second. This connection
    // stays open as long as quay-auth is there.
    let start = Instant::now();
    while !waiting.world.profiles_toml().contains("obtained_at") {
        assert!(start.elapsed() < PATIENCE, "nothing was stored");
        thread::yield_now();
    }
    let mut silent = connect(&waiting.authority);
    silent.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    assert!(silent.read(&mut [0]).is_err_and(|error| !is_closed(&error)), "it did not wait");
    let reply = waiting.send(request);
    assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "{reply}");
    assert_succeeds(waiting, &token);
}

#[test]
fn a_post_to_a_stopped_process_is_handled_when_it_continues() {
    let waiting = Waiting::start();
    let (request, token) = real_post(&waiting);
    waiting.login.signal(Signal::SIGSTOP);
    drop(waiting.open(request.clone()));
    let second = waiting.open(request);
    waiting.login.signal(Signal::SIGCONT);
    let reply = Reply::read(second);
    assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "{reply}");
    assert_succeeds(waiting, &token);
}

#[test]
fn the_token_is_stored_even_if_the_page_goes_away() {
    let waiting = Waiting::start();
    let (request, token) = real_post(&waiting);
    let quay = waiting.world.quay.database();
    let stream = waiting.open(request);
    waiting.still_waits("the answer");
    drop(stream);
    waiting.still_waits("the page went away");
    drop(quay);
    let start = Instant::now();
    assert_succeeds(waiting, &token);
    // quay-auth waits two seconds for the page to ask again.
    assert!(start.elapsed() < Duration::from_secs(10), "it ended after {:?}", start.elapsed());
}

#[test]
fn a_page_that_does_not_read_the_outcome_does_not_delay_the_login() {
    let waiting = Waiting::start();
    let (request, token) = real_post(&waiting);
    let stream = waiting.open(request);
    assert_succeeds(waiting, &token);
    assert_eq!(Reply::read(stream).outcome(), "stored");
}

#[test]
fn only_the_first_response_is_used() {
    let waiting = Waiting::start();
    let (request, token) = real_post(&waiting);
    let (second_token, _) = real_post(&waiting);
    let quay = waiting.world.quay.database();
    let first = waiting.open(request.clone());
    waiting.still_waits("the first response");
    waiting.check_all([
        row("a planted token", 409, waiting.planted()),
        row("another token of Quay's", 409, second_token),
        row("an error", 409, waiting.post("error=access_denied", "")),
        row("no parameters", 422, waiting.post("", "")),
        row("the first from a foreign origin", 403, request.clone().with("Origin", "null")),
    ]);
    let repeat = waiting.open(request);
    waiting.still_waits("the first response again");
    drop(quay);
    for reply in [first, repeat].map(Reply::read) {
        assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "{reply}");
    }
    assert_succeeds(waiting, &token);
}

#[test]
fn a_response_of_an_earlier_login_is_rejected() {
    let first = Waiting::start();
    let (old, _) = real_post(&first);
    let (old_page, nonce, state) = (first.page(), first.nonce.clone(), first.state.clone());
    let reply = first.send(old.clone());
    assert_eq!(reply.outcome(), "stored", "{reply}");
    let authority = first.authority.clone();
    first.login.succeeds();
    assert!(TcpStream::connect(&authority).is_err(), "the port is still served after the end");

    let second = Waiting::start_in(first.world);
    assert!(second.nonce != nonce && second.state != state && second.nonce != second.state);
    second.check_all([
        row("the earlier response at its own URL", 404, old.clone()),
        row("the planted token at the earlier URL", 404, second.planted().target(&old_page)),
        row("the earlier response at the new URL", 403, old.target(&second.page())),
    ]);
    // Opened from the browser's history, the earlier URL shows the same page as any unknown one.
    let [earlier, unknown] =
        [old_page, format!("{}/{}", second.path, "0".repeat(32))].map(|target| second.send(second.get(&target)));
    assert_eq!((earlier.status(), earlier.body()), (Some(404), unknown.body()));
    // One warning, for the wrong state.
    let messages = second.completes();
    assert_eq!(super::count(&messages, "warning:"), 1, "{messages}");
}
