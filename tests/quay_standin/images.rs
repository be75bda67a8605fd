//! A real `docker-registry` behind the stand-in, so that tools can push and pull images. Quay has a registry of its own.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tempfile::TempDir;

use super::signing;

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running registry. It stops when it is dropped, and its images are deleted.
pub(super) struct Registry {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub(super) authority: String,
    _folder: TempDir,
}

impl Registry {
    /// Starts a registry that accepts the tokens of the stand-in at this origin.
    pub(super) fn start(origin: &str) -> Registry {
        let folder = tempfile::tempdir().expect("a folder");
        let (config, bundle) = (folder.path().join("config.yml"), folder.path().join("bundle.pem"));
        fs::write(&bundle, signing::certificate()).expect("the certificate");
        let service = origin.trim_start_matches("http://");
        let text = format!(
            "version: 0.1\nlog:\n  level: info\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {0}/images\n\
             http:\n  addr: 127.0.0.1:0\n  relativeurls: true\nauth:\n  token:\n    realm: {origin}/v2/auth\n    service: {service}\n    \
             issuer: quay\n    rootcertbundle: {1}\n",
            folder.path().display(),
            bundle.display()
        );
        fs::write(&config, text).expect("the configuration");
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("docker-registry (Debian package docker-registry)");
        let log = BufReader::new(process.stderr.take().expect("its log"));
        let (sender, told) = mpsc::channel();
        // Reads on, so that the registry never waits for a reader.
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    let address: String =
                        rest.chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
                    let _ = sender.send(address);
                }
            }
        });
        let authority = told.recv_timeout(PATIENCE).expect("a registry that listens");
        Registry { process, authority, _folder: folder }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Forwards a request, with its `Host`, to the registry. Returns the answer.
pub(super) async fn forward(authority: &str, mut request: Request<Bytes>) -> Response<Body> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = format!("http://{authority}{target}").parse::<Uri>().expect("an address");
    let client = Client::builder(TokioExecutor::new()).build_http();
    match client.request(request.map(Body::from)).await {
        Ok(answer) => answer.map(Body::new),
        Err(error) => {
            let mut answer = Response::new(Body::from(format!("the registry does not answer: {error}")));
            *answer.status_mut() = axum::http::StatusCode::BAD_GATEWAY;
            answer
        }
    }
}
