//! How a browser outside of a container comes back to the login in it.

use std::net::IpAddr;

use crate::domain::{ListenAddress, LoopbackHost, RedirectUri};
use crate::settings::Container;
use crate::system::shell_commands::word;
use crate::terminal::Terminal;

use super::ImplicitFlow;

impl ImplicitFlow<'_> {
    /// Says what `--listen` opens, and to whom.
    pub(super) fn warn_of_listening(&self, address: ListenAddress, terminal: &Terminal) {
        let redirect_uri = &self.login.redirect_uri;
        let is_container = self.settings.environment.container.is_some();
        let who = match (address.is_any(), is_container) {
            (true, true) => {
                "the other containers on its networks, and to everyone who can reach a port published to it".to_owned()
            }
            (true, false) => "everyone on the networks of this machine".to_owned(),
            (false, _) => format!("everyone who can reach {address}"),
        };
        let port = redirect_uri.port();
        terminal.warn(&format!("with --listen {address}, port {port} is open to {who}."));
        if is_container {
            let publish = publish_options(redirect_uri);
            terminal.hint(format!("publish that port to your own machine only: start the container with `{publish}`"));
        }
    }

    /// Says how the browser comes back into the container.
    pub(super) fn explain_container(&self, container: Container, terminal: &Terminal) {
        let redirect_uri = &self.login.redirect_uri;
        let port = redirect_uri.port();
        match container {
            Container::ForwardedPorts => terminal.say(&format!(
                "The browser comes back only if your editor forwards port {port} to this container, as VS Code does by itself."
            )),
            Container::PublishedPorts => {
                let login = self.login.command_elsewhere().without("--no-browser");
                let login = login.option("--listen", Some(listen_address(redirect_uri)));
                let publish = publish_options(redirect_uri);
                terminal.say(&format!(
                    "The browser comes back only if port {port} is published: start the container with `{publish}` (without \
                     the address, others on the network could connect), and log in there with:"
                ));
                terminal.say(&format!("  {login}"));
            }
        }
    }
}

/// The options of `docker run` and `podman run` that publish the port of the redirect URI, to the loopback addresses of the machine only.
fn publish_options(redirect_uri: &RedirectUri) -> String {
    let port = redirect_uri.port();
    let addresses: &[&str] = match redirect_uri.host() {
        LoopbackHost::Localhost => &["127.0.0.1", "[::1]"],
        LoopbackHost::Address(IpAddr::V4(_)) => &["127.0.0.1"],
        LoopbackHost::Address(IpAddr::V6(_)) => &["[::1]"],
    };
    let options = addresses.iter().map(|address| format!("-p {}", word(&format!("{address}:{port}:{port}"))));
    options.collect::<Vec<_>>().join(" ")
}

/// Published ports of an IPv6 address may lead to either family in the container.
fn listen_address(redirect_uri: &RedirectUri) -> ListenAddress {
    match redirect_uri.host() {
        LoopbackHost::Address(IpAddr::V4(_)) => ListenAddress::ANY_IPV4,
        _ => ListenAddress::ANY,
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_published_to_the_loopback_addresses_of_the_redirect_uri_only() {
        for (redirect_uri, options, address) in [
            ("http://127.0.0.1:7829/callback", "-p 127.0.0.1:7829:7829", "0.0.0.0"),
            ("http://[::1]:7829/callback", "-p '[::1]:7829:7829'", "::"),
            ("http://localhost:8976/callback", "-p 127.0.0.1:8976:8976 -p '[::1]:8976:8976'", "::"),
            ("http://localhost/callback", "-p 127.0.0.1:80:80 -p '[::1]:80:80'", "::"),
        ] {
            let redirect_uri: RedirectUri = redirect_uri.parse().unwrap();
            assert_eq!(publish_options(&redirect_uri), options);
            assert_eq!(listen_address(&redirect_uri).to_string(), address);
        }
    }
}
