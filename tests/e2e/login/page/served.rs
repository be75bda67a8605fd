//! Serves the program's own page with any response to its POST, so that each outcome can be opened directly.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use crate::support::world::World;

/// One outcome of the page.
pub(super) struct Case {
    /// Its name in the page.
    pub(super) outcome: &'static str,
    /// What follows the path in the URL.
    suffix: &'static str,
    /// The response to the POST: status and body. 0 means no response, 1 a closed connection.
    response: (u16, &'static str),
}

/// As Quay writes it into the redirect URI.
const TOKEN: &str = "#access_token=PAGEPAGEPAGEPAGEPAGEPAGEPAGEPAGEPAGE0001&token_type=Bearer&expires_in=315576000";

pub(super) const CASES: [Case; 14] = [
    Case { outcome: "waiting", suffix: TOKEN, response: (0, "") },
    Case {
        outcome: "stored",
        suffix: TOKEN,
        response: (
            200,
            r#"{"outcome":"stored","user":"alice","profile":"default@quay.io","host":"quay.io","scopes":"repo:read,user:read","store":"the keyring","expires":"2036-11-24"}"#,
        ),
    },
    Case {
        outcome: "stored_unverified",
        suffix: TOKEN,
        response: (
            200,
            r#"{"outcome":"stored_unverified","user":null,"profile":"default@quay.io","host":"quay.io","scopes":"repo:read","store":"the token file","expires":null}"#,
        ),
    },
    Case {
        outcome: "refused",
        suffix: "?error=authorization_denied",
        response: (
            200,
            r#"{"outcome":"refused","message":"the request was cancelled in the browser; nothing was changed"}"#,
        ),
    },
    Case { outcome: "not_valid", suffix: TOKEN, response: (502, r#"{"outcome":"not_valid"}"#) },
    Case { outcome: "store_failed", suffix: TOKEN, response: (507, r#"{"outcome":"store_failed"}"#) },
    Case { outcome: "gone", suffix: TOKEN, response: (1, "") },
    Case { outcome: "already_answered", suffix: TOKEN, response: (409, r#"{"outcome":"already_answered"}"#) },
    Case { outcome: "another_user", suffix: TOKEN, response: (409, r#"{"outcome":"another_user","user":"mallory"}"#) },
    Case { outcome: "rejected", suffix: TOKEN, response: (403, r#"{"outcome":"rejected"}"#) },
    Case { outcome: "nothing", suffix: "", response: (0, "") },
    Case { outcome: "mismatch", suffix: "?error=redirect_uri_mismatch", response: (0, "") },
    Case { outcome: "unknown", suffix: "", response: (0, "") },
    Case { outcome: "unknown", suffix: TOKEN, response: (0, "") },
];

pub(super) struct Served {
    authority: String,
}

impl Served {
    /// Fetches everything that a waiting login serves, and serves it again.
    pub(super) fn start(world: &World) -> Served {
        let mut login = world.login(&[]).start();
        let url = url::Url::parse(&login.authorize_url()).expect("a URL");
        let redirect = url.query_pairs().find(|(name, _)| name == "redirect_uri").expect("the redirect URI").1;
        let redirect = url::Url::parse(&redirect).expect("the redirect URI");
        let authority = redirect.authority().to_owned();
        let fetch = |target: &str| fetch(&authority, target);
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let page = fetch(redirect.path());
        let text = String::from_utf8_lossy(&page).into_owned();
        for asset in text.split('"').filter(|part| part.starts_with('/') && part.contains('.')) {
            files.insert(asset.to_owned(), fetch(asset));
        }
        files.insert("/waiting".to_owned(), page);
        files.insert("/mismatch".to_owned(), fetch("/elsewhere?error=redirect_uri_mismatch"));
        files.insert("/unknown".to_owned(), fetch("/elsewhere"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
        let authority = listener.local_addr().expect("its address").to_string();
        let files = Arc::new(files);
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let files = Arc::clone(&files);
                thread::spawn(move || respond(&files, socket));
            }
        });
        Served { authority }
    }

    /// The URL that leads to this outcome.
    pub(super) fn url(&self, case: &Case) -> String {
        format!("http://{}/{}{}", self.authority, case.outcome, case.suffix)
    }
}

/// The whole response to a GET.
fn fetch(authority: &str, target: &str) -> Vec<u8> {
    let mut socket = TcpStream::connect(authority).expect("connect to the login");
    write!(socket, "GET {target} HTTP/1.1\r\nHost: {authority}\r\n\r\n").expect("a request");
    let mut response = Vec::new();
    socket.read_to_end(&mut response).expect("a response");
    response
}

/// Responds to one request. The path is the name of the outcome.
fn respond(files: &BTreeMap<String, Vec<u8>>, mut socket: TcpStream) -> Option<()> {
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
        // Outcomes without a page of their own start with the waiting page.
        return socket.write_all(files.get(path).or(files.get("/waiting"))?).ok();
    }
    let case = CASES.iter().find(|case| format!("/{}", case.outcome) == path)?;
    match case.response {
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
