//! Real proxies on loopback that log the requests: tinyproxy for HTTP, OpenSSH for SOCKS 4 and 5.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::support::world::{PATIENCE, World};

/// A proxy at a port of 127.0.0.1. It is stopped on drop.
pub(crate) struct Proxy {
    process: Child,
    pub(crate) port: u16,
    log: PathBuf,
    /// The text in front of the request in a line of the log.
    prefix: &'static str,
}

impl Proxy {
    /// tinyproxy at a free port.
    pub(crate) fn http(world: &World) -> Proxy {
        Proxy::http_at(world, free_port(), "")
    }

    /// tinyproxy at this port, with these additional lines in its settings.
    pub(crate) fn http_at(world: &World, port: u16, settings: &str) -> Proxy {
        let (config, log) = (file(world, port, "conf"), file(world, port, "log"));
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 10\nLogLevel Connect\nLogFile \"{}\"\nDisableViaHeader Yes\n{settings}",
            log.display()
        );
        fs::write(&config, text).expect("write the settings of tinyproxy");
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(config);
        Proxy::start(&mut command, port, log, "): ")
    }

    /// `ssh -D` at a free port. Its sshd runs as a child process, not at a port.
    pub(crate) fn socks(world: &World) -> Proxy {
        let port = free_port();
        let (config, log) = (file(world, port, "sshd"), file(world, port, "log"));
        let keys = ["host", "user"].map(|key| file(world, port, key));
        for key in &keys {
            let status = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(key).status();
            assert!(status.expect("start ssh-keygen; tests/setup.sh installs it").success());
        }
        let [host, user] = keys.map(|key| key.display().to_string());
        let text = format!(
            "HostKey {host}\nAuthorizedKeysFile {user}.pub\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nPidFile none\n"
        );
        fs::write(&config, text).expect("write the settings of sshd");
        fs::create_dir_all("/run/sshd").expect("create a folder that sshd needs");
        let mut command = Command::new("ssh");
        command.args(["-N", "-vv", "-F", "none", "-i", &user, "-D", &format!("127.0.0.1:{port}")]).arg("-E").arg(&log);
        command.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]);
        command.args(["-o", &format!("ProxyCommand=/usr/sbin/sshd -i -e -f {} 2>/dev/null", config.display())]);
        command.arg("root@proxy.example");
        Proxy::start(&mut command, port, log, "dynamic request: ")
    }

    fn start(command: &mut Command, port: u16, log: PathBuf, prefix: &'static str) -> Proxy {
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let process = process.expect("start the proxy; tests/setup.sh installs tinyproxy and ssh");
        let proxy = Proxy { process, port, log, prefix };
        let give_up = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < give_up, "{command:?} does not listen");
            std::thread::yield_now();
        }
        proxy
    }

    /// All requests so far: `CONNECT quay.test:443 HTTP/1.1`, `socks5 host quay.test port 443 command 1`.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).expect("read the log");
        let lines = log.lines().filter(|line| line.contains("Request (") || line.contains("dynamic request: "));
        lines.filter_map(|line| line.split_once(self.prefix)).map(|(_, request)| request.to_owned()).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number").port()
}

/// The path for a file of the proxy at that port.
fn file(world: &World, port: u16, kind: &str) -> PathBuf {
    world.runtime_folder().join(format!("proxy-{port}.{kind}"))
}
