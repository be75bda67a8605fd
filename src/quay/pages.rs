//! Fetches all pages of a list and joins them to one JSON document. A server can determine neither how long this takes nor how much memory it
//! needs.

use std::collections::HashSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{self, MapAccess, Visitor};
use serde_json::value::RawValue;
use ureq::http::{Method, header::HeaderMap};

use super::api::Api;
use super::client::{Error, HttpRequest, HttpResponse};
use crate::domain::ApiPath;

const MAX_PAGES: usize = 1000;

/// The most keys that a page can have. Those of Quay have fewer than ten.
const MAX_KEYS: usize = 100;

/// The size limit for the pages of a document that is not parsed, in bytes.
pub(crate) const MAX_DOCUMENT: usize = 16 * 1024 * 1024;

/// Why the pages of a list could not be joined.
#[derive(Debug)]
pub(crate) enum PagesError {
    Request(Error),
    /// The server refused the request for a page.
    Refused(Box<HttpResponse>),
    NotAnObject,
    /// There are too many pages, or too many bytes.
    TooMuch,
}

/// The pages of a list.
#[derive(Debug)]
pub(crate) struct Pages {
    /// One JSON object: the first page, with the items of the other pages appended to its lists.
    pub(crate) document: String,
    /// False if the last page names another one that has no new items, as Quay's search does at page 10 (docs/quay.md, case T9).
    pub(crate) is_complete: bool,
}

impl Api<'_> {
    /// Fetches all pages and joins them. `size` limits all pages together, in bytes.
    pub(crate) fn pages(&mut self, path: &ApiPath, headers: &HeaderMap, size: usize) -> Result<Pages, PagesError> {
        let mut document = Document::default();
        let mut seen = HashSet::new();
        let mut left = size;
        let mut next = Some(path.clone());
        let mut is_complete = true;
        while let Some(path) = next {
            if !seen.insert(path.as_str().to_owned()) {
                is_complete = false;
                break;
            }
            if seen.len() > MAX_PAGES {
                return Err(PagesError::TooMuch);
            }
            let path_and_query = path.as_str();
            let request = HttpRequest { method: Method::GET, path_and_query, headers: headers.clone(), body: None };
            let response = self.send(request).map_err(PagesError::Request)?;
            if response.status >= 400 {
                return Err(PagesError::Refused(Box::new(response)));
            }
            left = left.checked_sub(response.body.len()).ok_or(PagesError::TooMuch)?;
            let page = read(&response.body).ok_or(PagesError::NotAnObject)?;
            next = next_page(&page, &path);
            if !document.append(&page) && next.is_some() {
                is_complete = false;
                break;
            }
        }
        Ok(Pages { document: document.into_text(), is_complete })
    }
}

/// The keys of a page, and their values as the server wrote them. Parsed values could take twenty times as much memory as their text.
type Page<'a> = Vec<(String, &'a RawValue)>;

/// `None` if the body is not a JSON object, or one with too many keys.
fn read(body: &[u8]) -> Option<Page<'_>> {
    struct PageVisitor;
    impl<'de> Visitor<'de> for PageVisitor {
        type Value = Page<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<'de>, A::Error> {
            let mut page = Vec::new();
            while let Some(entry) = map.next_entry()? {
                if page.len() == MAX_KEYS {
                    return Err(de::Error::custom("too many keys"));
                }
                page.push(entry);
            }
            Ok(page)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let page = deserializer.deserialize_map(PageVisitor).ok()?;
    deserializer.end().ok()?;
    Some(page)
}

/// The path of the next page: Quay sends a token for it or, for tags, only says that there is one. It is never a URL from the server.
fn next_page(page: &Page<'_>, path: &ApiPath) -> Option<ApiPath> {
    let value = |key: &str| page.iter().find(|(name, _)| name == key).map(|(_, value)| value.get());
    if let Some(token) = value("next_page").and_then(|token| serde_json::from_str::<String>(token).ok()) {
        return Some(path.with_parameter("next_page", &token));
    }
    let number: u64 = serde_json::from_str(value("page")?).ok()?;
    let has_next = value("has_additional") == Some("true");
    has_next.then(|| number.checked_add(1)).flatten().map(|next| path.with_parameter("page", &next.to_string()))
}

/// The pages that were joined so far.
#[derive(Default)]
struct Document {
    members: Vec<(String, Member)>,
}

enum Member {
    /// The items of a list, as one text for each page, without the brackets.
    List(Vec<String>),
    /// Any other value: that of the last page.
    Other(String),
}

impl Document {
    /// Appends the lists of the page. Returns whether they have new items.
    fn append(&mut self, page: &Page<'_>) -> bool {
        let mut is_new = false;
        for (key, value) in page {
            let previous = self.members.iter_mut().find(|(name, _)| name == key).map(|(_, member)| member);
            let items = value.get().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::trim);
            match (previous, items) {
                (Some(Member::List(pages)), Some(items)) => {
                    if !items.is_empty() && pages.last().is_none_or(|last| last != items) {
                        pages.push(items.to_owned());
                        is_new = true;
                    }
                }
                (Some(member), _) => *member = Member::Other(value.get().to_owned()),
                (None, Some(items)) => {
                    let pages = if items.is_empty() { Vec::new() } else { vec![items.to_owned()] };
                    is_new |= !pages.is_empty();
                    self.members.push((key.clone(), Member::List(pages)));
                }
                (None, None) => self.members.push((key.clone(), Member::Other(value.get().to_owned()))),
            }
        }
        is_new
    }

    /// Without `next_page`, since there is none.
    fn into_text(self) -> String {
        let members = self.members.into_iter().filter(|(key, _)| key != "next_page").map(|(key, member)| {
            let key = serde_json::Value::from(key);
            match member {
                Member::List(pages) => format!("{key}:[{}]", pages.join(",")),
                Member::Other(value) => format!("{key}:{value}"),
            }
        });
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_joined_in_quays_order() {
        let mut document = Document::default();
        let first = br#"{"z":1,"tags":[1, 2],"none":[],"page":1,"has_additional":true,"a":{"b":1}, "next_page":"x"}"#;
        assert!(document.append(&read(first).unwrap()));
        assert!(document.append(&read(br#"{"tags":[3.0],"page":2,"has_additional":false,"a":{"c":2}}"#).unwrap()));
        let expected = r#"{"z":1,"tags":[1, 2,3.0],"none":[],"page":2,"has_additional":false,"a":{"c":2}}"#;
        assert_eq!(document.into_text(), expected);
    }

    #[test]
    fn append_tells_whether_a_page_has_new_items() {
        let mut document = Document::default();
        for (page, is_new) in [
            (r#"{"list": [1], "next_page": "a"}"#, true),
            (r#"{"list": [ 1 ], "next_page": "b"}"#, false),
            (r#"{"list": [], "next_page": "c"}"#, false),
            (r#"{"next_page": "d"}"#, false),
            (r#"{"list": [2], "next_page": "e"}"#, true),
        ] {
            assert_eq!(document.append(&read(page.as_bytes()).unwrap()), is_new, "{page}");
        }
    }

    #[test]
    fn only_an_object_with_few_keys_is_a_page() {
        for other in ["", "[1]", "1", "<html>", "{\"a\":1", "{\"a\":1} x", "{a:1}"] {
            assert!(read(other.as_bytes()).is_none(), "{other}");
        }
        let keys = |count: usize| format!("{{{}}}", vec!["\"k\":1"; count].join(","));
        assert!(read(keys(MAX_KEYS).as_bytes()).is_some());
        assert!(read(keys(MAX_KEYS + 1).as_bytes()).is_none());
    }

    #[test]
    fn the_next_page_is_found_by_a_token_or_a_number_only() {
        let next = |page: &str| {
            let path = "repository?public=true".parse().unwrap();
            next_page(&read(page.as_bytes()).unwrap(), &path).map(|path| path.as_str().to_owned())
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
