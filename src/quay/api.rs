//! Any request to Quay's API: with the token, again when the server is busy, page after page.

use std::collections::HashSet;
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value};
use ureq::http::{Method, StatusCode, header};

use super::client::{Answer, Client, Error, Limits, Request, authorization};
use crate::domain::{AccessToken, ApiPath};

/// The API is asked by scripts, and logs are long.
const LIMITS: Limits = Limits { time: Duration::from_secs(30), size: 10 * 1024 * 1024 };

/// How long a GET waits before it asks a busy server again, where the server does not say.
const WAITS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Asks one host's API with one token.
pub(crate) struct Api<'a> {
    /// Speaks to the host.
    pub(crate) client: &'a Client,
    /// The token.
    pub(crate) token: &'a AccessToken,
    /// Told when the server is busy, before the wait: its status, and how long the wait is.
    pub(crate) busy: &'a mut dyn FnMut(u16, Duration),
}

/// Why there is no document made of all pages.
#[derive(Debug)]
pub(crate) enum PagesError {
    /// The request failed.
    Request(Error),
    /// The server refused a page.
    Refused(Box<Answer>),
    /// A page is no JSON object.
    NotAnObject,
    /// The pages lead to each other for ever.
    Endless,
}

impl Api<'_> {
    /// Sends the request with the token. A GET is tried three times while the server is busy (429, 5xx).
    pub(crate) fn send(&mut self, mut request: Request<'_>) -> Result<Answer, Error> {
        request
            .headers
            .extend(authorization("Bearer", self.token.expose()).map(|value| (header::AUTHORIZATION, value)));
        for wait in WAITS {
            let answer = self.client.send(&request, LIMITS)?;
            let is_busy = answer.status == StatusCode::TOO_MANY_REQUESTS || (500..600).contains(&answer.status);
            if !is_busy || request.method != Method::GET {
                return Ok(answer);
            }
            let wait = asked_wait(&answer).unwrap_or(wait);
            (self.busy)(answer.status, wait);
            thread::sleep(wait);
        }
        self.client.send(&request, LIMITS)
    }

    /// Asks for every page and makes one object of them: the first, its lists continued by those of the others.
    pub(crate) fn pages(&mut self, path: &ApiPath, headers: &header::HeaderMap) -> Result<Value, PagesError> {
        let mut whole = Map::new();
        let mut seen = HashSet::new();
        let mut next = Some(path.clone());
        while let Some(path) = next {
            if !seen.insert(path.as_str().to_owned()) {
                return Err(PagesError::Endless);
            }
            let path_and_query = path.as_str();
            let request = Request { method: Method::GET, path_and_query, headers: headers.clone(), body: None };
            let answer = self.send(request).map_err(PagesError::Request)?;
            if answer.status >= 400 {
                return Err(PagesError::Refused(Box::new(answer)));
            }
            let Ok(Value::Object(page)) = serde_json::from_slice(&answer.body) else {
                return Err(PagesError::NotAnObject);
            };
            next = next_page(&page, &path);
            add(&mut whole, page);
        }
        whole.shift_remove("next_page");
        Ok(Value::Object(whole))
    }
}

/// How long the server asks to wait, in seconds; what is beyond ten is not worth it.
fn asked_wait(answer: &Answer) -> Option<Duration> {
    let seconds = answer.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}

/// Where the page behind this one is: Quay names it by a token, or, for tags, says that there is one. Never an address of the server's.
fn next_page(page: &Map<String, Value>, path: &ApiPath) -> Option<ApiPath> {
    match (page.get("next_page"), page.get("has_additional"), page.get("page")) {
        (Some(Value::String(token)), _, _) => Some(path.with_parameter("next_page", token)),
        (_, Some(Value::Bool(true)), Some(number)) => {
            Some(path.with_parameter("page", &number.as_u64()?.checked_add(1)?.to_string()))
        }
        _ => None,
    }
}

/// Continues the lists of `whole` by those of the page; of all else the last page's word counts.
fn add(whole: &mut Map<String, Value>, page: Map<String, Value>) {
    for (key, value) in page {
        match (whole.get_mut(&key), value) {
            (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
            (Some(known), value) => *known = value,
            (None, value) => drop(whole.insert(key, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn pages_become_one_document_in_quays_order() {
        let mut whole = Map::new();
        add(&mut whole, object(r#"{"z":1,"tags":[1,2],"page":1,"has_additional":true,"a":{"b":1}}"#));
        add(&mut whole, object(r#"{"tags":[3],"page":2,"has_additional":false,"a":{"c":2}}"#));
        let expected = r#"{"z":1,"tags":[1,2,3],"page":2,"has_additional":false,"a":{"c":2}}"#;
        assert_eq!(Value::Object(whole).to_string(), expected);
    }

    #[test]
    fn only_a_token_or_a_number_leads_to_the_next_page() {
        let next = |page: &str| {
            next_page(&object(page), &"repository?public=true".parse().unwrap()).map(|path| path.as_str().to_owned())
        };
        let evil = "https://evil.example/api/v1/x";
        assert_eq!(
            next(&format!(r#"{{"next_page":"{evil}"}}"#)).unwrap(),
            "/api/v1/repository?public=true&next_page=https%3A%2F%2Fevil.example%2Fapi%2Fv1%2Fx"
        );
        assert_eq!(next(r#"{"page":2,"has_additional":true}"#).unwrap(), "/api/v1/repository?public=true&page=3");
        for end in [r#"{"page":1,"has_additional":false}"#, r#"{"next_page":null}"#, r#"{"has_additional":true}"#, "{}"]
        {
            assert_eq!(next(end), None, "{end}");
        }
    }
}
