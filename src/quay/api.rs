//! Requests to Quay's API with a token. They are repeated while the server is busy.

use std::thread;
use std::time::{Duration, Instant};

use ureq::http::{Method, header};

use super::client::{Client, Error, HttpRequest, HttpResponse, Limits, authorization};
use super::retry::Retries;
use crate::domain::AccessToken;

/// The time limit for all requests of one command together, delays included.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The size limit for one response, in bytes. A log may be long.
const MAX_RESPONSE: u64 = 10 * 1024 * 1024;

/// How long to wait before a GET is repeated, if the server does not say.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Sends requests to the API of one host, with one token.
pub(crate) struct Api<'a> {
    pub(super) client: &'a Client,
    pub(super) token: &'a AccessToken,
    busy: &'a mut dyn FnMut(u16, Duration),
    deadline: Instant,
}

impl<'a> Api<'a> {
    /// Starts the time limit. `busy` is called with the status and the delay before a request is repeated.
    pub(crate) fn new(client: &'a Client, token: &'a AccessToken, busy: &'a mut dyn FnMut(u16, Duration)) -> Self {
        Api { client, token, busy, deadline: Instant::now() + TIMEOUT }
    }

    /// Sends the request with the token. A GET is sent up to three times while the server is busy (429 and 5xx).
    pub(crate) fn send(&mut self, mut request: HttpRequest<'_>) -> Result<HttpResponse, Error> {
        request.headers.insert(header::AUTHORIZATION, authorization("Bearer", self.token.expose()));
        let is_repeatable = request.method == Method::GET;
        let mut retries = Retries::new(&RETRY_DELAYS, self.deadline);
        loop {
            let timeout = self.deadline.saturating_duration_since(Instant::now());
            let response = self.client.send(&request, Limits { timeout, size: MAX_RESPONSE })?;
            let Some(delay) = retries.delay_after(&response).filter(|_| is_repeatable) else {
                return Ok(response);
            };
            (self.busy)(response.status, delay);
            thread::sleep(delay);
        }
    }
}
