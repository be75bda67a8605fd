//! The pages with their scripts and their style sheet, embedded at build time.
//!
//! Each login serves them at new paths, and its pages name their hashes: another program that had the port before may have left a file
//! for a path that it knew in the browser's cache.

use axum::Router;
use axum::body::Bytes;
use axum::http::{Method, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// A page with `{{placeholders}}`, and the files that it loads.
pub(super) struct Template {
    html: String,
    pub(super) script: Asset,
    pub(super) style: Asset,
}

impl Template {
    /// The page's own script and the style sheet of all pages are served in a folder with an unpredictable name.
    pub(super) fn new(folder: &str, html: &str, script: &str) -> Self {
        let script = Asset {
            path: format!("/{folder}/script.js"),
            content_type: "text/javascript; charset=utf-8",
            text: minified(script),
        };
        let style = Asset {
            path: format!("/{folder}/style.css"),
            content_type: "text/css; charset=utf-8",
            text: minified(include_str!("../../static/page.css")),
        };
        let html = minified(html)
            .replace("{{script}}", &script.attributes("src"))
            .replace("{{style}}", &style.attributes("href"));
        Template { html, script, style }
    }

    /// The page with these texts in place of their placeholders.
    pub(super) fn fill<'a>(&self, texts: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let fill = |page: String, (placeholder, text)| page.replace(placeholder, &escape_html(text));
        texts.into_iter().fold(self.html.clone(), fill)
    }
}

/// Escapes text for use between tags and in quoted attributes.
pub(super) fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A file beside a page.
pub(super) struct Asset {
    path: String,
    content_type: &'static str,
    text: String,
}

impl Asset {
    /// The attributes that load it: `name` with the path, and `integrity`.
    fn attributes(&self, name: &str) -> String {
        let hash = STANDARD.encode(Sha256::digest(&self.text));
        format!("{name}=\"{}\" integrity=\"sha256-{hash}\"", self.path)
    }

    /// Adds its route.
    pub(super) fn serve<S: Clone + Send + Sync + 'static>(&self, router: Router<S>) -> Router<S> {
        let (content_type, text) = (self.content_type, Bytes::from(self.text.clone()));
        let respond = async move |method: Method| match method {
            Method::POST => (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response(),
            _ => ([(header::CONTENT_TYPE, content_type)], text).into_response(),
        };
        router.route(&self.path, any(respond))
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Removes indentation, empty lines, and comments that fill a line.
fn minified(text: &str) -> String {
    let is_comment = |line: &str| {
        let encloses = |begin: &str, end: &str| line.starts_with(begin) && line.ends_with(end);
        line.starts_with("//") || encloses("/*", "*/") || encloses("<!--", "-->")
    };
    let lines = text.lines().map(str::trim_start).filter(|line| !line.is_empty() && !is_comment(line));
    lines.flat_map(|line| [line, "\n"]).collect()
}
