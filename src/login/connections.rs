//! The catcher's sockets and connections: loopback only, bounded in number and time, so that silence never shuts the browser out.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener, TcpStream as StdTcpStream};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;
use tokio::time;

use super::peer;
use crate::domain::{LoopbackHost, RedirectUri};

/// How long a whole request head may take, from the connection's first moment.
const HEAD: Duration = Duration::from_secs(5);

/// The most that is read ahead of a request, in bytes; a head does not fit into more.
const BUFFER: usize = 16 * 1024;

/// The most headers of one request.
const HEADERS: usize = 64;

/// The most connections at a time.
const CONNECTIONS: usize = 64;

/// How long accepting rests when the system has no file descriptor left.
const REST: Duration = Duration::from_millis(50);

/// How long a program that holds our address may take to show what it is.
const GLANCE: Duration = Duration::from_millis(500);

/// Stands on every page of ours.
const PAGE_MARK: &[u8] = b"src=\"/quay-auth.js\"";

/// The first byte of a TLS client hello.
const TLS_HANDSHAKE: u8 = 0x16;

/// Why the redirect address could not be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub(crate) struct BindError {
    /// The address.
    pub(crate) address: SocketAddr,
    /// Whether it is another login of quay-auth's that holds it.
    pub(crate) held_by_a_login: bool,
    /// What the system said.
    pub(crate) source: io::Error,
}

/// Listens on every loopback address that a browser may come to by this redirect URI.
///
/// `localhost` is both families, since Chromium comes to `::1` and Firefox to `127.0.0.1`; a family that the machine lacks is left
/// out, one that another program holds fails: half a bind would hand the token to that program.
pub(super) fn listen(redirect_uri: &RedirectUri) -> Result<Vec<StdListener>, BindError> {
    let addresses = match redirect_uri.host() {
        LoopbackHost::Address(ip) => vec![ip],
        LoopbackHost::Localhost => vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
    };
    let mut listeners = Vec::new();
    let mut lacking = None;
    for ip in addresses {
        let address = SocketAddr::new(ip, redirect_uri.port());
        let failed = |source| BindError { address, held_by_a_login: false, source };
        match bind(address) {
            Ok(listener) => listeners.push(listener),
            Err(source) if is_lacking(&source) => lacking = Some(failed(source)),
            Err(source) => {
                let held_by_a_login =
                    source.kind() == io::ErrorKind::AddrInUse && is_a_login(address, redirect_uri.authority());
                return Err(BindError { held_by_a_login, ..failed(source) });
            }
        }
    }
    match lacking {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok(listeners),
    }
}

/// One listening socket.
fn bind(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Unix this only lets a port that was just freed be used again; on Windows it would let others share it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}

/// Whether a quay-auth answers there: asked for a page that it does not have, it shows one of its own.
fn is_a_login(address: SocketAddr, authority: &str) -> bool {
    let ask = || -> io::Result<bool> {
        let mut stream = StdTcpStream::connect_timeout(&address, GLANCE)?;
        stream.set_read_timeout(Some(GLANCE))?;
        write!(stream, "GET / HTTP/1.1\r\nHost: {authority}\r\n\r\n")?;
        let mut answer = Vec::new();
        let _ = stream.take(BUFFER as u64).read_to_end(&mut answer);
        Ok(answer.windows(PAGE_MARK.len()).any(|part| part == PAGE_MARK))
    };
    ask().unwrap_or(false)
}

/// Whether the machine has no such address family.
fn is_lacking(error: &io::Error) -> bool {
    #[cfg(unix)]
    let no_family = error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error());
    #[cfg(not(unix))]
    let no_family = false;
    no_family || error.kind() == io::ErrorKind::AddrNotAvailable
}

/// What the connections report besides requests.
pub(super) trait Reports: Send + Sync + 'static {
    /// A browser spoke TLS.
    fn saw_tls(&self);
    /// An outcome was written out in full.
    fn delivered(&self);
}

/// What is known of one connection; a handler reaches it through the request's extensions.
#[derive(Clone, Default)]
pub(super) struct Marks(Arc<ConnectionState>);

/// The marks themselves.
#[derive(Default)]
struct ConnectionState {
    /// The head has arrived.
    has_head: AtomicBool,
    /// And the body, where one belongs to it.
    is_whole: AtomicBool,
    /// The answer tells how the login ended.
    answer_is_outcome: AtomicBool,
}

impl Marks {
    /// The whole request has arrived: from now on the connection is not ended to make room.
    pub(super) fn request_is_whole(&self) {
        self.0.is_whole.store(true, Ordering::SeqCst);
    }

    /// The answer tells how the login ended: the login is over once it is out.
    pub(super) fn answer_is_outcome(&self) {
        self.0.answer_is_outcome.store(true, Ordering::SeqCst);
    }
}

/// Both ends of a connection.
#[derive(Clone, Copy)]
pub(super) struct Ends {
    /// The other side's.
    client: SocketAddr,
    /// Ours.
    server: SocketAddr,
}

impl Ends {
    /// Whether the client is a process of another user's. Costs a look into the kernel's tables.
    pub(super) fn are_foreign(self) -> bool {
        !peer::is_ours(self.client, self.server)
    }
}

/// The connections that are open.
#[derive(Clone, Default)]
struct Open(Arc<Mutex<Vec<Connection>>>);

/// One open connection, as its neighbours see it.
struct Connection {
    /// Ends it.
    task: AbortHandle,
    /// What is known of it.
    marks: Marks,
}

impl Open {
    /// Makes room for one more: forgets what has ended and, at the limit, ends the oldest without a whole request.
    fn has_room(&self) -> bool {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| !connection.task.is_finished());
        if open.len() < CONNECTIONS {
            return true;
        }
        match open.iter().position(|connection| !connection.marks.0.is_whole.load(Ordering::SeqCst)) {
            Some(oldest) => {
                open.remove(oldest).task.abort();
                true
            }
            None => false,
        }
    }

    /// Remembers a connection.
    fn add(&self, connection: Connection) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// Accepts for ever and serves each connection one request by `router`.
pub(super) async fn accept(listeners: Vec<StdListener>, router: Router, reports: Arc<impl Reports>) -> io::Result<()> {
    let open = Open::default();
    let mut loops = Vec::new();
    for listener in listeners {
        let listener = TcpListener::from_std(listener)?;
        let (router, reports, open) = (router.clone(), Arc::clone(&reports), open.clone());
        loops.push(tokio::spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, client)) if open.has_room() => {
                        let marks = Marks::default();
                        let task = serve(stream, client, router.clone(), Arc::clone(&reports), marks.clone());
                        open.add(Connection { task: tokio::spawn(task).abort_handle(), marks });
                    }
                    Ok(_) => {}
                    Err(_) => time::sleep(REST).await,
                }
            }
        }));
    }
    for accepting in loops {
        let _ = accepting.await;
    }
    Ok(())
}

/// Serves one request, then closes.
async fn serve(stream: TcpStream, client: SocketAddr, router: Router, reports: Arc<impl Reports>, marks: Marks) {
    let mut head_is_late = pin!(time::sleep(HEAD));
    let mut first = [0];
    let first_byte = tokio::select! {
        peeked = stream.peek(&mut first) => peeked,
        () = &mut head_is_late => return,
    };
    match first_byte {
        Ok(1) if first[0] == TLS_HANDSHAKE => return reports.saw_tls(),
        Ok(1) => {}
        // Browsers open connections that they then do not use.
        _ => return,
    }
    let server = stream.local_addr();
    let service = service_fn(|mut request: Request<Incoming>| {
        marks.0.has_head.store(true, Ordering::SeqCst);
        if request.method() != Method::POST {
            marks.request_is_whole();
        }
        request.extensions_mut().insert(marks.clone());
        if let Ok(server) = server {
            request.extensions_mut().insert(Ends { client, server });
        }
        let mut router = router.clone();
        async move { tower_service::Service::call(&mut router, request.map(Body::new)).await }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).keep_alive(false).max_headers(HEADERS).max_buf_size(BUFFER);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = &mut head_is_late => {
            if !marks.0.has_head.load(Ordering::SeqCst) {
                return;
            }
            connection.await
        }
    };
    if ended.is_ok() && marks.0.answer_is_outcome.load(Ordering::SeqCst) {
        reports.delivered();
    }
}
