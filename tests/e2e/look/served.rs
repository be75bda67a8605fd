//! The program's own page, served again byte for byte, with any answer to its POST: so each outcome is one visit away.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::world::World;

/// One outcome of the page: how it is reached and how it is answered.
pub(super) struct Case {
    /// The outcome, as the page names it.
    pub(super) outcome: &'static str,
    /// What stands behind the redirect address.
    behind: &'static str,
    /// The answer to the POST: status and body; 0 is no answer at all, 1 a closed connection.
    answer: (u16, &'static str),
}

/// A token as Quay's look.
const TOKEN: &str = "#access_token=PAGEPAGEPAGEPAGEPAGEPAGEPAGEPAGEPAGE0001&token_type=Bearer&expires_in=315576000";

/// All outcomes.
pub(super) const CASES: [Case; 13] = [
    Case { outcome: "waiting", behind: TOKEN, answer: (0, "") },
    Case {
        outcome: "stored",
        behind: TOKEN,
        answer: (
            200,
            r#"{"outcome":"stored","user":"alice","profile":"default@quay.io","host":"quay.io","scopes":"repo:read,user:read","store":"the keyring","expires":"2036-11-24"}"#,
        ),
    },
    Case {
        outcome: "stored_unverified",
        behind: TOKEN,
        answer: (
            200,
            r#"{"outcome":"stored_unverified","user":"","profile":"default@quay.io","host":"quay.io","scopes":"repo:read","store":"a file that only you may read","expires":""}"#,
        ),
    },
    Case {
        outcome: "refused",
        behind: "?error=authorization_denied",
        answer: (
            200,
            r#"{"outcome":"refused","message":"the request was cancelled in the browser; nothing was changed"}"#,
        ),
    },
    Case { outcome: "not_valid", behind: TOKEN, answer: (502, r#"{"outcome":"not_valid"}"#) },
    Case { outcome: "store_failed", behind: TOKEN, answer: (507, r#"{"outcome":"store_failed"}"#) },
    Case { outcome: "gone", behind: TOKEN, answer: (1, "") },
    Case { outcome: "already_answered", behind: TOKEN, answer: (409, r#"{"outcome":"already_answered"}"#) },
    Case { outcome: "another_user", behind: TOKEN, answer: (409, r#"{"outcome":"another_user","user":"mallory"}"#) },
    Case { outcome: "rejected", behind: TOKEN, answer: (403, "no\n") },
    Case { outcome: "nothing", behind: "", answer: (0, "") },
    Case { outcome: "mismatch", behind: "?error=redirect_uri_mismatch", answer: (0, "") },
    Case { outcome: "unknown", behind: "", answer: (0, "") },
];

/// A server of the program's page.
pub(super) struct Served {
    authority: String,
}

impl Served {
    /// Asks a login that waits for all that it serves, and serves it.
    pub(super) fn start(world: &World) -> Served {
        let mut login = world.login(&[]).start();
        let url = url::Url::parse(&login.authorize_url()).expect("an address");
        let redirect = url.query_pairs().find(|(name, _)| name == "redirect_uri").expect("the redirect URI").1;
        let redirect = url::Url::parse(&redirect).expect("the redirect URI");
        let authority = redirect.authority().to_owned();
        let fetch = |target: &str| fetch(&authority, target);
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for asset in ["/quay-auth.js", "/quay-auth.css"] {
            files.insert(asset.to_owned(), fetch(asset));
        }
        files.insert("/waiting".to_owned(), fetch(redirect.path()));
        files.insert("/mismatch".to_owned(), fetch("/elsewhere?error=redirect_uri_mismatch"));
        files.insert("/unknown".to_owned(), fetch("/elsewhere"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let authority = listener.local_addr().expect("its address").to_string();
        let files = Arc::new(files);
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let files = Arc::clone(&files);
                thread::spawn(move || answer(&files, socket));
            }
        });
        Served { authority }
    }

    /// The address at which a browser comes to this outcome.
    pub(super) fn address(&self, case: &Case) -> String {
        format!("http://{}/{}{}", self.authority, case.outcome, case.behind)
    }
}

/// The whole answer to a GET.
fn fetch(authority: &str, target: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(authority).expect("the login's address");
    write!(socket, "GET {target} HTTP/1.1\r\nHost: {authority}\r\n\r\n").expect("a request");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("an answer");
    answer
}

/// Answers one request by its path, which names the outcome.
fn answer(files: &BTreeMap<String, Vec<u8>>, mut socket: TcpStream) -> Option<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head.split(' ').nth(1)?;
    let path = target.split('?').next()?;
    if !head.starts_with("POST ") {
        // Whatever is served by an address of its own; all other outcomes begin with the page that waits.
        return socket.write_all(files.get(path).or(files.get("/waiting"))?).ok();
    }
    let case = CASES.iter().find(|case| format!("/{}", case.outcome) == path)?;
    match case.answer {
        (0, _) => drop(socket.read_to_end(&mut Vec::new())),
        (1, _) => {}
        (status, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            socket.write_all((head + body).as_bytes()).ok()?;
        }
    }
    Some(())
}
