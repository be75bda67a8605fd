//! A TLS server of OpenSSL, which can be as old or as broken as a test needs it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::support::world::World;

/// It is killed on drop.
pub(crate) struct OpensslServer {
    process: Child,
    pub(crate) port: u16,
}

impl OpensslServer {
    /// Starts it at a free port of 127.0.0.1, with this certificate and the options of `openssl s_server`.
    pub(crate) fn start(world: &World, pem: &Path, key: &Path, options: &[&str]) -> OpensslServer {
        let mut openssl = world.command("openssl");
        openssl.args(["s_server", "-www", "-accept", "127.0.0.1:0", "-cipher", "ALL:@SECLEVEL=0"]);
        openssl.arg("-cert").arg(pem).arg("-key").arg(key).args(options);
        let mut process =
            openssl.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("start openssl");
        let mut lines = BufReader::new(process.stdout.take().expect("its stdout")).lines();
        // Such as `ACCEPT 127.0.0.1:40123`.
        let port = lines.find_map(|line| line.ok()?.strip_prefix("ACCEPT ")?.rsplit(':').next()?.parse().ok());
        OpensslServer { process, port: port.expect("its port") }
    }
}

impl Drop for OpensslServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
