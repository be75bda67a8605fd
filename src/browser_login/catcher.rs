//! The catcher: an axum server on the redirect URI that serves the page and takes Quay's response from it (docs/threat-model.md,
//! "The catcher").
//!
//! It runs on its own thread with a current-thread runtime; only this file, `connections.rs` and the handlers of requests are async. It
//! makes no decisions: it sends a response to the main thread as an [`Event`], and answers the page when the main thread reports the outcome.

use std::io;
use std::net::TcpListener;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time;
use url::Url;

use super::Event;
use super::auth_request::AuthorizationRequest;
use super::checks::Checks;
use super::connections::{self, ConnectionReports, Origin};
use super::listeners::{self, BindError};
use super::mismatch::OtherNames;
use super::page::Pages;
use super::routes::Routes;
use super::start_page::StartPage;
use crate::domain::{Host, ListenAddress, RedirectUri};

/// How long the catcher stays after the login has ended, so that a page that missed the outcome can ask again.
const LINGER_TIMEOUT: Duration = Duration::from_secs(2);

/// The listening sockets. No request is answered yet, but the kernel already accepts connections.
pub(crate) struct BoundAddress {
    listeners: Vec<TcpListener>,
    redirect_uri: RedirectUri,
    /// Whether other machines can connect.
    is_reachable: bool,
    start_page: Option<StartPage>,
}

impl BoundAddress {
    /// Listens on the address of the redirect URI, and on the one that the user named. Fails if another program uses any part of them.
    pub(crate) fn bind(redirect_uri: &RedirectUri, named: Option<ListenAddress>) -> Result<Self, BindError> {
        let listeners = listeners::listen(redirect_uri, named)?;
        let redirect_uri = redirect_uri.clone();
        Ok(BoundAddress { listeners, redirect_uri, is_reachable: named.is_some(), start_page: None })
    }

    /// Adds the page that a browser on this machine opens first. Returns its URL. `host` is where the request goes.
    pub(crate) fn add_start_page(
        &mut self,
        request: &AuthorizationRequest,
        host: &Host,
        events: Sender<Event>,
    ) -> io::Result<Url> {
        let start_page = StartPage::new(request, host, &self.redirect_uri, events)?;
        Ok(self.start_page.insert(start_page).url.clone())
    }

    /// Starts to serve the login of this request, which has the same redirect URI.
    pub(crate) fn serve(
        self,
        request: &AuthorizationRequest,
        pages: Pages,
        events: Sender<Event>,
    ) -> io::Result<Catcher> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (outcome_sent, mut is_outcome_sent) = watch::channel(false);
        let reports = ConnectionReports { events: events.clone(), outcome_sent };
        let authority = self.redirect_uri.authority().to_owned();
        let clear_path = self.start_page.as_ref().map(|page| page.clear_path.as_str());
        let other_names = Some(OtherNames::new(&self.redirect_uri, &pages, events.clone()));
        let routes = Routes::new(request.state(), &authority, pages, events.clone());
        let router = routes.router(request.redirect_path(), clear_path);
        let router = Checks { authority, is_reachable: self.is_reachable, events, other_names }.protect(router);
        let mut origins = vec![Origin { listeners: self.listeners, router }];
        origins.extend(self.start_page.map(|page| page.origin));
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("catcher".to_owned()).spawn(move || {
            runtime.block_on(async {
                let stopped = async {
                    // Dropped without a message: the login ended without an outcome, so no page waits for one.
                    if let Ok(Linger) = stopped.await {
                        let _ = time::timeout(LINGER_TIMEOUT, is_outcome_sent.wait_for(|is_sent| *is_sent)).await;
                    }
                };
                tokio::select! {
                    _ = connections::accept(origins, reports) => {}
                    () = stopped => {}
                }
            });
        })?;
        Ok(Catcher { stop: Some(stop), thread: Some(thread) })
    }
}

/// Asks the catcher to wait until the page has received the outcome.
struct Linger;

/// The running server. When it is dropped, it stops at once and frees the port.
pub(crate) struct Catcher {
    stop: Option<oneshot::Sender<Linger>>,
    thread: Option<JoinHandle<()>>,
}

impl Catcher {
    /// Stops the server when the page has received the outcome, or two seconds later.
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
