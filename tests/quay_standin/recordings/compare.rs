//! Compares an answer of the stand-in with a recorded one.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::Answer;

/// The headers in the recordings. One that was not recorded must be missing in the answer too.
const RECORDED_HEADERS: [&str; 6] = [
    "content-type",
    "x-frame-options",
    "access-control-allow-origin",
    "cache-control",
    "www-authenticate",
    "retry-after",
];

/// The headers in the cases AA.
const DIRECT_APPROVAL_HEADERS: [&str; 3] = ["content-type", "access-control-allow-origin", "retry-after"];

/// A recorded answer.
pub(super) struct Recorded<'a> {
    pub(super) name: &'a str,
    pub(super) response: &'a Value,
    /// The stand-in's `HOST:PORT`.
    pub(super) authority: &'a str,
    /// The stand-in's CSRF tokens by the numbers of the recorded ones.
    pub(super) csrf_tokens: &'a HashMap<String, String>,
}

impl Recorded<'_> {
    /// The differences: a line for each recorded value, and one for each found value.
    pub(super) fn differences(&self, answer: &Answer) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, recorded: String, found: String| {
            if recorded != found {
                differences.push(format!("{what}: recorded {recorded}\n    {what}: found    {found}"));
            }
        };
        let response = self.response;
        compare("status", response["status"].to_string(), answer.status.to_string());
        let location = response["location"].as_str().or(response["headers"]["location"].as_str()).unwrap_or_default();
        compare("location", stable(&self.here(location)), stable(answer.location().unwrap_or_default()));
        let headers: &[&str] = match self.name.starts_with("AA") {
            true => &DIRECT_APPROVAL_HEADERS,
            false => &RECORDED_HEADERS,
        };
        for name in headers {
            let recorded: Vec<&str> = match &response["headers"][name] {
                Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
                value => value.as_str().into_iter().collect(),
            };
            compare(name, self.here(&format!("{recorded:?}")), format!("{:?}", answer.header(name)));
        }
        let (recorded, found) = self.bodies(answer);
        compare("body", recorded, found);
        if !response["claims"].is_null() {
            compare("claims", response["claims"].to_string(), claims(answer).to_string());
        }
        differences
    }

    /// Replaces the address of the recorded Quay with that of the stand-in.
    fn here(&self, text: &str) -> String {
        here(text, self.authority)
    }

    /// Both bodies, as far as the recording goes: the forms of a consent page, the text of other pages.
    fn bodies(&self, answer: &Answer) -> (String, String) {
        let recorded = self.response["body"].as_str().unwrap_or_default();
        let recorded = with_csrf_tokens(&self.here(recorded), self.csrf_tokens);
        if let Some(text) = recorded.strip_prefix("(HTML page) ") {
            // Pages were cut in the middle of a tag, which then counted as text.
            let text = text.split('<').next().unwrap_or_default().trim_end();
            return (text.to_owned(), beginning(&answer.words(), text));
        }
        let parsed = serde_json::from_str::<Value>(&recorded);
        match parsed {
            Ok(page) if page.get("forms").is_some() => (page.to_string(), consent_page(answer)),
            // Only a few keys of these were recorded.
            Ok(config) if config.get("registry_state").is_some() => {
                let found = serde_json::from_str(&answer.body).unwrap_or_default();
                (sorted(&config).to_string(), sorted(&only_keys_of(&recorded_config(), &found)).to_string())
            }
            Ok(_) if !recorded.contains("REDACTEDjwt") => (stable(&recorded), stable(&answer.body)),
            _ => {
                // The recording is cut or signed. Both are compared up to there, without the last word, which is incomplete.
                let cut = recorded.split("REDACTEDjwt").next().unwrap_or_default();
                let cut = stable(cut.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "-:.#".contains(c)));
                let found = beginning(&stable(&answer.body), &cut);
                (cut, found)
            }
        }
    }

    /// UUID and secret of a token that the API created, as recorded and as found.
    pub(super) fn renamed(&self, answer: &Answer) -> Vec<(String, String)> {
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
}

/// Replaces the address of the recorded Quay with that of the stand-in, also where it is escaped.
pub(super) fn here(text: &str, authority: &str) -> String {
    text.replace("localhost:8080", authority).replace("localhost%3A8080", &authority.replace(':', "%3A"))
}

/// Replaces recorded CSRF tokens, `REDACTEDcsrf` and three digits, with those of the stand-in.
pub(super) fn with_csrf_tokens(text: &str, tokens: &HashMap<String, String>) -> String {
    let known = |(number, token): (&String, &String)| (format!("REDACTEDcsrf{number}"), token.clone());
    tokens.iter().map(known).fold(text.to_owned(), |text, (recorded, token)| text.replace(&recorded, &token))
}

/// Replaces tokens, codes, UUIDs, times, and the hashes and colours of avatars with their kinds.
fn stable(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
    let mut after_hash_sign = false;
    text.split_inclusive(|c| !is_part(c))
        .map(|piece| {
            let word = piece.trim_end_matches(|c| !is_part(c));
            let is_plain = !word.contains(['-', ':', '.']);
            let kind = match (word.len(), word.matches('-').count()) {
                (40, _) if is_plain => "<40 letters and digits>",
                (64, _) if is_plain => "<hash>",
                (6, _) if is_plain && after_hash_sign => "<color>",
                (36, 4) => "<uuid>",
                (27, 2) if word.ends_with('Z') => "<time>",
                _ => word,
            };
            after_hash_sign = piece.ends_with('#');
            format!("{kind}{}", &piece[word.len()..])
        })
        .collect()
}

/// The beginning of a text, of the length of the other.
fn beginning(text: &str, other: &str) -> String {
    text.chars().take(other.chars().count()).collect()
}

/// A consent page in the form of the recordings, which do not contain its sign-in form.
fn consent_page(answer: &Answer) -> String {
    let forms: Vec<Value> = answer
        .forms()
        .iter()
        .filter(|form| form.action != "/signin")
        .map(|form| json!({"action": form.action, "fields": form.fields, "button": form.button}))
        .collect();
    json!({"title": answer.title(), "forms": forms}).to_string()
}

/// The part of a registry token's claims that was recorded.
fn claims(answer: &Answer) -> Value {
    let decoded = || {
        let answer: Value = serde_json::from_str(&answer.body).ok()?;
        let claims = URL_SAFE_NO_PAD.decode(answer["token"].as_str()?.split('.').nth(1)?).ok()?;
        serde_json::from_slice::<Value>(&claims).ok()
    };
    let found = decoded().unwrap_or_default();
    let context = &found["context"];
    let context = json!({"kind": context["kind"], "oauth": context["oauth"], "user": context["user"]});
    json!({"sub": found["sub"], "access": found["access"], "context": context})
}

/// The keys of `/config` that were recorded.
fn recorded_config() -> Value {
    let config = "AUTHENTICATION_TYPE DEFAULT_UI FEATURE_ASSIGN_OAUTH_TOKEN LOCAL_OAUTH_HANDLER PREFERRED_URL_SCHEME SERVER_HOSTNAME";
    let features = "ANONYMOUS_ACCESS APP_SPECIFIC_TOKENS ASSIGN_OAUTH_TOKEN DIRECT_LOGIN RATE_LIMITS SUPERUSERS_FULL_ACCESS SUPER_USERS";
    let object = |names: &str| names.split(' ').map(|name| (name.to_owned(), Value::Null)).collect::<Value>();
    let mut keys = object("external_login registry_state version_number");
    keys["config"] = object(config);
    keys["features"] = object(features);
    keys
}

fn sorted(value: &Value) -> Value {
    let Value::Object(fields) = value else { return value.clone() };
    let fields: BTreeMap<_, _> = fields.iter().map(|(key, value)| (key, sorted(value))).collect();
    json!(fields)
}

fn only_keys_of(keys: &Value, value: &Value) -> Value {
    match (keys, value) {
        (Value::Object(keys), Value::Object(value)) => {
            let known =
                value.iter().filter_map(|(key, value)| Some((key.clone(), only_keys_of(keys.get(key)?, value))));
            Value::Object(known.collect())
        }
        _ => value.clone(),
    }
}
