//! When a request to a busy server is sent again.

use std::time::{Duration, Instant, SystemTime};

use ureq::http::header;

use super::client::HttpResponse;

/// The longest `Retry-After` that is respected. A server that asks for more is not asked again.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(10);

/// The retries of one request.
pub(super) struct Retries<'a> {
    /// How long to wait before each, if the server does not say.
    delays: &'a [Duration],
    deadline: Instant,
}

impl<'a> Retries<'a> {
    pub(super) fn new(delays: &'a [Duration], deadline: Instant) -> Self {
        Retries { delays, deadline }
    }

    /// How long to wait before the request is sent again. `None` if the server is not busy, or if there is no time left.
    pub(super) fn delay_after(&mut self, response: &HttpResponse) -> Option<Duration> {
        let (delay, others) = self.delays.split_first()?;
        if !response.is_busy() {
            return None;
        }
        self.delays = others;
        let delay = match retry_after(response) {
            Some(delay) if delay > MAX_RETRY_AFTER => return None,
            Some(delay) => delay,
            None => *delay,
        };
        let delay = delay + jitter(delay);
        (Instant::now() + delay < self.deadline).then_some(delay)
    }
}

/// The server's `Retry-After`, in seconds or as a date.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let text = response.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => {
            let date = httpdate::parse_http_date(text).ok()?;
            Some(date.duration_since(SystemTime::now()).unwrap_or_default())
        }
    }
}

/// A random part, up to a quarter, so that many clients do not come back at the same moment.
fn jitter(delay: Duration) -> Duration {
    let mut byte = [0];
    // Without random numbers there is no jitter, which does no harm.
    let _ = getrandom::fill(&mut byte);
    delay * u32::from(byte[0]) / 1024
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderValue};

    use super::*;

    fn response(status: u16, retry_after: Option<&str>, body: &str) -> HttpResponse {
        let value = retry_after.map(|value| (header::RETRY_AFTER, HeaderValue::from_str(value).unwrap()));
        HttpResponse { status, headers: HeaderMap::from_iter(value), body: body.into() }
    }

    /// Seconds, rounded down.
    fn delay(response: &HttpResponse) -> Option<u64> {
        let delays = [Duration::from_secs(4)];
        let delay = Retries::new(&delays, Instant::now() + Duration::from_secs(60)).delay_after(response)?;
        assert!(delay < Duration::from_secs(13));
        Some(delay.as_secs())
    }

    #[test]
    fn the_server_decides_how_long_to_wait() {
        assert!((4..=5).contains(&delay(&response(503, None, "")).unwrap()));
        assert_eq!(delay(&response(429, Some("0"), "")), Some(0));
        assert!((8..=10).contains(&delay(&response(429, Some("8"), "")).unwrap()));
        let in_ten_seconds = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(10));
        assert!((8..=12).contains(&delay(&response(429, Some(&in_ten_seconds), "")).unwrap()));
        assert_eq!(delay(&response(429, Some("Wed, 21 Oct 2015 07:28:00 GMT"), "")), Some(0));
        assert_eq!(delay(&response(429, Some("3600"), "")), None);
        assert!(delay(&response(429, Some("soon"), "")).is_some());
    }

    #[test]
    fn only_a_busy_server_is_asked_again() {
        for status in [200, 302, 400, 401, 403, 404] {
            assert_eq!(delay(&response(status, None, "")), None, "{status}");
        }
        assert_eq!(delay(&response(503, None, r#"{"is_readonly":true,"message":"…"}"#)), None);
        let delays = [Duration::from_secs(4)];
        let mut retries = Retries::new(&delays, Instant::now() + Duration::from_secs(1));
        assert_eq!(retries.delay_after(&response(503, None, "")), None, "there is no time");
    }

    #[test]
    fn jitter_is_less_than_a_third() {
        let second = Duration::from_secs(1);
        assert!((0..100).all(|_| jitter(second) < second / 3));
        assert!((0..100).any(|_| jitter(second) != jitter(second)));
    }
}
