//! What Quay's answers look like on the wire: status, the headers that were recorded, stock bodies.

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use super::redirect;

const HTML: &str = "text/html; charset=utf-8";

/// An answer: the status, the headers that the recordings keep, the body.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    fn new(status: u16, content_type: &str, body: impl Into<String>) -> Reply {
        Reply { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// HTML (or what Quay calls so) from the web application.
    pub(super) fn html(status: u16, body: impl Into<String>) -> Reply {
        Reply::new(status, HTML, body)
    }

    /// JSON, already written: spacing and order are Quay's, since cut recordings are compared as text.
    pub(super) fn json(status: u16, body: impl Into<String>) -> Reply {
        Reply::new(status, "application/json", body)
    }

    /// A page that nginx serves by itself: the new UI, and refusals that never reach Quay.
    pub(super) fn nginx(status: u16, body: impl Into<String>) -> Reply {
        Reply::new(status, "text/html", body)
    }

    /// One of Flask's bare error pages (A5, H1, I1, J3c).
    pub(super) fn bare(status: u16) -> Reply {
        let (name, words) = match status {
            401 => (
                "Unauthorized",
                "The server could not verify that you are authorized to access the URL requested. You either supplied \
                 the wrong credentials (e.g. a bad password), or your browser doesn&#39;t understand how to supply the \
                 credentials required.",
            ),
            403 => (
                "Forbidden",
                "You don&#39;t have the permission to access the requested resource. It is either read-protected or \
                 not readable by the server.",
            ),
            405 => ("Method Not Allowed", "The method is not allowed for the requested URL."),
            _ => ("Bad Request", "The browser (or proxy) sent a request that this server could not understand."),
        };
        Reply::html(
            status,
            format!(
                "<!doctype html>\n<html lang=en>\n<title>{status} {name}</title>\n<h1>{name}</h1>\n<p>{words}</p>\n"
            ),
        )
    }

    /// Quay's own 404 page, a shell of the web UI (E "scope unknown", F1).
    pub(super) fn not_found() -> Reply {
        Reply::html(404, "<!doctype html>\n<title>Quay</title>\n").framed().uncached()
    }

    /// A word of JSON that Quay sends as HTML: a missing parameter, a CSRF token that does not hold (B6, F2).
    pub(super) fn complaint(status: u16, words: &str) -> Reply {
        Reply::html(status, format!(r#"{{"error": "{words}"}}"#)).open()
    }

    /// The OAuth library's own 400, for a redirect URI that it will not answer at (C3, D6).
    pub(super) fn invalid_request() -> Reply {
        Reply::new(400, "application/json;charset=UTF-8", r#"{"error": "invalid_request"}"#)
            .with("cache-control", "no-store")
    }

    /// Off to another place, with nothing to read.
    pub(super) fn found(uri: &str) -> Reply {
        Reply::html(302, "").with("location", redirect::as_header(uri)).framed()
    }

    /// Flask's way of adding the slash that a path lacks (P2m, N5).
    pub(super) fn moved(uri: &str) -> Reply {
        Reply::html(
            308,
            format!(
                "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting...</h1>\n<p>You \
                 should be redirected automatically to the target URL: <a href=\"{uri}\">{uri}</a>. If not, click the \
                 link.\n"
            ),
        )
        .with("location", redirect::as_header(uri))
        .framed()
    }

    /// The same with another status.
    pub(super) fn status(mut self, status: u16) -> Reply {
        self.status = status;
        self
    }

    /// Adds a header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    /// Forbids frames. Pages of the web UI say so twice, once by nginx and once by Quay.
    pub(super) fn framed(self) -> Reply {
        self.with("x-frame-options", "DENY")
    }

    /// Lets scripts of any origin read the answer, as all of `/api/` does.
    pub(super) fn open(self) -> Reply {
        self.with("access-control-allow-origin", "*")
    }

    /// Never kept by the browser; takes the place of a milder word.
    pub(super) fn uncached(mut self) -> Reply {
        self.headers.retain(|(name, _)| *name != "cache-control");
        self.with("cache-control", "no-cache, no-store, must-revalidate")
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body.into());
        *response.status_mut() = self.status.try_into().expect("a status of three digits");
        for (name, value) in self.headers {
            let value = HeaderValue::from_str(&value).expect("a value that a header may hold");
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
        response
    }
}
