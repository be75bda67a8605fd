//! Sends every recorded request to the stand-in, and compares its answer with that of the real Quay.
#![allow(clippy::unwrap_used, reason = "a recording that cannot be read fails the test")]

mod compare;
mod first_server;
mod second_server;

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use compare::{Recorded, here, with_csrf_tokens};
use serde_json::Value;

use super::{Answer, Application, Browser, Quay, Token};

const RECORDINGS: &str = include_str!("transcripts.jsonl");

/// The number of recordings that the stand-in answers as Quay did.
const PLAYED: usize = 543;

/// The number of recordings of the first server.
const OF_FIRST_SERVER: usize = 361;

/// The cases that the stand-in answers differently, by the beginning of their names, and why.
const LEFT_OUT: [(&str, &str); 2] = [
    ("K2b ", "was sent past nginx, which keeps /oauth/access_token from Quay: quay-auth cannot reach it"),
    ("K2c ", "was sent past nginx, which keeps /oauth/access_token from Quay: quay-auth cannot reach it"),
];

/// An application of the organization `acme`, as all in the recordings.
fn application(name: &str, redirect_uri: &str) -> Application {
    Application {
        organization: "acme".to_owned(),
        name: name.to_owned(),
        description: "loopback test app".to_owned(),
        homepage: "http://localhost:8976".to_owned(),
        redirect_uri: redirect_uri.to_owned(),
    }
}

#[test]
fn every_recorded_case_is_answered_as_quay_answered_it() {
    let quay = Quay::start();
    first_server::prepare(&quay);
    let mut player = Player { quay: &quay, browsers: HashMap::new(), csrf_tokens: HashMap::new(), renamed: Vec::new() };
    let mut wrong = Vec::new();
    for (number, line) in RECORDINGS.lines().enumerate() {
        let case: Value = serde_json::from_str(&player.with_new_names(line)).unwrap();
        let name = case["name"].as_str().unwrap();
        let id = name.split(' ').next().unwrap();
        if number == OF_FIRST_SERVER {
            second_server::prepare(&quay);
        }
        match number < OF_FIRST_SERVER {
            true => first_server::before(&quay, id),
            false => second_server::before(&quay, id),
        }
        if id != "AA9" {
            forget_wrong_passwords(&quay);
        }
        let differences = player.play(name, &case);
        // A case that agrees must not be left out.
        let is_left_out = LEFT_OUT.iter().any(|(start, _)| name.starts_with(start));
        if is_left_out == differences.is_empty() {
            wrong.push(format!("{name} (left out: {is_left_out})\n    {}", differences.join("\n    ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(RECORDINGS.lines().count() - LEFT_OUT.len(), PLAYED);
}

/// Sends the recorded requests.
struct Player<'a> {
    quay: &'a Quay,
    /// By the name of the session.
    browsers: HashMap<String, Browser>,
    /// The sessions' CSRF tokens by the numbers of the recorded ones.
    csrf_tokens: HashMap<String, String>,
    /// Recorded names of tokens, and their names in the stand-in: S2c and S6 use the token of S2b.
    renamed: Vec<(String, String)>,
}

impl Player<'_> {
    fn with_new_names(&self, line: &str) -> String {
        self.renamed.iter().fold(line.to_owned(), |line, (recorded, new)| line.replace(recorded, new))
    }

    /// Plays a case. Returns the differences.
    fn play(&mut self, name: &str, case: &Value) -> Vec<String> {
        let session = match case["request"]["session"].as_str().unwrap() {
            // The same browser, one case later.
            "bob, just signed in" => "cookie jar, anonymous",
            session => session,
        };
        let mut browser = self.browser(session);
        self.learn_csrf_tokens(&mut browser, &case.to_string());
        if name.starts_with("N2") {
            browser.set_cookie("defaultui", "angular");
        }
        let authority = self.quay.address().to_string();
        let now = |text: &str| with_csrf_tokens(&here(text, &authority), &self.csrf_tokens);
        let answer = send(&mut browser, &case["request"], &now);
        if session == "cookie jar, anonymous" {
            self.browsers.insert(session.to_owned(), browser);
        }
        let response = &case["response"];
        let recorded = Recorded { name, response, authority: &authority, csrf_tokens: &self.csrf_tokens };
        let (differences, renamed) = (recorded.differences(&answer), recorded.renamed(&answer));
        self.renamed.extend(renamed);
        differences
    }

    /// The browser of a session, which stays signed in. Without a session it is a new one.
    fn browser(&mut self, session: &str) -> Browser {
        let new = || {
            let mut browser = Browser::new(self.quay.address());
            let password = self.quay.database().users.get(session).map(|user| user.password.clone());
            if let Some(password) = password {
                browser.sign_in(session, &password);
            }
            browser
        };
        match session {
            "none" => new(),
            _ => self.browsers.entry(session.to_owned()).or_insert_with(new).clone(),
        }
    }

    /// A CSRF token that a case mentions for the first time is that of its session.
    fn learn_csrf_tokens(&mut self, browser: &mut Browser, case: &str) {
        for number in case.split("REDACTEDcsrf").skip(1).map(|rest| &rest[..3]) {
            if !self.csrf_tokens.contains_key(number) {
                let answer: Value = serde_json::from_str(&browser.get("/csrf_token").body).unwrap();
                self.csrf_tokens.insert(number.to_owned(), answer["csrf_token"].as_str().unwrap().to_owned());
            }
        }
    }
}

/// Sends a recorded request. `now` replaces recorded values with those of the stand-in.
fn send(browser: &mut Browser, request: &Value, now: &dyn Fn(&str) -> String) -> Answer {
    let mut headers = Vec::new();
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        let value = match value.as_str() {
            // V4b continues with the registry token of the case before.
            Some("Bearer REDACTEDjwt261") => registry_token(browser),
            Some(value) => now(value),
            // No cookies: there is no session.
            None => continue,
        };
        headers.push((name.as_str(), value));
    }
    let mut body = String::new();
    if let Some(form) = request["form"].as_object() {
        headers.push(("Content-Type", "application/x-www-form-urlencoded".to_owned()));
        let fields = form.iter().map(|(name, value)| (name, now(value.as_str().unwrap())));
        body = url::form_urlencoded::Serializer::new(body).extend_pairs(fields).finish();
    }
    if request.get("json").is_some() {
        headers.push(("Content-Type", "application/json".to_owned()));
        body = request["json"].to_string();
    }
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let target = now(request["url"].as_str().unwrap());
    browser.send(request["method"].as_str().unwrap(), &target, &headers, body.as_bytes())
}

/// The value of `Authorization` with a registry token for alice's password.
fn registry_token(browser: &mut Browser) -> String {
    let basic = "Basic YWxpY2U6UkVEQUNURURwYXNzd29yZA==";
    let answer = browser.send("GET", "/v2/auth", &[("Authorization", basic)], b"");
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    format!("Bearer {}", answer["token"].as_str().unwrap())
}

/// The cases were recorded slowly enough for the delay after a wrong password to be over.
fn forget_wrong_passwords(quay: &Quay) {
    let mut database = quay.database();
    for user in ["alice", "bob", "carol"] {
        if let Some(user) = database.users.get_mut(user) {
            user.no_login_until = None;
        }
    }
}

/// A token as the recordings name it.
fn token(number: u32, user: &str, scopes: &str, client_id: &str, uuid: &str) -> Token {
    let now = SystemTime::now();
    Token {
        value: token_value(number),
        uuid: match uuid {
            "" => format!("00000000-0000-4000-a000-{number:012}"),
            uuid => uuid.to_owned(),
        },
        user: user.to_owned(),
        scopes: scopes.to_owned(),
        client_id: client_id.to_owned(),
        name: None,
        created: now,
        expires_at: now + Duration::from_secs(3600),
        last_accessed: None,
        revoked: false,
    }
}

fn token_value(number: u32) -> String {
    format!("{:x<40}", format!("REDACTEDtok{number}"))
}
