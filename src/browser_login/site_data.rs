//! What another program may have left in the browser while it had our port: files in the cache, and service workers, which would answer
//! in our place and read Quay's response.
//!
//! Only a page of another origin can remove it: on this one, a worker could answer the request.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Removes both. Cookies stay, because the programs on all ports of this machine share them.
const CLEAR_SITE_DATA: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\""));

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Takes the place of a worker that another program has registered, and removes the registration.
const EMPTY_WORKER: &str = "\
oninstall = () => skipWaiting();
onactivate = (event) => event.waitUntil(registration.unregister());
";

/// The response to the start page, which is on another origin.
///
/// The page that receives the token must not send this header: Chromium would write that page's URL, with the token, into its console and
/// its log, even in a private window.
pub(super) async fn clear(method: Method) -> Response {
    if method == Method::POST {
        return (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response();
    }
    let resource_policy = (RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    ([CLEAR_SITE_DATA, resource_policy], "Cleared.\n").into_response()
}

/// Whether the browser loads the script of a service worker. Our pages have none.
pub(super) fn is_for_worker(headers: &HeaderMap) -> bool {
    headers.get_all("service-worker").iter().any(|value| value == "script")
}

/// Without `Service-Worker-Allowed`, a browser would not accept it for a worker that was registered with that header.
pub(super) fn empty_worker() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (HeaderName::from_static("service-worker-allowed"), "/"),
    ];
    (headers, EMPTY_WORKER).into_response()
}
