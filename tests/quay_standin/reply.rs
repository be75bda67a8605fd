//! Quay's answers: status, the headers that were recorded, and bodies that many answers have.

use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::redirect;

const HTML: &str = "text/html; charset=utf-8";

/// An answer: the status, the headers that the recordings have, the body.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Reply {
    fn new(status: u16, content_type: &str, body: impl Into<String>) -> Reply {
        Reply { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// A text that the web application sends as HTML.
    pub(super) fn html(status: u16, body: impl Into<String>) -> Reply {
        Reply::new(status, HTML, body)
    }

    pub(super) fn css(body: &str) -> Reply {
        Reply::new(200, "text/css", body)
    }

    /// JSON with Quay's spaces and order, because recordings that were cut are compared as text.
    pub(super) fn json(status: u16, body: impl Into<String>) -> Reply {
        Reply::new(status, "application/json", body)
    }

    /// A page that nginx serves, such as the new UI.
    pub(super) fn nginx(body: impl Into<String>) -> Reply {
        Reply::new(200, "text/html", body)
    }

    /// An error page of nginx: for a rate limit, an outage, or a path that it does not pass on to Quay (cases Z1, Z2, K2).
    pub(super) fn nginx_error(status: u16) -> Reply {
        let reason = match status {
            405 => "Not Allowed",
            429 => "Too Many Requests",
            502 => "Bad Gateway",
            503 => "Service Temporarily Unavailable",
            504 => "Gateway Time-out",
            _ => "Internal Server Error",
        };
        let body = format!(
            "<html>\n<head><title>{status} {reason}</title></head>\n<h1>{status} {reason}</h1>\n<hr>nginx\n</html>\n"
        );
        Reply::new(status, "text/html", body)
    }

    /// Quay failed (cases T2, X3b).
    pub(super) fn internal_error() -> Reply {
        Reply::new(500, "text/html", "<title>Internal Server Error</title>\n<h1>Internal Server Error</h1>\n")
    }

    /// One of Flask's bare error pages (cases A5, H1, I1, J3c).
    pub(super) fn bare(status: u16) -> Reply {
        let (name, message) = match status {
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
            _ => ("Bad Request", NOT_UNDERSTOOD),
        };
        Reply::html(
            status,
            format!(
                "<!doctype html>\n<html lang=en>\n<title>{status} {name}</title>\n<h1>{name}</h1>\n<p>{message}</p>\n"
            ),
        )
    }

    /// Quay's own 404 page, the web UI without its scripts (cases E "scope unknown", F1, W5e).
    pub(super) fn not_found() -> Reply {
        let page = "<!doctype html>\n<title>Quay</title>\n<p>The Quay application could not be loaded, which typically \
                    indicates an external library could not be loaded (usually due to an ad blocker). Please check the \
                    JavaScript console.</p>\n";
        Reply::html(404, page).without_frames().uncached()
    }

    /// JSON that Quay sends as HTML, for a missing parameter or a wrong CSRF token (cases B6, F2).
    pub(super) fn html_error(status: u16, message: &str) -> Reply {
        Reply::html(status, format!(r#"{{"error": "{message}"}}"#)).with_cors()
    }

    /// A refusal by Flask, as JSON (cases S4, S6g).
    pub(super) fn refused(status: u16, message: &str) -> Reply {
        Reply::json(status, format!("{{\"message\": {}}}\n", json!(message))).with_cors()
    }

    /// The same for a request that cannot be parsed (cases S4h, T1g).
    pub(super) fn not_understood() -> Reply {
        Reply::refused(400, NOT_UNDERSTOOD)
    }

    /// The answer to a change while the registry is read-only (case Y1).
    pub(super) fn read_only() -> Reply {
        let body = json!({"is_readonly": true, "message": READ_ONLY});
        Reply::json(503, format!("{body}\n"))
    }

    /// The 400 of the OAuth library, for a redirect URI to which it does not redirect (cases C3, D6).
    pub(super) fn invalid_request() -> Reply {
        Reply::new(400, "application/json;charset=UTF-8", r#"{"error": "invalid_request"}"#)
            .with("cache-control", "no-store")
    }

    /// A redirect to another site.
    pub(super) fn found(uri: &str) -> Reply {
        Reply::html(302, "").with("location", redirect::as_header(uri))
    }

    /// Flask's redirect to the same path with a slash (cases P2m, N5).
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

    /// Forbids frames, as pages of the old UI do.
    pub(super) fn without_frames(self) -> Reply {
        self.with("x-frame-options", "DENY")
    }

    /// Forbids frames, as Quay's nginx does for every answer but errors (its `add_header`).
    pub(super) fn through_nginx(self) -> Reply {
        match self.status {
            200..=299 | 301..=308 => self.without_frames(),
            _ => self,
        }
    }

    /// Lets scripts of any origin read the answer, as everything below `/api/` does.
    pub(super) fn with_cors(self) -> Reply {
        self.with("access-control-allow-origin", "*")
    }

    /// Forbids caching. Replaces another `Cache-Control`.
    pub(super) fn uncached(mut self) -> Reply {
        self.headers.retain(|(name, _)| *name != "cache-control");
        self.with("cache-control", "no-cache, no-store, must-revalidate")
    }
}

/// Werkzeug's text for a bad request.
const NOT_UNDERSTOOD: &str = "The browser (or proxy) sent a request that this server could not understand.";

/// Quay's text for a read-only registry.
pub(super) const READ_ONLY: &str =
    "System is currently read-only. Pulls will succeed but all write operations are currently suspended.";

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
