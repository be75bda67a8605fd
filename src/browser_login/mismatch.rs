//! `redirect_uri_mismatch`: Quay sent the browser to the redirect URI that is registered, because the one of this login does not match it
//! (docs/quay.md, cases G).

use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::mpsc::Sender;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use tower_service::Service;

use super::checks::{html, is_subresource, single_value, wrong_name};
use super::page::Pages;
use super::{Event, Notice};
use crate::domain::{InvalidRedirectUri, LoopbackHost, RedirectUri, ServerText};

/// What such a redirect says about the application.
///
/// Any web page can send the browser to such a URL. So the URI is shown, and it is used only if it is on this machine and the user agrees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RegisteredUri {
    /// quay-auth can listen there.
    Usable(RedirectUri),
    Unusable {
        uri: ServerText,
        reason: ServerText,
    },
    /// None is registered, so the browser ends at Quay's own `/oauth/authorize` (case G2b).
    Missing,
}

impl RegisteredUri {
    /// `None` if the URL has no such error. Only its query is looked at.
    pub(crate) fn in_url(url: &str) -> Option<Self> {
        let url = url.split('#').next().unwrap_or_default();
        let (uri, query) = url.split_once('?')?;
        let is_error = |parameter: &&str| *parameter == "error=redirect_uri_mismatch";
        query.split('&').find(is_error)?;
        // Quay adds the error to the query of the registered URI, if that has one.
        let rest = query.split('&').filter(|parameter| !is_error(parameter)).collect::<Vec<_>>().join("&");
        let uri = if rest.is_empty() { uri.to_owned() } else { format!("{uri}?{rest}") };
        if uri.ends_with("/oauth/authorize") {
            return Some(RegisteredUri::Missing);
        }
        Some(match uri.parse() {
            Ok(uri) => RegisteredUri::Usable(uri),
            Err(reason) => {
                RegisteredUri::Unusable { reason: InvalidRedirectUri::to_string(&reason).into(), uri: uri.into() }
            }
        })
    }
}

/// Answers requests that have this error.
#[derive(Clone)]
pub(super) struct MismatchPage {
    page: String,
    events: Sender<Event>,
}

impl MismatchPage {
    pub(super) fn new(pages: &Pages, events: Sender<Event>) -> Self {
        MismatchPage { page: pages.mismatch.clone(), events }
    }

    /// The response, or `None` if the request has no such error. Changes nothing: any website can cause it.
    pub(super) fn respond(&self, request: &Request) -> Option<Response> {
        let host = single_value(request.headers(), &header::HOST)?;
        let target = request.uri().path_and_query()?;
        let registered = RegisteredUri::in_url(&format!("http://{host}{target}"))?;
        if request.method() == Method::POST {
            return None;
        }
        // An image or a frame on a website does not even lead to a notice. A send fails only after the login has ended.
        if !is_subresource(request.headers()) {
            let _ = self.events.send(Event::Notice(Notice::RedirectUriMismatch(registered)));
        }
        Some(html(StatusCode::BAD_REQUEST, &self.page))
    }
}

/// What a browser gets that reaches the catcher by another name of this machine, because the registered redirect URI has that name: only
/// the page about it.
#[derive(Clone)]
pub(super) struct OtherNames {
    /// For example `localhost:7829`, if the redirect URI has `127.0.0.1:7829`.
    authorities: Vec<String>,
    router: Router,
}

impl OtherNames {
    pub(super) fn new(redirect_uri: &RedirectUri, pages: &Pages, events: Sender<Event>) -> Self {
        let names = [
            LoopbackHost::Localhost,
            LoopbackHost::Address(Ipv4Addr::LOCALHOST.into()),
            LoopbackHost::Address(Ipv6Addr::LOCALHOST.into()),
        ];
        let others = names.into_iter().filter(|name| *name != redirect_uri.host());
        let page = MismatchPage::new(pages, events);
        let respond = async move |request: Request| page.respond(&request).unwrap_or_else(wrong_name);
        OtherNames {
            authorities: others.map(|name| format!("{name}:{}", redirect_uri.port())).collect(),
            router: pages.style.serve(pages.script.serve(Router::new())).fallback(respond),
        }
    }

    pub(super) fn include(&self, is_named: impl Fn(&str) -> bool) -> bool {
        self.authorities.iter().any(|authority| is_named(authority))
    }

    pub(super) async fn respond(mut self, request: Request) -> Response {
        let response: Result<Response, Infallible> = self.router.call(request).await;
        match response {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registered_uri_is_what_the_error_was_added_to() {
        let usable = |uri: &str| Some(RegisteredUri::Usable(uri.parse().unwrap()));
        assert_eq!(
            RegisteredUri::in_url("http://localhost:8976/callback?error=redirect_uri_mismatch"),
            usable("http://localhost:8976/callback")
        );
        assert_eq!(RegisteredUri::in_url("http://[::1]:1/?error=redirect_uri_mismatch#top"), usable("http://[::1]:1/"));
        for quay in ["https://quay.io", "http://localhost:8080"] {
            let url = format!("{quay}/oauth/authorize?error=redirect_uri_mismatch");
            assert_eq!(RegisteredUri::in_url(&url), Some(RegisteredUri::Missing));
        }
        for (url, shown, reason) in [
            (
                "https://127.0.0.1:7829/cb?error=redirect_uri_mismatch",
                "https://127.0.0.1:7829/cb",
                "begin with http://",
            ),
            ("http://localhost:0/cb?error=redirect_uri_mismatch", "http://localhost:0/cb", "from 1 to 65535"),
            ("http://evil.example/?error=redirect_uri_mismatch", "http://evil.example/", "stay on this machine"),
            ("http://localhost:1/?a=b&error=redirect_uri_mismatch", "http://localhost:1/?a=b", "a query"),
            ("\u{1b}]0;x?error=redirect_uri_mismatch", "\\u{1b}]0;x", "begin with http://"),
        ] {
            let Some(RegisteredUri::Unusable { uri, reason: why }) = RegisteredUri::in_url(url) else {
                panic!("{url}")
            };
            assert_eq!(uri.as_str(), shown);
            assert!(why.as_str().contains(reason), "{why}");
        }
        for other in
            ["", "http://localhost:1/cb", "http://localhost:1/cb?error=denied", "x#?error=redirect_uri_mismatch"]
        {
            assert_eq!(RegisteredUri::in_url(other), None, "{other}");
        }
    }
}
