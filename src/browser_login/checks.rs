//! What all requests to a login have in common: the checks before a request is routed, and the headers of every response.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};

use super::mismatch::OtherNames;
use super::peer::Peer;
use super::{Event, Notice, site_data};

/// What the checks of one origin need.
pub(super) struct Checks {
    /// For example `localhost:8976`.
    pub(super) authority: String,
    /// Whether it listens on an address that other machines can reach, because the user wants that.
    pub(super) is_reachable: bool,
    pub(super) events: Sender<Event>,
    /// Where the redirect URI is.
    pub(super) other_names: Option<OtherNames>,
}

impl Checks {
    /// Adds the checks and the headers to all routes.
    pub(super) fn protect(self, router: Router) -> Router {
        router
            .layer(middleware::from_fn_with_state(Arc::new(self), check_request))
            .layer(middleware::map_response(with_fixed_headers))
    }

    /// Notifies the main thread. A send fails only after the login has ended.
    fn notify(&self, notice: Notice) {
        let _ = self.events.send(Event::Notice(notice));
    }
}

/// Every response has these, and never an `Access-Control-*`, `Set-Cookie`, `Strict-Transport-Security` or `Server` header.
const FIXED_HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// A response that must differ in one of them has it already.
async fn with_fixed_headers(mut response: Response) -> Response {
    for (name, value) in FIXED_HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Checks every request before it is routed. The first check prevents DNS rebinding.
async fn check_request(
    State(checks): State<Arc<Checks>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let target = request.uri().authority().map(|authority| authority.as_str());
    let host = single_value(headers, &header::HOST);
    let is_named = |authority: &str| {
        let is_same = |named: &str| named.eq_ignore_ascii_case(authority);
        host.is_some_and(is_same) && target.is_none_or(is_same)
    };
    let other_name = checks.other_names.clone().filter(|names| names.include(is_named));
    if !is_named(&checks.authority) && other_name.is_none() {
        return wrong_name();
    }
    match peer {
        Peer::Allowed => {}
        Peer::Elsewhere if checks.is_reachable => {}
        Peer::AnotherUser => {
            checks.notify(Notice::AnotherUser);
            return (StatusCode::FORBIDDEN, "This server is for another user of this machine.\n").into_response();
        }
        // The page tries again after this status.
        Peer::Gone | Peer::Elsewhere => {
            return (StatusCode::SERVICE_UNAVAILABLE, "The connection was closed too early.\n").into_response();
        }
    }
    if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        let allow = [(header::ALLOW, "GET, HEAD, POST")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow, "This method is not allowed.\n").into_response();
    }
    if is_prefetch(headers) {
        return (StatusCode::SERVICE_UNAVAILABLE, "This page cannot be prefetched.\n").into_response();
    }
    if let Some(other_name) = other_name {
        return other_name.respond(request).await;
    }
    if site_data::is_for_worker(headers) {
        checks.notify(Notice::ServiceWorker);
        return site_data::empty_worker();
    }
    next.run(request).await
}

pub(super) fn wrong_name() -> Response {
    (StatusCode::MISDIRECTED_REQUEST, "This server is for another host name.\n").into_response()
}

fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-moz"].iter().any(|name| {
        let purpose = |value: &HeaderValue| {
            let value = value.as_bytes().to_ascii_lowercase();
            [&b"prefetch"[..], b"prerender"].iter().any(|word| value.windows(word.len()).any(|part| part == *word))
        };
        headers.get_all(*name).iter().any(purpose)
    })
}

/// The value of a header that occurs exactly once.
pub(super) fn single_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether the browser says that it is not opening a page, but loading a frame, an image or the like.
pub(super) fn is_subresource(headers: &HeaderMap) -> bool {
    let differs = |name: &str, expected: &str| headers.get_all(name).iter().any(|value| value != expected);
    differs("sec-fetch-dest", "document") || differs("sec-fetch-mode", "navigate")
}

/// A page of ours.
pub(super) fn html(status: StatusCode, page: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.to_owned()).into_response()
}
