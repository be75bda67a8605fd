//! Prints method, URL and status of each request, for `--verbose`. Never a header, a query or a body, which may contain a secret.

use ureq::http::{Method, StatusCode};

/// `None`: prints nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct RequestLog(Option<fn(&str)>);

impl RequestLog {
    pub(crate) fn new(print: fn(&str)) -> Self {
        RequestLog(Some(print))
    }

    /// `status` is `None` if there was no response.
    pub(super) fn write(self, method: &Method, url: &str, status: Option<StatusCode>) {
        let Some(print) = self.0 else { return };
        let url = url.split_once('?').map_or(url, |(url, _)| url);
        let status = status.map_or_else(|| "no response".to_owned(), |status| status.as_u16().to_string());
        print(&format!("{method} {url}: {status}"));
    }
}

/// For `Connection`: two connections are equal even if only one is logged.
impl PartialEq for RequestLog {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
