//! Holds the stand-in to the recorded answers of a real Quay: every case is played again and compared.
#![allow(clippy::unwrap_used, reason = "a recording that cannot be read fails the test")]

mod before;

use serde_json::{Value, json};

use crate::quay::{Answer, Browser, Quay};

const RECORDINGS: &str = include_str!("../../recordings/transcripts.jsonl");

/// How many recordings are played: a change of this number is a change of what the stand-in promises.
const PLAYED: usize = 351;

/// The recorded cases that are not played, by the beginning of their names, and why.
const LEFT_OUT: [(&str, &str); 10] = [
    ("J2 ", "quay-auth never lists assignments"),
    ("J10 ", "quay-auth never takes an assignment back"),
    ("K2b ", "goes past the proxy, to the web application's own port"),
    ("K2c ", "goes past the proxy, to the web application's own port"),
    ("N5 GET /.well-known/app-capabilities", "quay-auth never asks for it"),
    ("R2d ", "in the order of their making, which the stand-in does not keep for applications"),
    ("S4 ", "its answer is a dump of Quay's JSON schema"),
    ("S4d ", "its answer is a dump of Quay's JSON schema"),
    ("S4e ", "its answer is a dump of Quay's JSON schema"),
    ("T2b ", "its answer is a dump of Quay's JSON schema"),
];

/// The headers that the recordings keep; one that a case lacks must be lacking in the answer too.
const KEPT_HEADERS: [&str; 5] =
    ["content-type", "x-frame-options", "access-control-allow-origin", "cache-control", "www-authenticate"];

#[test]
fn every_recorded_case_is_answered_as_quay_answered_it() {
    let quay = Quay::start();
    before::prepare(&quay);
    let mut played = 0;
    let mut differences = Vec::new();
    let mut renamed = Vec::new();
    for line in RECORDINGS.lines() {
        let case: Value = serde_json::from_str(&with_new_names(line, &renamed)).unwrap();
        let name = case["name"].as_str().unwrap();
        if LEFT_OUT.iter().any(|(start, _)| name.starts_with(start)) {
            continue;
        }
        played += 1;
        if let Some(tokens) = before::tokens_before(name) {
            quay.world().tokens = tokens;
        }
        let (answer, csrf) = play(&quay, name, &case["request"]);
        let recorded = Recorded { response: &case["response"], authority: quay.address().to_string(), csrf };
        renamed.extend(recorded.renamed(&answer));
        for difference in recorded.differences(&answer) {
            differences.push(format!("{name}\n    {difference}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(played, PLAYED);
}

/// Sends a recorded request from a browser with the recorded session; returns the session's CSRF token too.
fn play(quay: &Quay, name: &str, request: &Value) -> (Answer, String) {
    let authority = quay.address().to_string();
    let mut browser = Browser::new(quay.address());
    match request["session"].as_str() {
        Some("alice") => drop(browser.sign_in("alice", "REDACTEDpassword")),
        Some(user @ ("bob" | "carol")) => drop(browser.sign_in(user, "password")),
        _ => {}
    }
    let csrf: Value = match request["session"].as_str() {
        Some("none") => Value::Null,
        _ => serde_json::from_str(&browser.get("/csrf_token").body).unwrap(),
    };
    let csrf = csrf["csrf_token"].as_str().unwrap_or_default().to_owned();
    if name.starts_with("N2") {
        browser.set_cookie("defaultui", "angular");
    }
    let now = |text: &str| here(&with_csrf(text, &csrf), &authority);

    let mut headers = Vec::new();
    for (name, value) in request["headers"].as_object().into_iter().flatten() {
        let value = match value.as_str() {
            // V4b plays on with the registry token that the case before got.
            Some("Bearer REDACTEDjwt261") => registry_token(&mut browser),
            Some(value) => now(value),
            None if name == "Cookie" => {
                browser = Browser::new(quay.address());
                continue;
            }
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
    let method = request["method"].as_str().unwrap();
    (browser.send(method, &target, &headers, body.as_bytes()), csrf)
}

/// A registry token by alice's password, with its `Bearer`.
fn registry_token(browser: &mut Browser) -> String {
    let basic = "Basic YWxpY2U6UkVEQUNURURwYXNzd29yZA==";
    let answer = browser.send("GET", "/v2/auth", &[("Authorization", basic)], b"");
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    format!("Bearer {}", answer["token"].as_str().unwrap())
}

/// A recording in which what the stand-in minted takes the place of what Quay did: S2c and S6 go on from S2b.
fn with_new_names(line: &str, renamed: &[(String, String)]) -> String {
    renamed.iter().fold(line.to_owned(), |line, (recorded, new)| line.replace(recorded, new))
}

/// The recorded Quay's address turned into the stand-in's, plain and escaped.
fn here(text: &str, authority: &str) -> String {
    text.replace("localhost:8080", authority).replace("localhost%3A8080", &authority.replace(':', "%3A"))
}

/// A recorded CSRF token turned into a real one.
fn with_csrf(text: &str, csrf: &str) -> String {
    match text.split_once("REDACTEDcsrf") {
        Some((before, after)) => format!("{before}{csrf}{}", with_csrf(&after[3..], csrf)),
        None => text.to_owned(),
    }
}

/// Tokens, codes, uuids and times, recorded or new, made equal by their form.
fn without_chance(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
    text.split_inclusive(|c| !is_part(c))
        .map(|piece| {
            let word = piece.trim_end_matches(|c| !is_part(c));
            let dashes = word.matches('-').count();
            match (word.len(), dashes) {
                (40, 0) if !word.contains([':', '.']) => piece.replace(word, "<40 letters and digits>"),
                (36, 4) => piece.replace(word, "<uuid>"),
                (27, 2) if word.ends_with('Z') => piece.replace(word, "<time>"),
                _ => piece.to_owned(),
            }
        })
        .collect()
}

/// A recorded answer, to be held against one of the stand-in's.
struct Recorded<'a> {
    response: &'a Value,
    authority: String,
    csrf: String,
}

impl Recorded<'_> {
    fn differences(&self, answer: &Answer) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, recorded: String, found: String| {
            if recorded != found {
                differences.push(format!("{what}: recorded {recorded}\n    {what}: found    {found}"));
            }
        };
        compare("status", self.response["status"].to_string(), answer.status.to_string());
        let location = self.response["location"].as_str().unwrap_or_default();
        compare(
            "location",
            without_chance(&here(location, &self.authority)),
            without_chance(answer.location().unwrap_or_default()),
        );
        for name in KEPT_HEADERS {
            let recorded: Vec<&str> = match &self.response["headers"][name] {
                Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
                value => value.as_str().into_iter().collect(),
            };
            let recorded = format!("{recorded:?}").replace("localhost:8080", &self.authority);
            compare(name, recorded, format!("{:?}", answer.header(name)));
        }
        let (recorded, found) = self.bodies(answer);
        compare("body", recorded, found);
        differences
    }

    /// The uuid and the secret of a token that the API made, as recorded and as new.
    fn renamed(&self, answer: &Answer) -> Vec<(String, String)> {
        let recorded = self.response["body"].as_str().unwrap_or_default();
        let parse = |body| serde_json::from_str::<Value>(body).unwrap_or_default();
        let (recorded, new) = (parse(recorded), parse(&answer.body));
        ["uuid", "token"]
            .iter()
            .filter_map(|key| {
                let (recorded, new) = (recorded[key].as_str()?, new[key].as_str()?);
                Some((recorded.to_owned(), new.to_owned()))
            })
            .collect()
    }

    /// Both bodies, as far as the recording goes: of a consent page the forms, of other pages the words.
    fn bodies(&self, answer: &Answer) -> (String, String) {
        let recorded = self.response["body"].as_str().unwrap_or_default();
        let recorded = with_csrf(&here(recorded, &self.authority), &self.csrf);
        if let Some(words) = recorded.strip_prefix("(HTML page) ") {
            // Pages were cut in the middle of a tag, which then stayed among the words.
            let words = words.split('<').next().unwrap_or_default().trim_end();
            return (words.to_owned(), beginning(&answer.words(), words));
        }
        match serde_json::from_str::<Value>(&recorded) {
            Ok(page) if page.get("forms").is_some() => (page.to_string(), consent_page(answer)),
            Err(_) if !recorded.is_empty() => {
                let cut = recorded.split("REDACTEDjwt").next().unwrap_or_default();
                let cut = without_chance(cut);
                let found = beginning(&without_chance(&answer.body), &cut);
                (cut, found)
            }
            _ => (without_chance(&recorded), without_chance(&answer.body)),
        }
    }
}

/// As much of a text as another is long.
fn beginning(text: &str, other: &str) -> String {
    text.chars().take(other.chars().count()).collect()
}

/// A consent page in the form of the recordings.
fn consent_page(answer: &Answer) -> String {
    let forms: Vec<Value> = answer
        .forms()
        .iter()
        .map(|form| json!({"action": form.action, "fields": form.fields, "button": form.button}))
        .collect();
    json!({"title": answer.title(), "forms": forms}).to_string()
}
