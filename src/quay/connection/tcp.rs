//! Names, addresses and TCP connections. If a host has several addresses, they are tried at short intervals, IPv6 and IPv4 in turn, so that
//! an address that does not answer delays the connection by a quarter of a second only (RFC 8305, "Happy Eyeballs").

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

use super::ConnectError;
use crate::system::in_background;

/// How long to wait for an address before the next one is tried too (RFC 8305, section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Looks names up as the system does.
#[derive(Debug)]
pub(super) struct SystemResolver {
    /// The URI of the forwarding proxy, if there is one. All connections go there.
    pub(super) forward_uri: Option<Uri>,
}

impl Resolver for SystemResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let uri = self.forward_uri.as_ref().unwrap_or(uri).clone();
        let name = uri.host().unwrap_or_default().to_owned();
        let (sender, result) = mpsc::channel();
        let config = config.clone();
        // With a time limit, ureq would start a thread itself, and panic if it cannot.
        let resolve = move || DefaultResolver::default().resolve(&uri, &config, NextTimeout::default());
        in_background(move || drop(sender.send(resolve())));
        let limit = time_left(timeout)?.unwrap_or(Duration::MAX);
        match result.recv_timeout(limit) {
            Ok(Err(ureq::Error::Io(error))) => Err(ConnectError::UnknownName(name, error).into()),
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(ureq::Error::Timeout(timeout.reason))
            }
        }
    }
}

/// Opens a TCP connection, unless an earlier connector in the chain has opened one.
#[derive(Debug)]
pub(super) struct TcpConnector;

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, TcpTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        if chained.is_some() {
            return Ok(chained.map(Either::A));
        }
        let limit = time_left(details.timeout)?.unwrap_or(Duration::MAX);
        let stream = connect(&details.addrs, limit).map_err(|error| ureq_error(error, details.timeout))?;
        stream.set_nodelay(true)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TcpTransport { stream, buffers, limit: None })))
    }
}

/// Connects to the address that answers first. If none does, returns the last error.
fn connect(addresses: &[SocketAddr], limit: Duration) -> io::Result<TcpStream> {
    if let [address] = addresses {
        return TcpStream::connect_timeout(address, limit);
    }
    let deadline = Instant::now().checked_add(limit);
    let time_left = || deadline.map_or(limit, |deadline| deadline.saturating_duration_since(Instant::now()));
    let (sender, results) = mpsc::channel();
    let mut untried = interleave_families(addresses).into_iter();
    let mut running = 0;
    let mut last_error = io::Error::from(ErrorKind::AddrNotAvailable);
    loop {
        let time_left = time_left();
        if time_left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        if let Some(address) = untried.next() {
            let sender = sender.clone();
            // A connection that comes too late is closed, because sending it fails.
            in_background(move || drop(sender.send(TcpStream::connect_timeout(&address, time_left))));
            running += 1;
        } else if running == 0 {
            return Err(last_error);
        }
        match results.recv_timeout(if untried.len() == 0 { time_left } else { ATTEMPT_DELAY }) {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => {
                running -= 1;
                last_error = error;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

/// The addresses, IPv6 and IPv4 in turn. The first one stays the first.
fn interleave_families(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let starts_with_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv6() == starts_with_ipv6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = Vec::with_capacity(addresses.len());
    while ordered.len() < addresses.len() {
        ordered.extend(first.next());
        ordered.extend(second.next());
    }
    ordered
}

#[derive(Debug)]
pub(super) struct TcpTransport {
    stream: TcpStream,
    buffers: LazyBuffers,
    /// The time limit that was given last, and when it was given first.
    limit: Option<(NextTimeout, Instant)>,
}

impl TcpTransport {
    /// The time left for a read or write. While ureq reads the response of a CONNECT proxy, it gives the whole time to each read. So a limit
    /// that is repeated counts from its first time on.
    fn time_left(&mut self, timeout: NextTimeout) -> Result<Option<Duration>, ureq::Error> {
        let start = match self.limit {
            Some((limit, start)) if limit == timeout => start,
            _ => Instant::now(),
        };
        self.limit = Some((timeout, start));
        match time_left(timeout)?.map(|left| left.saturating_sub(start.elapsed())) {
            Some(Duration::ZERO) => Err(ureq::Error::Timeout(timeout.reason)),
            left => Ok(left),
        }
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let time_left = self.time_left(timeout)?;
        self.stream.set_write_timeout(time_left)?;
        let written = self.stream.write_all(&self.buffers.output()[..amount]);
        written.map_err(|error| ureq_error(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let time_left = self.time_left(timeout)?;
        self.stream.set_read_timeout(time_left)?;
        loop {
            match self.stream.read(self.buffers.input_append_buf()) {
                Ok(count) => {
                    self.buffers.input_appended(count);
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(ureq_error(error, timeout)),
            }
        }
    }

    fn is_open(&mut self) -> bool {
        // Between two requests the server sends nothing. If there is something to read, it is the end, or no response to a request of ours.
        let is_silent = |stream: &TcpStream| {
            stream.set_nonblocking(true)?;
            let peeked = stream.peek(&mut [0]);
            stream.set_nonblocking(false)?;
            Ok::<_, io::Error>(peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock))
        };
        is_silent(&self.stream).unwrap_or(false)
    }
}

/// `None` if the time is not limited. Fails if no time is left.
fn time_left(timeout: NextTimeout) -> Result<Option<Duration>, ureq::Error> {
    if timeout.after.is_zero() {
        Err(ureq::Error::Timeout(timeout.reason))
    } else {
        Ok(timeout.not_zero().map(|left| *left))
    }
}

/// Converts the error of a socket.
fn ureq_error(error: io::Error, timeout: NextTimeout) -> ureq::Error {
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => ureq::Error::Timeout(timeout.reason),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_and_ipv4_addresses_are_tried_in_turn() {
        let addresses = |list: &[&str]| list.iter().map(|address| address.parse().unwrap()).collect::<Vec<_>>();
        let system = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]);
        assert_eq!(interleave_families(&system), addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]));
        let system = addresses(&["1.1.1.1:1", "1.1.1.2:1", "[::1]:1"]);
        assert_eq!(interleave_families(&system), addresses(&["1.1.1.1:1", "[::1]:1", "1.1.1.2:1"]));
    }

    #[test]
    fn the_last_error_is_returned_if_no_address_answers() {
        let closed: Vec<SocketAddr> = ["127.0.0.1:1", "[::1]:1"].map(|address| address.parse().unwrap()).into();
        let start = Instant::now();
        let error = connect(&closed, Duration::from_secs(60)).unwrap_err();
        assert_eq!((error.kind(), start.elapsed() < Duration::from_secs(5)), (ErrorKind::ConnectionRefused, true));
    }
}
