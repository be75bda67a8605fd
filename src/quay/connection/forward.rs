//! Plain http through an HTTP proxy. The request line contains the whole URL (RFC 9112, section 3.2.2). A tunnel would be simpler, but many
//! proxies allow tunnels to port 443 only.

use std::io;

use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, Either, NextTimeout, Transport};

/// Inserts the origin in front of the path of each request.
#[derive(Debug)]
pub(super) struct ForwardConnector {
    /// `http://quay.example.com:8080`. `None` if the proxy, if any, does not forward requests.
    pub(super) origin: Option<String>,
}

impl<In: Transport> Connector<In> for ForwardConnector {
    type Out = Either<In, ForwardTransport<In>>;

    fn connect(&self, _: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(match (&self.origin, chained) {
            (Some(origin), Some(inner)) => Some(Either::B(ForwardTransport { inner, origin: Some(origin.clone()) })),
            (_, chained) => chained.map(Either::A),
        })
    }
}

/// A connection for one request.
#[derive(Debug)]
pub(super) struct ForwardTransport<T> {
    inner: T,
    /// `None` once the request line is sent.
    origin: Option<String>,
}

impl<T: Transport> Transport for ForwardTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let Some(origin) = self.origin.take() else { return self.inner.transmit_output(amount, timeout) };
        let output = self.inner.buffers().output();
        let new_amount = amount + origin.len();
        // The path comes after the method and a space.
        let Some(path) = output[..amount].iter().position(|byte| *byte == b' ').map(|space| space + 1) else {
            return Err(io::Error::other("a request without a request line").into());
        };
        if new_amount > output.len() {
            return Err(io::Error::other("the request does not fit into the buffer").into());
        }
        output.copy_within(path..amount, path + origin.len());
        output[path..path + origin.len()].copy_from_slice(origin.as_bytes());
        self.inner.transmit_output(new_amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.inner.await_input(timeout)
    }

    /// Always false, so that ureq does not use the connection for a second request.
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
