//! What is served at the redirect URI's origin: the page, and the POST with which it sends Quay's response.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Extension, Router};
use http_body_util::{BodyExt, Limited};
use serde_json::json;
use tokio::sync::watch;
use tokio::time;

use super::auth_request::State as ExpectedState;
use super::auth_response::{AuthResponse, ResponseError};
use super::checks::{html, is_subresource, single_value};
use super::connections::RequestProgress;
use super::mismatch::MismatchPage;
use super::page::{LoginOutcome, Pages};
use super::{Event, Notice, site_data};

/// The size limit of a POST. A token has 4096 characters at most.
const MAX_BODY_SIZE: usize = 16 * 1024;

const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Reports the outcome of the login to the page that posted the response.
#[derive(Debug)]
pub(crate) struct Reply(watch::Sender<Option<LoginOutcome>>);

impl Reply {
    /// Answers every request that posted the same response.
    pub(crate) fn send(self, outcome: LoginOutcome) {
        self.0.send_replace(Some(outcome));
    }
}

/// What the request handlers share.
pub(super) struct Routes {
    /// For example `http://localhost:8976`.
    origin: String,
    state: ExpectedState,
    pages: Pages,
    mismatch: MismatchPage,
    events: Sender<Event>,
    first_response: Mutex<Option<FirstResponse>>,
}

/// The first valid response, and where its outcome will arrive.
struct FirstResponse {
    response: AuthResponse,
    outcome: watch::Receiver<Option<LoginOutcome>>,
}

impl Routes {
    /// `authority` is that of the redirect URI.
    pub(super) fn new(state: ExpectedState, authority: &str, pages: Pages, events: Sender<Event>) -> Self {
        let mismatch = MismatchPage::new(&pages, events.clone());
        Routes {
            origin: format!("http://{authority}"),
            state,
            pages,
            mismatch,
            events,
            first_response: Mutex::new(None),
        }
    }

    /// The router. `path` is the path of the redirect URI with the nonce, and `clear_path` what the start page asks for.
    ///
    /// The handlers check the method themselves: axum would add an `Allow` header, which reveals that a path exists.
    pub(super) fn router(self, path: &str, clear_path: Option<&str>) -> Router {
        let mut router = Router::new().route(path, any(redirect_target));
        if let Some(path) = clear_path {
            router = router.route(path, any(site_data::clear));
        }
        router = self.pages.style.serve(self.pages.script.serve(router));
        router.fallback(unknown_path).with_state(Arc::new(self))
    }

    /// Notifies the main thread. A send fails only after the login has ended.
    fn notify(&self, notice: Notice) {
        let _ = self.events.send(Event::Notice(notice));
    }

    /// Passes the first response to the main thread. Returns where its outcome will arrive, or `None` for a different response later on.
    fn accept(&self, response: AuthResponse) -> Option<watch::Receiver<Option<LoginOutcome>>> {
        let mut first = self.first_response.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = &*first {
            return response.is_repeat_of(&first.response).then(|| first.outcome.clone());
        }
        let (reply, outcome) = watch::channel(None);
        *first = Some(FirstResponse { response: response.clone(), outcome: outcome.clone() });
        let _ = self.events.send(Event::Response(response, Reply(reply)));
        Some(outcome)
    }
}

async fn redirect_target(
    State(state): State<Arc<Routes>>,
    Extension(progress): Extension<RequestProgress>,
    request: Request,
) -> Response {
    match *request.method() {
        Method::POST => take_response(&state, &progress, request).await,
        _ => page(&state, request.headers()),
    }
}

/// GET of the redirect URI: the page. The query is not read here, so a GET changes nothing.
fn page(state: &Routes, headers: &HeaderMap) -> Response {
    if is_subresource(headers) {
        return (StatusCode::FORBIDDEN, "This page cannot be embedded.\n").into_response();
    }
    html(StatusCode::OK, &state.pages.waiting)
}

/// Any other path: of an earlier login, a guess, or the registered redirect URI if that is a different one.
async fn unknown_path(State(state): State<Arc<Routes>>, request: Request) -> Response {
    let unknown = || html(StatusCode::NOT_FOUND, &state.pages.unknown);
    state.mismatch.respond(&request).unwrap_or_else(unknown)
}

/// POST of the redirect URI: the page sends Quay's response.
async fn take_response(state: &Routes, progress: &RequestProgress, request: Request) -> Response {
    let rejected = |status: StatusCode| (status, json_body(&json!({"outcome": "rejected"}))).into_response();
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let is_from_our_page = single_value(&parts.headers, &header::ORIGIN) == Some(&*state.origin)
        && parts.headers.get_all("sec-fetch-site").iter().all(|site| site == "same-origin");
    if !is_from_our_page {
        return rejected(StatusCode::FORBIDDEN);
    }
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(status) => return rejected(status),
    };
    progress.set_request_received();
    let response = match AuthResponse::from_post(&body, &state.state) {
        Ok(response) => response,
        Err(ResponseError::InvalidBody) => return rejected(StatusCode::BAD_REQUEST),
        Err(ResponseError::InvalidParameters) => return rejected(StatusCode::UNPROCESSABLE_ENTITY),
        Err(ResponseError::WrongState) => {
            state.notify(Notice::WrongState);
            return rejected(StatusCode::FORBIDDEN);
        }
    };
    let Some(mut outcome) = state.accept(response) else {
        return (StatusCode::CONFLICT, json_body(&json!({"outcome": "already_answered"}))).into_response();
    };
    let (status, body) = match outcome.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(outcome)) => outcome.status_and_json(),
        // A signal ended the login before there was an outcome. The page tries again, and then nothing listens any more.
        _ => return rejected(StatusCode::SERVICE_UNAVAILABLE),
    };
    progress.set_reports_outcome();
    (status, json_body(&body)).into_response()
}

/// Whether the body is declared as JSON. A form cannot do that, and a `fetch` from another site needs a preflight first, which fails.
fn is_json(headers: &HeaderMap) -> bool {
    single_value(headers, &header::CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

/// The whole body, or the status for a request whose body is too large, too slow or broken.
async fn read_body(body: Body) -> Result<Bytes, StatusCode> {
    match time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY_SIZE).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// A JSON body. axum's own `Json` can fail to serialize, which these values cannot.
fn json_body(value: &serde_json::Value) -> ([(HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string())
}
