//! Which proxy is used for a host, compared with curl, and the messages if a proxy fails. The tests run in a network namespace where the
//! hosts have names and public addresses.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use crate::support::program::Run;
use crate::support::proxy::Proxy;
use crate::support::system::run_test_in_network;
use crate::support::tls_front::{Authority, Valid, plain_front};
use crate::support::world::World;

/// Adds three addresses, from ranges that are reserved for documentation, and names.
const NETWORK: &str = "ip link set lo up && ip addr add 192.0.2.7/32 dev lo && ip addr add 198.51.100.7/32 dev lo \
    && ip addr add 2001:db8::7/128 dev lo nodad && hosts=$(mktemp) \
    && echo '127.0.0.1 localhost tls-proxy.example\n192.0.2.7 quay.corp.example notcorp.example' > $hosts \
    && mount --bind $hosts /etc/hosts && rm $hosts";

// All hosts are the world's stand-in.
const QUAY: &str = "https://quay.corp.example:8443";
const PLAIN: &str = "http://quay.corp.example:8080";
const OTHER: &str = "http://notcorp.example:8080";
const IPV4: &str = "https://198.51.100.7:8443";
const IPV6: &str = "https://[2001:db8::7]:8443";

const PATH: &str = "/api/v1/discovery";

#[test]
fn proxies_are_chosen_as_curl_chooses_them() {
    run_test_in_network(NETWORK, "robustness::proxies::in_a_network_with_proxies");
}

#[test]
fn this_machine_is_reached_directly_and_a_proxy_may_use_https() {
    run_test_in_network(NETWORK, "robustness::proxies::in_a_network_where_curl_behaves_differently");
}

#[test]
fn the_error_for_a_failing_proxy_names_it_without_its_password() {
    run_test_in_network(NETWORK, "robustness::proxies::in_a_network_with_proxies_that_fail");
}

/// How a request reached the host.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// Without a proxy.
    Direct,
    /// Through the first HTTP proxy.
    A,
    /// Through the second HTTP proxy.
    B,
    /// Through the HTTP proxy that requires a password.
    Password,
    /// Through the HTTP proxy at curl's default port.
    DefaultPort,
    /// Through the SOCKS proxy. Its log has a request that starts with this text.
    Socks(&'static str),
    /// The request fails.
    Fails,
}

/// The host, the variables, and the way.
type Row = (&'static str, &'static [(&'static str, &'static str)], Way);

/// `{A}`, `{B}`, `{P}` (password) and `{S}` (SOCKS) stand for the addresses of the proxies.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Which variable is used.
    (QUAY, &[], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}")], Way::A),
    (QUAY, &[("HTTPS_PROXY", "http://{A}")], Way::A),
    (QUAY, &[("https_proxy", "http://{A}"), ("HTTPS_PROXY", "http://{B}")], Way::A),
    (QUAY, &[("https_proxy", ""), ("HTTPS_PROXY", "http://{B}")], Way::B),
    (QUAY, &[("http_proxy", "http://{A}")], Way::Direct),
    (QUAY, &[("http_proxy", "http://{A}"), ("https_proxy", "http://{B}")], Way::B),
    (QUAY, &[("ALL_PROXY", "http://{A}")], Way::A),
    (QUAY, &[("all_proxy", "http://{A}")], Way::A),
    (QUAY, &[("all_proxy", "http://{A}"), ("ALL_PROXY", "http://{B}")], Way::A),
    (QUAY, &[("all_proxy", ""), ("ALL_PROXY", "http://{B}")], Way::B),
    (QUAY, &[("ALL_PROXY", "http://{A}"), ("HTTPS_PROXY", "http://{B}")], Way::B),
    (QUAY, &[("all_proxy", "http://{A}"), ("HTTPS_PROXY", "http://{B}")], Way::B),
    (PLAIN, &[("http_proxy", "http://{A}")], Way::A),
    (PLAIN, &[("HTTP_PROXY", "http://{A}")], Way::Direct),
    (PLAIN, &[("HTTP_PROXY", "http://{A}"), ("ALL_PROXY", "http://{B}")], Way::B),
    (PLAIN, &[("https_proxy", "http://{A}")], Way::Direct),
    (PLAIN, &[("HTTPS_PROXY", "http://{A}")], Way::Direct),
    (PLAIN, &[("ALL_PROXY", "http://{A}")], Way::A),
    (PLAIN, &[("ALL_PROXY", "http://{A}"), ("http_proxy", "http://{B}")], Way::B),
    // The forms of a proxy.
    (QUAY, &[("https_proxy", "{A}")], Way::A),
    (QUAY, &[("https_proxy", "HTTP://{A}/")], Way::A),
    (QUAY, &[("https_proxy", "http://{A}/path?query")], Way::A),
    (QUAY, &[("https_proxy", "http://me:top%20secret@{A}")], Way::A),
    (QUAY, &[("https_proxy", "http://me:top%2Esecret@{P}")], Way::Password),
    (QUAY, &[("https_proxy", "me:top%2Esecret@{P}")], Way::Password),
    (QUAY, &[("https_proxy", "http://CORP\\me:secret@{A}")], Way::A),
    (QUAY, &[("https_proxy", "http://{P}")], Way::Fails),
    (PLAIN, &[("http_proxy", "http://me:top%2Esecret@{P}")], Way::Password),
    (QUAY, &[("https_proxy", "127.0.0.1")], Way::DefaultPort),
    (QUAY, &[("https_proxy", "http://localhost")], Way::DefaultPort),
    (QUAY, &[("https_proxy", "ftp://{A}")], Way::Fails),
    (QUAY, &[("https_proxy", "socks6://{S}")], Way::Fails),
    (QUAY, &[("https_proxy", "http://127.0.0.1:1")], Way::Fails),
    (QUAY, &[("https_proxy", "http://nowhere.example:3128")], Way::Fails),
    // NO_PROXY.
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "quay.corp.example")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "corp.example")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", ".corp.example")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "example")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "QUAY.Corp.Example")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "quay.corp.example.")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "orp.example")], Way::A),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "www.quay.corp.example")], Way::A),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "*.corp.example")], Way::A),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "quay.corp.example:8443")], Way::A),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "192.0.2.0/24")], Way::A),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "localhost, quay.corp.example")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "localhost quay.corp.example")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "localhost,,\tquay.corp.example,")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "*")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", "localhost,*")], Way::A),
    (QUAY, &[("https_proxy", "http://{A}"), ("NO_PROXY", ""), ("no_proxy", "corp.example")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("no_proxy", ""), ("NO_PROXY", "corp.example")], Way::Direct),
    (QUAY, &[("https_proxy", "http://{A}"), ("no_proxy", "other"), ("NO_PROXY", "corp.example")], Way::A),
    (PLAIN, &[("http_proxy", "http://{A}"), ("NO_PROXY", "corp.example")], Way::Direct),
    (OTHER, &[("http_proxy", "http://{A}"), ("NO_PROXY", "corp.example")], Way::A),
    (IPV4, &[("https_proxy", "http://{A}")], Way::A),
    (IPV4, &[("https_proxy", "http://{A}"), ("NO_PROXY", "198.51.100.7")], Way::Direct),
    (IPV4, &[("https_proxy", "http://{A}"), ("NO_PROXY", "198.51.100.70")], Way::A),
    (IPV4, &[("https_proxy", "http://{A}"), ("NO_PROXY", "198.51.100.0/24")], Way::Direct),
    (IPV4, &[("https_proxy", "http://{A}"), ("NO_PROXY", "192.0.2.0/24, 198.51.100.4/30")], Way::Direct),
    (IPV4, &[("https_proxy", "http://{A}"), ("NO_PROXY", "198.51.100.8/29")], Way::A),
    (IPV4, &[("https_proxy", "http://{A}"), ("NO_PROXY", "100.7")], Way::A),
    (IPV6, &[("https_proxy", "http://{A}")], Way::A),
    (IPV6, &[("https_proxy", "http://{A}"), ("NO_PROXY", "2001:db8::7")], Way::Direct),
    (IPV6, &[("https_proxy", "http://{A}"), ("NO_PROXY", "2001:db9::/32")], Way::A),
    // SOCKS: whether quay-auth or the proxy looks the name up.
    (QUAY, &[("https_proxy", "socks4://{S}")], Way::Socks("socks4 host 192.0.2.7 port 8443")),
    (QUAY, &[("https_proxy", "socks://{S}")], Way::Socks("socks4 host 192.0.2.7 port 8443")),
    (QUAY, &[("https_proxy", "socks4a://{S}")], Way::Socks("socks4 host quay.corp.example port 8443")),
    (QUAY, &[("https_proxy", "socks5://{S}")], Way::Socks("socks5 host 192.0.2.7 port 8443")),
    (QUAY, &[("https_proxy", "socks5h://{S}")], Way::Socks("socks5 host quay.corp.example port 8443")),
    (IPV6, &[("https_proxy", "socks5://{S}")], Way::Socks("socks5 host 2001:db8::7 port 8443")),
    (IPV6, &[("https_proxy", "socks5h://{S}")], Way::Socks("socks5 host 2001:db8::7 port 8443")),
    (PLAIN, &[("ALL_PROXY", "socks5h://{S}")], Way::Socks("socks5 host quay.corp.example port 8080")),
    (QUAY, &[("ALL_PROXY", "socks5h://{S}"), ("NO_PROXY", "corp.example")], Way::Direct),
    (QUAY, &[("https_proxy", "socks5h://127.0.0.1:1")], Way::Fails),
];

/// The stand-in at all these hosts, and the proxies with the text that stands for their address.
struct Network {
    world: World,
    ca: Authority,
    proxies: [(Way, &'static str, Proxy); 5],
}

impl Network {
    fn new() -> Network {
        let world = World::new();
        let ca = Authority::new();
        let names = ["quay.corp.example", "198.51.100.7", "2001:db8::7"];
        ca.front_of(&world, "[::]:8443", &names, Valid::Now);
        plain_front(&world, "192.0.2.7:8080");
        let password = "BasicAuth me top.secret\n";
        let proxies = [
            (Way::A, "{A}", Proxy::http(&world)),
            (Way::B, "{B}", Proxy::http(&world)),
            (Way::Password, "{P}", Proxy::http_at(&world, 3128, password)),
            (Way::DefaultPort, "", Proxy::http_at(&world, 1080, "")),
            (Way::Socks(""), "{S}", Proxy::socks(&world)),
        ];
        Network { world, ca, proxies }
    }

    /// The value of a variable, with the addresses of the proxies.
    fn value(&self, text: &str) -> String {
        self.proxies.iter().fold(text.to_owned(), |text, (_, name, proxy)| match *name {
            "" => text,
            name => text.replace(name, &format!("127.0.0.1:{}", proxy.port)),
        })
    }

    /// How many requests each proxy has got so far.
    fn counts(&self) -> Vec<usize> {
        self.proxies.iter().map(|(_, _, proxy)| proxy.requests().len()).collect()
    }

    /// The requests that the proxies got after these, and the way that they show.
    fn since(&self, counts: &[usize], succeeded: bool) -> (Vec<String>, Way) {
        let mut requests = Vec::new();
        let mut way = Way::Direct;
        for ((proxy_way, _, proxy), count) in self.proxies.iter().zip(counts) {
            for request in proxy.requests().split_off(*count) {
                way = *proxy_way;
                requests.push(request);
            }
        }
        (requests, if succeeded { way } else { Way::Fails })
    }

    /// `quay-auth scopes` at that host, which makes one request and needs no token.
    fn request(&self, host: &str, variables: &[(&str, &str)]) -> Run {
        let run = self.world.run(["scopes", "--host", host]);
        let run = run.env("QUAY_AUTH_CA_FILE", &self.ca.file(&self.world)).env("QUAY_AUTH_ALLOW_HTTP", "true");
        variables.iter().fold(run, |run, (name, value)| run.env(name, &self.value(value)))
    }

    /// Whether curl gets a response from that host.
    fn curl(&self, host: &str, variables: &[(&str, &str)]) -> bool {
        let mut curl = self.world.command("curl");
        curl.args(["--silent", "--fail", "--max-time", "20", "--cacert", &self.ca.file(&self.world)]);
        curl.args(["--output", "/dev/null", &format!("{host}{PATH}")]);
        curl.envs(variables.iter().map(|(name, value)| (*name, self.value(value))));
        curl.status().expect("curl").success()
    }
}

#[test]
#[ignore = "run by proxies_are_chosen_as_curl_chooses_them"]
fn in_a_network_with_proxies() {
    let network = Network::new();
    let mut wrong = Vec::new();
    for (host, variables, way) in TABLE {
        let counts = network.counts();
        let succeeded = network.curl(host, variables);
        let curl = network.since(&counts, succeeded);
        let counts = network.counts();
        let result = network.request(host, variables).start().wait();
        let ours = network.since(&counts, result.code == 0);
        let (expected, request) = match way {
            Way::Socks(request) => (Way::Socks(""), *request),
            way => (*way, ""),
        };
        if curl != ours || ours.1 != expected || !ours.0.iter().all(|ours| ours.starts_with(request)) {
            wrong.push(format!(
                "{host} {variables:?}\n  expected   {way:?}\n  curl       {curl:?}\n  quay-auth  {ours:?}\n  {result}"
            ));
        }
    }
    assert!(
        TABLE.len() >= 40 && wrong.is_empty(),
        "{} of {} are wrong:\n{}",
        wrong.len(),
        TABLE.len(),
        wrong.join("\n")
    );
}

/// Expects that the request succeeds, and the way.
fn succeeds_by(network: &Network, host: &str, variables: &[(&str, &str)], expected: Way) {
    let counts = network.counts();
    network.request(host, variables).prints("repo:read").succeeds();
    let (requests, way) = network.since(&counts, true);
    assert_eq!(way, expected, "{host} {variables:?} {requests:?}");
}

#[test]
#[ignore = "run by this_machine_is_reached_directly_and_a_proxy_may_use_https"]
fn in_a_network_where_curl_behaves_differently() {
    let network = Network::new();
    let (world, ca) = (&network.world, &network.ca);
    // curl uses the proxy for this machine too.
    let local = format!("localhost:{}", ca.front(world, "127.0.0.1:0", "localhost", Valid::Now).port());
    for host in [local, world.quay.host()] {
        succeeds_by(
            &network,
            &host,
            &[("https_proxy", "{A}"), ("http_proxy", "{A}"), ("ALL_PROXY", "{A}")],
            Way::Direct,
        );
    }
    // By its manual, curl supports IPv6 networks in NO_PROXY, but curl 7.88 does not find this host in its network.
    succeeds_by(&network, IPV6, &[("https_proxy", "{A}"), ("NO_PROXY", "2001:db8::/32")], Way::Direct);
    succeeds_by(&network, IPV6, &[("https_proxy", "{A}"), ("NO_PROXY", "2001:db9::/32")], Way::A);
    // A proxy that uses https. curl would need another flag for its CA.
    let plain_proxy = ([127, 0, 0, 1], network.proxies[0].2.port).into();
    let secure = format!("https://tls-proxy.example:{}", ca.relay("tls-proxy.example", plain_proxy).port());
    succeeds_by(&network, QUAY, &[("https_proxy", &secure)], Way::A);
    succeeds_by(&network, PLAIN, &[("http_proxy", &secure)], Way::A);
    let requests = network.proxies[0].2.requests();
    assert_eq!(
        requests[requests.len() - 2..],
        ["CONNECT quay.corp.example:8443 HTTP/1.1".to_owned(), format!("GET {PLAIN}{PATH} HTTP/1.1"),]
    );
    // The proxy cannot read requests to an https host.
    let token = network.world.log_in();
    let count = network.proxies[0].2.requests().len();
    let api = network.world.run(["api", "user/"]).env("QUAY_AUTH_HOST", QUAY).env("QUAY_AUTH_TOKEN", &token);
    let api = api.env("QUAY_AUTH_CA_FILE", &ca.file(world)).env("https_proxy", &network.value("{A}"));
    api.prints("\"alice\"").succeeds();
    let requests = network.proxies[0].2.requests().split_off(count);
    assert!(
        !requests.is_empty() && requests.iter().all(|request| request == "CONNECT quay.corp.example:8443 HTTP/1.1"),
        "{requests:?}"
    );
    // A proxy with a certificate for another name.
    let wrong = format!("https://me:topsecret@tls-proxy.example:{}", ca.relay("other.example", plain_proxy).port());
    let name = wrong.trim_start_matches("https://me:topsecret@");
    network
        .request(QUAY, &[("https_proxy", &wrong)])
        .stderr(&format!("error: no trusted connection to the proxy {name} (https_proxy)\n"))
        .stderr("cause: its certificate is for other.example (issued by CN=A CA made in a test)\n")
        .stderr("hint: check https_proxy\n")
        .fails(7);
}

#[test]
#[ignore = "run by the_error_for_a_failing_proxy_names_it_without_its_password"]
fn in_a_network_with_proxies_that_fail() {
    let network = Network::new();
    let hint = "to reach quay.corp.example:8443 without a proxy: export NO_PROXY=quay.corp.example\n";
    for (variables, expected) in [
        (
            &[("HTTPS_PROXY", "http://me:topsecret@127.0.0.1:1")][..],
            &[
                "quay.corp.example:8443 cannot be reached through the proxy 127.0.0.1:1 (HTTPS_PROXY)\n",
                "refused",
                hint,
            ][..],
        ),
        (
            &[("all_proxy", "socks5h://me:topsecret@127.0.0.1:1")],
            &["quay.corp.example:8443 cannot be reached through the proxy 127.0.0.1:1 (all_proxy)\n", "refused", hint],
        ),
        (
            &[("https_proxy", "http://me:topsecret@nowhere.example:3128")],
            &["the proxy nowhere.example:3128 (https_proxy) cannot be found: its name has no address\n", hint],
        ),
        // Other hosts stay in the list, and the variable that counts gets the host.
        (
            &[("https_proxy", "http://127.0.0.1:1"), ("NO_PROXY", "a.example"), ("no_proxy", "b.example,10.0.0.0/8")],
            &["without a proxy: export no_proxy=b.example,10.0.0.0/8,quay.corp.example\n"],
        ),
        (
            &[("https_proxy", "http://{P}")],
            &[
                "the proxy 127.0.0.1:3128 (https_proxy) refuses to connect to quay.corp.example:8443\n",
                "cause: it requires a user name and a password (status 407)\n",
                "hint: add them to https_proxy: http://USER:PASSWORD@proxy.example.com:3128\n",
            ],
        ),
        (
            &[("https_proxy", "http://me:topsecret@{P}")],
            &["cause: it requires a user name and a password (status 401)\n", "hint: add them to https_proxy"],
        ),
        (
            &[("https_proxy", "ftp://me:topsecret@127.0.0.1:1")],
            &[
                "error: https_proxy is a proxy URL with the scheme `ftp`, which quay-auth does not support\n",
                "hint: write it as http://",
            ],
        ),
        (
            &[("https_proxy", "socks4://topsecret@127.0.0.1:1")],
            &["error: https_proxy contains a user name, which quay-auth does not send to a SOCKS 4 proxy\n"],
        ),
        (&[("https_proxy", "http://me:topsecret@")], &["error: https_proxy is not the URL of a proxy\n"]),
    ] {
        let code = if expected[0].starts_with("error: https_proxy") { 2 } else { 7 };
        let run = expected.iter().fold(network.request(QUAY, variables), |run, part| run.stderr(part));
        let result = run.fails(code);
        assert!(!result.stderr.contains("topsecret"), "{result}");
    }
    // For plain http, the status is that of the response.
    network
        .request(PLAIN, &[("http_proxy", "http://{P}")])
        .stderr("(http_proxy) refuses to connect")
        .stderr("status 407")
        .fails(7);
    // doctor names the proxy, and checks the certificate through it.
    let doctor = |variables: &[(&str, &str)]| {
        let run =
            network.world.run(["doctor", "--host", QUAY]).env("QUAY_AUTH_CA_FILE", &network.ca.file(&network.world));
        let run = run.env("QUAY_AUTH_STORE", "file").env("QUAY_AUTH_BROWSER", "/bin/true");
        variables.iter().fold(run, |run, (name, value)| run.env(name, &network.value(value)))
    };
    doctor(&[("HTTPS_PROXY", "http://{A}")])
        .prints("ok    proxy: quay.corp.example:8443 is reached through 127.0.0.1:")
        .prints("ok    certificate: CN=quay.corp.example, issued by CN=A CA made in a test\n")
        .succeeds();
    let requests = network.proxies[0].2.requests();
    assert!(
        requests.len() >= 2 && requests.iter().all(|request| request == "CONNECT quay.corp.example:8443 HTTP/1.1"),
        "{requests:?}"
    );
    let failed = doctor(&[("HTTPS_PROXY", "http://me:topsecret@127.0.0.1:1")])
        .prints("ok    proxy: quay.corp.example:8443 is reached through 127.0.0.1:1 (HTTPS_PROXY)\n")
        .prints("fail  server: quay.corp.example:8443 cannot be reached through the proxy 127.0.0.1:1 (HTTPS_PROXY): ")
        .stderr("failed")
        .fails(1);
    assert!(!failed.stdout.contains("topsecret"), "{failed}");
    doctor(&[("HTTPS_PROXY", "http://{A}"), ("NO_PROXY", "corp.example")])
        .prints("ok    proxy: quay.corp.example:8443 is reached without one; set: HTTPS_PROXY, NO_PROXY\n")
        .succeeds();
}
