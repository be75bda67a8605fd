//! Good requests, bent at random. The seed is printed and can be given again: `QUAY_AUTH_FUZZ_SEED=1 cargo test --test e2e fuzz`.

use std::io::Write;
use std::net::Shutdown;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Waiting;
use super::request::{Reply, connect};

/// How many requests.
const COUNT: usize = 2_000;

/// Small random numbers that a seed repeats (SplitMix64).
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

/// What parsers stumble over.
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

/// Bends a request in one to four places.
fn bend(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
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
fn bent_requests_change_nothing() {
    #[allow(clippy::disallowed_methods, reason = "a seed to repeat is given by a person")]
    let given = std::env::var("QUAY_AUTH_FUZZ_SEED").ok().map(|seed| seed.parse().expect("a seed is a number"));
    let seed = given.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos().into());
    println!("QUAY_AUTH_FUZZ_SEED={seed}");
    let mut random = Random(seed);
    let waiting = Waiting::begin();
    // In three ways no answer to this login, lest a lucky bend make it one: the state, the length and the alphabet.
    let odd = waiting.post("scope=repo%3Aread&state=x", "access_token=%24&token_type=Bearer");
    let seeds: Vec<Vec<u8>> = [
        odd.clone(),
        odd.and("Sec-Fetch-Site", "same-origin").and("Transfer-Encoding", "chunked").body("2\r\n{}\r\n0\r\n\r\n"),
        waiting.planted().target(&format!("{}/{}", waiting.path, "0".repeat(32))),
        waiting.get(&format!("{}?state={}", waiting.page(), waiting.state)),
        waiting.get(&waiting.page()).and("Sec-Fetch-Dest", "document").and("Sec-Fetch-Mode", "navigate"),
        waiting.get("/?error=redirect_uri_mismatch"),
        waiting.get("/quay-auth.js").and("Sec-Purpose", "prefetch"),
        waiting.get(&format!("http://{}/", waiting.authority)).method("OPTIONS"),
    ]
    .map(Vec::from)
    .into();
    for index in 0..COUNT {
        let request = bend(seeds[random.below(seeds.len())].clone(), &mut random);
        let name = format!("seed {seed}, request {index}: {:?}", String::from_utf8_lossy(&request));
        let mut stream = connect(&waiting.authority);
        let _ = stream.write_all(&request);
        // Says that no more will come, or a request that lost its end would be waited for. It may be closed already.
        let _ = stream.shutdown(Shutdown::Write);
        let reply = Reply::read(stream);
        match reply.status() {
            // Hung up on, by one side or the other.
            None => assert!(reply.text().is_empty(), "{name}: {reply}"),
            Some(400 | 414 | 431) if reply.body().is_empty() => {}
            Some(200 | 400 | 403 | 404 | 405 | 408 | 413 | 415 | 421 | 422 | 503) => reply.has_the_fixed_headers(&name),
            Some(_) => panic!("{name}: {reply}"),
        }
        if index % 100 == 0 {
            waiting.waits_on(&name);
        }
    }
    waiting.completes();
}
