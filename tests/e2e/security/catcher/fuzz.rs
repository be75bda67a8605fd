//! Valid requests with pseudo-random changes. The seed is fixed, so that each run has the same requests.

use super::Waiting;
use super::request::{Reply, connect};
use std::io::Write;
use std::net::Shutdown;

const COUNT: usize = 2_000;

const SEED: u64 = 1;

/// Pseudo-random numbers (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Less than `end`.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// Bytes that parsers get wrong.
const PIECES: [&[u8]; 16] = [
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"%",
    b"\"",
    b"\\u0000",
    b"{",
    b"\xff\xfe",
    b"\xc0\x80",
    b"&",
    b"=",
    b"Transfer-Encoding: chunked\r\n",
];

/// Changes one to four places of a request.
fn mutate(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        let end = (at + 1 + random.below(8)).min(bytes.len());
        match random.below(7) {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = random.byte(),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            4 => bytes.truncate(at),
            5 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            _ => {
                let other = random.below(bytes.len());
                bytes.swap(at, other);
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

#[test]
fn random_requests_change_nothing() {
    let mut random = Random(SEED);
    let waiting = Waiting::start();
    // Invalid in three ways, so that a change cannot make it valid by chance: state, length of the token, and its characters.
    let odd = waiting.post("scope=repo%3Aread&state=x", "access_token=%24&token_type=Bearer");
    let seeds: Vec<Vec<u8>> = [
        odd.clone(),
        odd.and("Sec-Fetch-Site", "same-origin").and("Transfer-Encoding", "chunked").body("2\r\n{}\r\n0\r\n\r\n"),
        waiting.planted().target(&format!("{}/{}", waiting.path, "0".repeat(32))),
        waiting.get(&format!("{}?state={}", waiting.page(), waiting.state)),
        waiting.get(&waiting.page()).and("Sec-Fetch-Dest", "document").and("Sec-Fetch-Mode", "navigate"),
        waiting.get("/?error=redirect_uri_mismatch"),
        waiting.get(&waiting.script).and("Sec-Purpose", "prefetch"),
        waiting.get(&format!("http://{}/", waiting.authority)).method("OPTIONS"),
    ]
    .map(Vec::from)
    .into();
    for index in 0..COUNT {
        let request = mutate(seeds[random.below(seeds.len())].clone(), &mut random);
        let name = format!("request {index}: {:?}", String::from_utf8_lossy(&request));
        let mut stream = connect(&waiting.authority);
        let _ = stream.write_all(&request);
        // Without this, the catcher would wait for the rest of a request that lost its end. Fails if the connection is already closed.
        let _ = stream.shutdown(Shutdown::Write);
        let reply = Reply::read(stream);
        match reply.status() {
            // The connection was closed.
            None => assert!(reply.text().is_empty(), "{name}: {reply}"),
            Some(400 | 414 | 431) if reply.body().is_empty() => {}
            Some(200 | 400 | 403 | 404 | 405 | 408 | 413 | 415 | 421 | 422 | 503) => reply.check_headers(&name),
            Some(_) => panic!("{name}: {reply}"),
        }
        if index % 100 == 0 {
            waiting.still_waits(&name);
        }
    }
    waiting.completes();
}
