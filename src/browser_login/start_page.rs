//! The page that the browser opens first. It removes what other programs have left in the browser for the redirect URI's origin, and then
//! goes to Quay.
//!
//! It has an origin of its own, with a port that no other program could foresee, so nothing can have been left there.

use std::io;
use std::sync::mpsc::Sender;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use url::Url;

use super::Event;
use super::asset::Template;
use super::auth_request::AuthorizationRequest;
use super::checks::{Checks, html, is_subresource};
use super::connections::Origin;
use super::listeners::listen_on_free_port;
use crate::domain::{Host, RedirectUri};
use crate::system::random_hex;

/// `connect-src` has the scheme only, because it cannot name an IPv6 address.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src http:; img-src data:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'",
);

/// The start page, ready to be served.
pub(super) struct StartPage {
    pub(super) url: Url,
    pub(super) origin: Origin,
    /// Where the redirect URI's origin must remove the data: a path with a nonce, so that nothing else causes that.
    pub(super) clear_path: String,
}

impl StartPage {
    /// `host` is where the request goes.
    pub(super) fn new(
        request: &AuthorizationRequest,
        host: &Host,
        redirect_uri: &RedirectUri,
        events: Sender<Event>,
    ) -> io::Result<Self> {
        let nonce = random_hex().map_err(io::Error::other)?;
        let clear_path = format!("/{}", random_hex().map_err(io::Error::other)?);
        let (listeners, port) = listen_on_free_port(redirect_uri.host()).map_err(io::Error::other)?;
        let authority = format!("{}:{port}", redirect_uri.host());
        let url = Url::parse(&format!("http://{authority}/{nonce}")).map_err(io::Error::other)?;
        let clear_url = format!("http://{}{clear_path}", redirect_uri.authority());
        let template =
            Template::new(&nonce, include_str!("../../static/start.html"), include_str!("../../static/start.js"));
        let page = template.fill([
            ("{{host}}", &*host.to_string()),
            ("{{clear_url}}", &clear_url),
            ("{{quay_url}}", request.url().as_str()),
        ]);
        let opened = events.clone();
        let router = Router::new().route(url.path(), any(async move |request: Request| show(&page, &opened, &request)));
        let router = template.style.serve(template.script.serve(router)).fallback(unknown_path);
        let router = Checks { authority, is_reachable: false, events, other_names: None }.protect(router);
        Ok(StartPage { url, origin: Origin { listeners, router }, clear_path })
    }
}

fn show(page: &str, events: &Sender<Event>, request: &Request) -> Response {
    if request.method() == Method::POST || is_subresource(request.headers()) {
        return (StatusCode::FORBIDDEN, "This page cannot be embedded.\n").into_response();
    }
    if request.method() == Method::GET {
        // A send fails only after the login has ended.
        let _ = events.send(Event::BrowserOpened);
    }
    let mut response = html(StatusCode::OK, page);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    response
}

async fn unknown_path() -> Response {
    (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response()
}
