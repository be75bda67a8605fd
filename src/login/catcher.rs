//! The axum server on the redirect address: serves the page and takes what it hands over (security.md 2.2 and 2.3).
//!
//! It runs on a thread of its own with a current-thread runtime; with `connections.rs` it is all that is async. It decides nothing:
//! what was caught goes to the main thread as an [`Event`], and the answer waits for what the main thread says.

use std::net::TcpListener;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http_body_util::{BodyExt, Limited};
use serde_json::json;
use tokio::sync::{oneshot, watch};
use tokio::time;

use super::answer::{Answer, Rejection};
use super::authorize::{Authorization, State as ExpectedState};
pub(crate) use super::connections::BindError;
use super::connections::{self, Ends, Marks, Reports};
use super::page::{Outcome, Pages, script, style};
use super::{Event, Notice};
use crate::domain::RedirectUri;

/// The most that a POST may carry, in bytes: a JWT of 4 KiB fits several times.
const LARGEST_BODY: usize = 16 * 1024;

/// How long a body may take.
const BODY_PATIENCE: Duration = Duration::from_secs(5);

/// How long an outcome that did not reach its page waits for the page to ask again.
const LINGER: Duration = Duration::from_secs(2);

/// The one place where the main thread's word comes back to the page.
#[derive(Debug)]
pub(crate) struct Reply(watch::Sender<Option<Outcome>>);

impl Reply {
    /// Tells every page that handed over this answer how the login ended.
    pub(crate) fn send(self, outcome: Outcome) {
        self.0.send_replace(Some(outcome));
    }
}

/// The redirect address, held; nobody is served yet. From here on the kernel queues connections.
#[derive(Debug)]
pub(crate) struct Bound {
    /// One listener, or one for each address family.
    listeners: Vec<TcpListener>,
    /// The address.
    redirect_uri: RedirectUri,
}

impl Bound {
    /// Holds the redirect address. Fails where any part of it is another program's.
    pub(crate) fn bind(redirect_uri: &RedirectUri) -> Result<Self, BindError> {
        Ok(Bound { listeners: connections::listen(redirect_uri)?, redirect_uri: redirect_uri.clone() })
    }

    /// Begins to serve one login.
    pub(crate) fn serve(
        self,
        authorization: &Authorization,
        pages: Pages,
        events: Sender<Event>,
    ) -> std::io::Result<Catcher> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (delivered, mut is_delivered) = watch::channel(false);
        let desk = Arc::new(Desk {
            authority: self.redirect_uri.authority().to_owned(),
            origin: format!("http://{}", self.redirect_uri.authority()),
            state: authorization.state(),
            pages,
            events,
            caught: Mutex::new(None),
            delivered,
        });
        let path = authorization.redirect_uri().strip_prefix(&desk.origin).unwrap_or("/");
        let router = router(path, Arc::clone(&desk));
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("catcher".to_owned()).spawn(move || {
            runtime.block_on(async {
                let ended = async {
                    // Dropped without a word: the login ended without an outcome, nobody waits for one.
                    if let Ok(Linger) = stopped.await {
                        let _ = time::timeout(LINGER, is_delivered.wait_for(|delivered| *delivered)).await;
                    }
                };
                tokio::select! {
                    _ = connections::accept(self.listeners, router, desk) => {}
                    () = ended => {}
                }
            });
        })?;
        Ok(Catcher { stop: Some(stop), thread: Some(thread) })
    }
}

/// Asks the catcher to see an outcome out before it ends.
struct Linger;

/// The running server. Dropped, it ends at once and frees the port.
pub(crate) struct Catcher {
    /// Ends the server.
    stop: Option<oneshot::Sender<Linger>>,
    /// Its thread.
    thread: Option<JoinHandle<()>>,
}

impl Catcher {
    /// Ends it once the outcome has reached the page, two seconds later at most.
    pub(crate) fn finish(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(Linger);
        }
    }
}

impl Drop for Catcher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What every request is answered from.
struct Desk {
    /// `localhost:8976`.
    authority: String,
    /// `http://localhost:8976`.
    origin: String,
    /// The state of this login.
    state: ExpectedState,
    /// The pages.
    pages: Pages,
    /// To the main thread.
    events: Sender<Event>,
    /// The first good answer, and what became of it.
    caught: Mutex<Option<(Answer, watch::Receiver<Option<Outcome>>)>>,
    /// Whether an outcome has reached a page.
    delivered: watch::Sender<bool>,
}

impl Desk {
    /// Tells the main thread something. When it has gone, the login is over and nobody needs to know.
    fn notice(&self, notice: Notice) {
        let _ = self.events.send(Event::Noticed(notice));
    }

    /// Takes the answer if it is the first or a repeat of it; `None` for a second, different one.
    fn take(&self, answer: Answer) -> Option<watch::Receiver<Option<Outcome>>> {
        let mut caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((first, outcome)) = &*caught {
            return answer.is_repeat_of(first).then(|| outcome.clone());
        }
        let (reply, outcome) = watch::channel(None);
        *caught = Some((answer.clone(), outcome.clone()));
        let _ = self.events.send(Event::Answered(answer, Reply(reply)));
        Some(outcome)
    }
}

impl Reports for Desk {
    fn saw_tls(&self) {
        self.notice(Notice::BrowserWantsTls);
    }

    fn delivered(&self) {
        self.delivered.send_replace(true);
    }
}

/// The routes of one login; `path` is the redirect path with the nonce.
///
/// Methods are told apart by the handlers: axum's own way adds an `Allow` header to answers that must not tell which paths exist.
fn router(path: &str, desk: Arc<Desk>) -> Router {
    let asset = |content_type: &'static str, text: String| {
        let text = Bytes::from(text);
        any(move |desk: State<Arc<Desk>>, request: Request| async move {
            match *request.method() {
                Method::POST => unknown(desk, request).await,
                _ => ([(header::CONTENT_TYPE, content_type)], text).into_response(),
            }
        })
    };
    Router::new()
        .route(path, any(redirect_address))
        .route("/quay-auth.js", asset("text/javascript; charset=utf-8", script()))
        .route("/quay-auth.css", asset("text/css; charset=utf-8", style()))
        .fallback(unknown)
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), guard))
        .layer(middleware::map_response(with_fixed_headers))
        .with_state(desk)
}

/// What every answer carries. No `Access-Control-*`, cookie, `Strict-Transport-Security` or `Server` ever.
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

/// Sets the fixed headers.
async fn with_fixed_headers(mut response: Response) -> Response {
    for (name, value) in FIXED_HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The checks that come before any route, in this order. The first is the defence against DNS rebinding.
async fn guard(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let target = request.uri().authority().map(|authority| authority.as_str());
    let is_ours = |authority: &str| authority.eq_ignore_ascii_case(&desk.authority);
    if !only(headers, &header::HOST).is_some_and(is_ours) || !target.is_none_or(is_ours) {
        return (StatusCode::MISDIRECTED_REQUEST, "This address is not served here.\n").into_response();
    }
    if request.extensions().get::<Ends>().is_some_and(|ends| ends.are_foreign()) {
        return (StatusCode::FORBIDDEN, "This address serves another user of this machine.\n").into_response();
    }
    if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        let allow = [(header::ALLOW, "GET, HEAD, POST")];
        return (StatusCode::METHOD_NOT_ALLOWED, allow, "This method is not served here.\n").into_response();
    }
    let fetched_ahead = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| {
        let purpose = |value: &HeaderValue| {
            let value = value.as_bytes().to_ascii_lowercase();
            [&b"prefetch"[..], b"prerender"].iter().any(|word| value.windows(word.len()).any(|part| part == *word))
        };
        headers.get_all(*name).iter().any(purpose)
    });
    if fetched_ahead {
        return (StatusCode::SERVICE_UNAVAILABLE, "Not ahead of time.\n").into_response();
    }
    next.run(request).await
}

/// The header's value, when it stands there exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Whether a browser says that it does something else than opening a page: a frame, an image, a script's fetch.
fn is_no_navigation(headers: &HeaderMap) -> bool {
    let differs = |name: &str, wanted: &str| headers.get_all(name).iter().any(|value| value != wanted);
    differs("sec-fetch-dest", "document") || differs("sec-fetch-mode", "navigate")
}

/// A page as an answer.
fn html(status: StatusCode, page: &str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.to_owned()).into_response()
}

/// The redirect address.
async fn redirect_address(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    match *request.method() {
        Method::POST => hand_over(&desk, request).await,
        _ => page(&desk, request.headers()),
    }
}

/// GET of the redirect address: the page. Its query is not read here, and it changes nothing.
fn page(desk: &Desk, headers: &HeaderMap) -> Response {
    if is_no_navigation(headers) {
        return (StatusCode::FORBIDDEN, "This is a page to open, not to embed.\n").into_response();
    }
    html(StatusCode::OK, &desk.pages.waiting)
}

/// Any other address: an old login's, a guess, a stray request; or Quay's word that the redirect URI is another one.
async fn unknown(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let is_mismatch =
        form_urlencoded::parse(query.as_bytes()).any(|(key, value)| key == "error" && value == "redirect_uri_mismatch");
    if request.method() == Method::POST || !is_mismatch {
        return html(StatusCode::NOT_FOUND, &desk.pages.unknown);
    }
    // It may be forged, so it only informs; an image that some page embeds does not even do that.
    if !is_no_navigation(request.headers()) {
        desk.notice(Notice::RedirectUriMismatch);
    }
    html(StatusCode::BAD_REQUEST, &desk.pages.mismatch)
}

/// POST of the redirect address: the page hands over what Quay answered.
async fn hand_over(desk: &Desk, request: Request) -> Response {
    let rejected = |status: StatusCode| (status, axum_json(&json!({"outcome": "rejected"}))).into_response();
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let from_our_page = only(&parts.headers, &header::ORIGIN) == Some(&*desk.origin)
        && parts.headers.get_all("sec-fetch-site").iter().all(|site| site == "same-origin");
    if !from_our_page {
        return rejected(StatusCode::FORBIDDEN);
    }
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(status) => return rejected(status),
    };
    let marks = parts.extensions.get::<Marks>();
    marks.iter().for_each(|marks| marks.request_is_whole());
    let answer = match Answer::from_page(&body, &desk.state) {
        Ok(answer) => answer,
        Err(Rejection::NoHandOver) => return rejected(StatusCode::BAD_REQUEST),
        Err(Rejection::Invalid) => return rejected(StatusCode::UNPROCESSABLE_ENTITY),
        Err(Rejection::WrongState) => {
            desk.notice(Notice::WrongState);
            return rejected(StatusCode::FORBIDDEN);
        }
    };
    let Some(mut outcome) = desk.take(answer) else {
        return (StatusCode::CONFLICT, axum_json(&json!({"outcome": "already_answered"}))).into_response();
    };
    let (status, body) = match outcome.wait_for(Option::is_some).await.as_deref() {
        Ok(Some(outcome)) => outcome.response(),
        // The login ended (a signal) before it came to an outcome; the page asks again and finds nobody.
        _ => return rejected(StatusCode::SERVICE_UNAVAILABLE),
    };
    marks.iter().for_each(|marks| marks.answer_is_outcome());
    (status, axum_json(&body)).into_response()
}

/// Whether the body calls itself JSON: a form cannot, and a foreign page's fetch needs a preflight for it, which fails.
fn is_json(headers: &HeaderMap) -> bool {
    only(headers, &header::CONTENT_TYPE)
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

/// The whole body, or the status that says why not.
async fn read_body(body: Body) -> Result<Bytes, StatusCode> {
    match time::timeout(BODY_PATIENCE, Limited::new(body, LARGEST_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

/// A JSON body. Ours are small and known, so the framework's extractor and its errors are not needed.
fn axum_json(value: &serde_json::Value) -> ([(HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string())
}
