//! The HTTP server: a socket, a thread, an async runtime.

use std::future::pending;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http;
use axum::response::{IntoResponse, Response};
use tokio::sync::oneshot;

use super::database::{Database, Request};
use super::request::HttpRequest;
use super::server_settings::Verify;
use super::{images, routes};

type Shared = Arc<Mutex<Database>>;

/// A running server. It closes its socket and all connections when it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    database: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on a port of 127.0.0.1. Port 0 means any free one.
    pub(super) fn start(port: u16) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("listen on 127.0.0.1");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let address = listener.local_addr().expect("the listener's address");
        let database = Arc::new(Mutex::new(Database::new(format!("http://{address}"))));
        let (stop, stopped) = oneshot::channel();
        let shared = database.clone();
        let thread = thread::spawn(move || serve(listener, shared, stopped));
        Server { address, database, stop: Some(stop), thread: Some(thread) }
    }

    pub(super) fn database(&self) -> MutexGuard<'_, Database> {
        lock(&self.database)
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

/// The data can be used although a handler has panicked, which has printed why.
fn lock(database: &Shared) -> MutexGuard<'_, Database> {
    database.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(listener: TcpListener, database: Shared, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener for the runtime");
        let router = Router::new().fallback(move |request: http::Request<Body>| handle(database, request));
        tokio::spawn(async move { axum::serve(listener, router).await });
        // Fails when the sender is dropped. Then the runtime is dropped, with every connection.
        let _ = stopped.await;
    });
}

async fn handle(database: Shared, request: http::Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 32 << 20).await.unwrap_or_default();
    let request = HttpRequest::new(head.method, head.uri, head.headers, body);
    let path = request.uri.path();
    let (hangs, registry) = {
        let mut database = lock(&database);
        database.last_body = request.body.to_vec();
        database.requests.push(Request {
            method: request.method.to_string(),
            path: path.to_owned(),
            query: request.uri.query().unwrap_or_default().to_owned(),
            authorization: request.header("authorization").is_some(),
            user_agent: request.header("user-agent").map(str::to_owned),
        });
        let is_of_images = path.starts_with("/v2/") && path != "/v2/auth";
        let registry = database.registry.as_ref().filter(|_| is_of_images).map(|registry| registry.authority.clone());
        (database.verify == Verify::Hang && path == "/v2/auth", registry)
    };
    if let Some(registry) = registry {
        return images::forward(&registry, request.into_request()).await;
    }
    if hangs {
        return pending().await;
    }
    routes::answer(&mut lock(&database), &request).into_response()
}
