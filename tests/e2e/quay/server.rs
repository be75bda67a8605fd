//! The HTTP server around the rules: one thread, one runtime, the routes, sign-in; ends when it is told so.

use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{self, Method};
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;

use super::ask::Ask;
use super::reply::Reply;
use super::world::{Request, Verify, World};
use super::{api, authorize, images, pages, registry};

type Shared = Arc<Mutex<World>>;

/// A running server; the socket and whoever waits for an answer go when it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    world: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a port of 127.0.0.1; the kernel queues connections from here on. Port 0 is any free one.
    pub(super) fn start(port: u16) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("listen on 127.0.0.1");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("the listener's address");
        let world = Arc::new(Mutex::new(World::new(format!("http://{address}"))));
        let (stop, stopped) = oneshot::channel();
        let shared = world.clone();
        let thread = thread::spawn(move || serve(listener, shared, stopped));
        Server { address, world, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the stand-in's thread did not panic");
        }
    }
}

/// A handler that panicked has told so already; the data is sound all the same.
fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(listener: TcpListener, world: Shared, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener for the runtime");
        let router = Router::new().fallback(move |request: http::Request<Body>| handle(world, request));
        tokio::spawn(async move { axum::serve(listener, router).await });
        // The sender is dropped, never used; the runtime ends with this block and takes every connection along.
        let _ = stopped.await;
    });
}

async fn handle(world: Shared, request: http::Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 32 << 20).await.unwrap_or_default();
    let ask = Ask::new(head.method, head.uri, head.headers, body);
    let (hangs, registry) = {
        let mut world = lock(&world);
        world.last_body = ask.body.to_vec();
        world.requests.push(Request {
            method: ask.method.to_string(),
            path: ask.uri.path().to_owned(),
            query: ask.uri.query().unwrap_or_default().to_owned(),
            authorization: ask.header("authorization").is_some(),
            user_agent: ask.header("user-agent").map(str::to_owned),
        });
        let is_of_images = ask.uri.path().starts_with("/v2/") && ask.uri.path() != "/v2/auth";
        let registry = world.registry.as_ref().filter(|_| is_of_images).map(|registry| registry.authority.clone());
        (world.verify == Verify::Hang && ask.uri.path() == "/v2/auth", registry)
    };
    if let Some(registry) = registry {
        return images::forward(&registry, ask.into_request()).await;
    }
    if hangs {
        return pending().await;
    }
    answer(&mut lock(&world), &ask).into_response()
}

/// Which rule answers which address, behind the proxy that serves the new UI (N5).
fn answer(world: &mut World, ask: &Ask) -> Reply {
    let path = ask.uri.path();
    let is_post = ask.method == Method::POST;
    if ask.method == Method::OPTIONS {
        let reply = Reply::html(200, "").framed();
        return match path.starts_with("/api/") {
            true => reply.open(),
            false => reply,
        };
    }
    match path {
        "/oauth/authorize" if ask.is_read() => authorize::authorize(world, ask),
        "/oauth/authorizeapp" if is_post => authorize::authorize_application(world, ask),
        "/oauth/denyapp" if is_post => authorize::deny_application(world, ask),
        "/oauth/authorize/assignuser" if is_post && world.release.refuses_strangers() => {
            authorize::assign_user(world, ask)
        }
        "/v2/auth" if ask.is_read() => registry::auth(world, ask),
        "/oauth/authorize" | "/v2/auth" => Reply::bare(405),
        "/v2/" => registry::base(world, ask),
        "/config" => match world.release.has_config() {
            true => api::config(world),
            false => Reply::not_found(),
        },
        "/csrf_token" => csrf_token(world, ask),
        "/signin" if is_post => sign_in(world, ask),
        "/signin" => {
            let destination = ask
                .query
                .get("redirect_url")
                .filter(|_| !shows_old_ui(world, ask))
                .and_then(|url| url.strip_prefix(world.origin.as_str()));
            Reply::nginx(200, pages::sign_in(destination.unwrap_or("/"))).framed()
        }
        "/oauth/localapp" => local_application(world, ask),
        path if path.starts_with("/api/v1/") => api::answer(world, ask),
        path if is_quays_own(path) && !path.ends_with('/') && ask.is_read() => {
            Reply::moved(&format!("{}{path}/", world.origin))
        }
        _ if ask.is_read() => Reply::nginx(200, pages::new_ui()).framed(),
        _ => Reply::nginx(
            405,
            "<html>\n<head><title>405 Not Allowed</title></head>\n<h1>405 Not Allowed</h1>\n<hr>nginx\n</html>\n",
        ),
    }
}

/// Addresses that the proxy hands to Quay, which takes those that it has no answer to for repositories.
fn is_quays_own(path: &str) -> bool {
    ["/oauth/authorize", "/oauth/denyapp", "/oauth2/", "/.well-known/"].iter().any(|start| path.starts_with(start))
}

/// Quay keeps the choice of `HOST/angular` and `HOST/react` in a cookie; without one the release decides.
fn shows_old_ui(world: &World, ask: &Ask) -> bool {
    match ask.cookie("defaultui") {
        Some(choice) => choice == "angular",
        None => !world.release.prefers_new_ui(),
    }
}

/// Quay's own redirect address, which shows the token: to anybody in the new UI, after signing in in the old (N1, N2).
fn local_application(world: &World, ask: &Ask) -> Reply {
    if !shows_old_ui(world, ask) {
        return Reply::nginx(200, pages::new_ui()).framed();
    }
    if world.visitor(ask).is_none() {
        return Reply::bare(401);
    }
    if ask.wants_json() {
        let token = serde_json::json!({"access_token": ask.query.get("access_token")});
        return Reply::json(200, format!("{token}\n")).framed();
    }
    let page = match ask.query.get("scope") {
        Some(_) => pages::generated_token(),
        None => pages::message("Authorization canceled"),
    };
    Reply::html(200, page).framed().framed()
}

/// The session's CSRF token; a browser without a session gets one (O).
fn csrf_token(world: &mut World, ask: &Ask) -> Reply {
    let reply = |csrf: &str| Reply::json(200, format!("{{\"csrf_token\":\"{csrf}\"}}\n")).framed();
    if let Some(session) = world.session(ask) {
        return reply(&session.csrf);
    }
    let id = world.begin_session(None);
    let csrf = &world.sessions[world.sessions.len() - 1].csrf;
    reply(csrf).with("set-cookie", session_cookie(&id))
}

/// The sign-in form, which in Quay is the web UI's JavaScript and an API call.
fn sign_in(world: &mut World, ask: &Ask) -> Reply {
    let user = ask.form.get("username").unwrap_or_default();
    if !world.has_password(user, ask.form.get("password").unwrap_or_default()) {
        return Reply::bare(403);
    }
    let destination = ask.form.get("destination").filter(|path| path.starts_with('/') && !path.starts_with("//"));
    let id = world.begin_session(Some(user));
    Reply::found(&format!("{}{}", world.origin, destination.unwrap_or("/"))).with("set-cookie", session_cookie(&id))
}

fn session_cookie(id: &str) -> String {
    format!("session={id}; Path=/; HttpOnly; SameSite=Lax")
}
