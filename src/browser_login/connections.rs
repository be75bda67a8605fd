//! The catcher's connections, limited in number and time, so that idle ones never keep the browser out.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time;

use super::peer::Peer;
use super::{Event, Notice};

/// For the whole head of a request, from the moment of the connection on.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The size of hyper's read buffer, and so the limit on the head of a request.
const BUFFER_SIZE: usize = 16 * 1024;

const MAX_HEADERS: usize = 64;

const MAX_CONNECTIONS: usize = 64;

/// How long to wait when `accept` fails, for example because the process has no file descriptor left.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// The first byte of a TLS client hello: the record type `handshake` (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// How far a connection's only request has come. Request handlers find it in the request's extensions.
#[derive(Clone, Default)]
pub(super) struct RequestProgress(Arc<ProgressFlags>);

#[derive(Default)]
struct ProgressFlags {
    head_received: AtomicBool,
    request_received: AtomicBool,
    reports_outcome: AtomicBool,
}

impl RequestProgress {
    /// The request has arrived with its body. From now on the connection is not closed to make room for others.
    pub(super) fn set_request_received(&self) {
        self.0.request_received.store(true, Ordering::SeqCst);
    }

    /// The response reports the outcome of the login, so the login is over once the response is sent.
    pub(super) fn set_reports_outcome(&self) {
        self.0.reports_outcome.store(true, Ordering::SeqCst);
    }
}

#[derive(Clone, Default)]
struct OpenConnections(Arc<Mutex<Vec<OpenConnection>>>);

struct OpenConnection {
    task: AbortHandle,
    progress: RequestProgress,
}

impl OpenConnections {
    /// Makes room for one more connection. At the limit, closes the oldest one that has not sent a whole request. `false` if there is none.
    fn make_room(&self) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| !connection.task.is_finished());
        if open.len() < MAX_CONNECTIONS {
            return true;
        }
        match open.iter().position(|connection| !connection.progress.0.request_received.load(Ordering::SeqCst)) {
            Some(oldest) => {
                open.remove(oldest).task.abort();
                true
            }
            None => false,
        }
    }

    fn add(&self, connection: OpenConnection) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// What the connections report to the rest of the login.
#[derive(Clone)]
pub(super) struct ConnectionReports {
    pub(super) events: Sender<Event>,
    /// Becomes `true` when a response with the outcome of the login was sent in full.
    pub(super) outcome_sent: watch::Sender<bool>,
}

/// A host and port, and what is served there.
pub(super) struct Origin {
    pub(super) listeners: Vec<StdListener>,
    pub(super) router: Router,
}

/// Accepts connections without end, and serves one request on each of them.
pub(super) async fn accept(origins: Vec<Origin>, reports: ConnectionReports) -> io::Result<()> {
    let mut loops = Vec::new();
    let sockets = origins.into_iter().flat_map(|Origin { listeners, router }| {
        let open = OpenConnections::default();
        listeners.into_iter().map(move |listener| (listener, router.clone(), open.clone()))
    });
    for (listener, router, open) in sockets {
        let listener = TcpListener::from_std(listener)?;
        let reports = reports.clone();
        loops.push(tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, client)) if open.make_room() => {
                        let progress = RequestProgress::default();
                        let task = serve(stream, client, router.clone(), reports.clone(), progress.clone());
                        open.add(OpenConnection { task: tokio::spawn(task).abort_handle(), progress });
                    }
                    Ok(_) => {}
                    Err(_) => time::sleep(ACCEPT_RETRY_DELAY).await,
                }
            }
        }));
    }
    for accept_loop in loops {
        let _ = accept_loop.await;
    }
    Ok(())
}

/// Serves one request, then closes the connection. Request handlers find the [`Peer`] in the request's extensions.
async fn serve(
    stream: TcpStream,
    client: SocketAddr,
    router: Router,
    reports: ConnectionReports,
    progress: RequestProgress,
) {
    let Ok(server) = stream.local_addr() else { return };
    // Before anything is read: a client that has closed its socket by then can no longer be recognized.
    let peer = Peer::of(client, server);
    let mut head_timeout = pin!(time::sleep(HEAD_TIMEOUT));
    let mut first = [0];
    // The data comes first: the time may have passed while the computer or the process was suspended.
    let first_byte = tokio::select! {
        biased;
        peeked = stream.peek(&mut first) => peeked,
        () = &mut head_timeout => return,
    };
    match first_byte {
        Ok(1) if first[0] == TLS_HANDSHAKE => {
            // A send fails only after the login has ended.
            let _ = reports.events.send(Event::Notice(Notice::BrowserWantsTls { port: server.port() }));
            return;
        }
        Ok(1) => {}
        // Browsers open connections in advance and close some of them unused.
        _ => return,
    }
    let service = service_fn(|mut request: Request<Incoming>| {
        progress.0.head_received.store(true, Ordering::SeqCst);
        if request.method() != Method::POST {
            progress.set_request_received();
        }
        request.extensions_mut().insert(progress.clone());
        request.extensions_mut().insert(peer);
        let mut router = router.clone();
        async move { tower_service::Service::call(&mut router, request.map(Body::new)).await }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .keep_alive(false)
        .max_headers(MAX_HEADERS)
        .max_buf_size(BUFFER_SIZE);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let result = tokio::select! {
        biased;
        result = &mut connection => result,
        () = &mut head_timeout => {
            if !progress.0.head_received.load(Ordering::SeqCst) {
                return;
            }
            connection.await
        }
    };
    if result.is_ok() && progress.0.reports_outcome.load(Ordering::SeqCst) {
        reports.outcome_sent.send_replace(true);
    }
}
