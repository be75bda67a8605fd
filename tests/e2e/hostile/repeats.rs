//! The same answer again, another answer, and the answers of earlier logins.

use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use url::Url;

use super::request::{Reply, Request, connect, is_closed, row};
use super::{MARK, Waiting, files_with};
use crate::quay::Verify;
use crate::world::{PATIENCE, token_of};

/// The real answer of Quay: as the page's POST, and the token in it.
fn real(waiting: &Waiting) -> (Request, String) {
    let location = waiting.world.quay.authorize(&waiting.url).unwrap();
    let url = Url::parse(&location).unwrap();
    (waiting.post(url.query().unwrap(), url.fragment().unwrap()), token_of(&location))
}

/// The login ends well with this token, which was checked and written once.
fn ends_well(waiting: Waiting, token: &str) {
    waiting.login.succeeds();
    waiting.world.run(["print-token"]).stdout(&format!("{token}\n")).succeeds();
    let asked = waiting.world.quay.requests().iter().filter(|request| request.path == "/v2/auth").count();
    assert_eq!(asked, 1, "Quay was asked again about the same token");
    assert!(files_with(MARK, &waiting.world.home()).is_empty(), "the planted token was kept");
}

#[test]
fn two_submits_at_once_have_one_outcome() {
    let waiting = Waiting::begin();
    let (request, token) = real(&waiting);
    let quay = waiting.world.quay.world();
    let streams: Vec<TcpStream> = (0..5).map(|_| waiting.open(request.clone())).collect();
    // Who comes after them is served, so they have been heard; their outcome is not known until Quay may speak.
    waiting.waits_on("five submits");
    drop(quay);
    for (index, stream) in streams.into_iter().enumerate() {
        let reply = Reply::read(stream);
        assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "submit {index}: {reply}");
    }
    ends_well(waiting, &token);
}

#[test]
fn a_lost_answer_is_given_again() {
    for (name, how) in [("both ways", Shutdown::Both), ("to write", Shutdown::Write), ("to read", Shutdown::Read)] {
        let waiting = Waiting::begin();
        let (request, token) = real(&waiting);
        let quay = waiting.world.quay.world();
        let stream = waiting.open(request.clone());
        waiting.waits_on("the first try");
        // It hangs up before the answer is known, and so before it could be read.
        stream.shutdown(how).unwrap();
        drop(stream);
        waiting.waits_on("the first try hung up");
        drop(quay);
        let reply = waiting.send(request);
        assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "closed {name}: {reply}");
        ends_well(waiting, &token);
    }
}

#[test]
fn a_lost_answer_is_given_again_after_all_is_done() {
    let waiting = Waiting::begin();
    let (request, token) = real(&waiting);
    let quay = waiting.world.quay.world();
    let stream = waiting.open(request.clone());
    waiting.waits_on("the first try");
    drop(stream);
    waiting.waits_on("the first try hung up");
    drop(quay);
    // The list of logins is written last. Then the program has nothing to do but to wait for the page, which asks again after half a
    // second; till then the program has to be there, or this connection would close.
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
    ends_well(waiting, &token);
}

#[test]
fn an_answer_sent_while_the_program_was_stopped_is_not_lost() {
    let waiting = Waiting::begin();
    let (request, token) = real(&waiting);
    waiting.login.signal(Signal::SIGSTOP);
    drop(waiting.open(request.clone()));
    let second = waiting.open(request);
    waiting.login.signal(Signal::SIGCONT);
    let reply = Reply::read(second);
    assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "{reply}");
    ends_well(waiting, &token);
}

#[test]
fn a_page_that_went_away_does_not_undo_the_token() {
    let waiting = Waiting::begin();
    let (request, token) = real(&waiting);
    let quay = waiting.world.quay.world();
    let stream = waiting.open(request);
    waiting.waits_on("the answer");
    drop(stream);
    waiting.waits_on("the page went away");
    drop(quay);
    let start = Instant::now();
    ends_well(waiting, &token);
    // It waits two seconds for the page to ask again, and no more.
    assert!(start.elapsed() < Duration::from_secs(10), "it ended after {:?}", start.elapsed());
}

#[test]
fn a_page_that_does_not_read_does_not_hold_the_login() {
    let waiting = Waiting::begin();
    let (request, token) = real(&waiting);
    let stream = waiting.open(request);
    ends_well(waiting, &token);
    assert_eq!(Reply::read(stream).outcome(), "stored");
}

#[test]
fn another_answer_after_the_first_is_not_used() {
    let waiting = Waiting::begin();
    let (request, token) = real(&waiting);
    let (second_of_ours, _) = real(&waiting);
    let quay = waiting.world.quay.world();
    let first = waiting.open(request.clone());
    waiting.waits_on("the first answer");
    waiting.answers([
        row("a planted token", 409, waiting.planted()),
        row("another token of Quay's", 409, second_of_ours),
        row("an error", 409, waiting.post("error=access_denied", "")),
        row("what is no answer", 422, waiting.post("", "")),
        row("the first of a foreign origin", 403, request.clone().with("Origin", "null")),
    ]);
    let repeat = waiting.open(request);
    waiting.waits_on("the first answer again");
    drop(quay);
    for reply in [first, repeat].map(Reply::read) {
        assert_eq!((reply.status(), reply.outcome()), (Some(200), "stored".to_owned()), "{reply}");
    }
    ends_well(waiting, &token);
}

#[test]
fn a_token_that_quay_refuses_ends_the_login_and_is_not_kept() {
    let waiting = Waiting::begin();
    waiting.world.quay.set_verify(Verify::Unauthorized);
    let reply = waiting.send(waiting.planted());
    assert_eq!((reply.status(), reply.outcome()), (Some(502), "not_valid".to_owned()), "{reply}");
    waiting.login.fails(5);
    assert!(files_with(MARK, &waiting.world.home()).is_empty(), "the planted token was kept");
    assert_eq!(waiting.world.run(["print-token"]).stderr("quay-auth").fails(3).stdout, "");
}

#[test]
fn an_answer_of_an_earlier_login_is_nobodys() {
    let first = Waiting::begin();
    let (old, _) = real(&first);
    let (old_page, nonce, state) = (first.page(), first.nonce.clone(), first.state.clone());
    let reply = first.send(old.clone());
    assert_eq!(reply.outcome(), "stored", "{reply}");
    let authority = first.authority.clone();
    first.login.succeeds();
    assert!(TcpStream::connect(&authority).is_err(), "the port is still served after the end");

    let second = Waiting::begin_in(first.world);
    assert!(second.nonce != nonce && second.state != state && second.nonce != second.state);
    second.answers([
        row("the answer of the login before", 404, old.clone()),
        row("the planted token at the page before", 404, second.planted().target(&old_page)),
        row("the answer before at the page of now", 403, old.target(&second.page())),
    ]);
    // Reopened from the history, it is the same page as any address that is nobody's.
    let [before, never] =
        [old_page, format!("{}/{}", second.path, "0".repeat(32))].map(|target| second.send(second.get(&target)));
    assert_eq!((before.status(), before.body()), (Some(404), never.body()));
    // The state was another login's.
    let said = second.completes();
    assert_eq!(super::count(&said, "warning:"), 1, "{said}");
}
