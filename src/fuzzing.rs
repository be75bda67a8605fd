//! What must hold for any input whatever, one function for each thing that is read from outside. `fuzz/` feeds them with what a
//! coverage-guided fuzzer makes up, the test below with the seeds that it starts from.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a property that does not hold is a panic")]

use std::path::Path;

use url::Url;
use zeroize::Zeroizing;

use crate::commands::Reason;
use crate::docker::{Config as DockerConfig, Refusal, ServerUrl, read_credentials, read_server};
use crate::domain::{
    AccessToken, ApiPath, Host, HostArgument, Lifetime, Profile, RedirectUri, Scheme, Scopes, ServerText,
    steers_a_terminal, without_tokens,
};
use crate::login::{Answer, Authorization, State, token_in_address};
use crate::quay::http::HeaderMap;
use crate::quay::{Answer as QuayAnswer, Listed, Verdict, judge, read_config};
use crate::settings::Config;
use crate::store::Profiles;

/// A function that panics where its property does not hold.
pub type Subject = fn(&[u8]);

/// All of them, by the names of their targets and seeds.
pub const SUBJECTS: [(&str, Subject); 12] = [
    ("address", address),
    ("answer", answer),
    ("api_path", api_path),
    ("config", config),
    ("docker_config", docker_config),
    ("helper", helper),
    ("host", host),
    ("profiles", profiles),
    ("quay_answer", quay_answer),
    ("redirect_uri", redirect_uri),
    ("scopes", scopes),
    ("server_text", server_text),
];

/// The state and the redirect address of the login that is answered.
const STATE: &str = "5c1f";
const ADDRESS: &str = "http://127.0.0.1:7829/callback/0f";

/// The input as a text, as far as it is one.
fn text(data: &[u8]) -> &str {
    match std::str::from_utf8(data) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&data[..error.valid_up_to()]).expect("UTF-8 up to there"),
    }
}

/// Whether nothing in it steers a terminal.
fn is_harmless(text: &str) -> bool {
    !text.contains(steers_a_terminal)
}

/// `--host`: written back, it is the same host; its origin is that host and nothing more.
pub fn host(data: &[u8]) {
    let Ok(argument) = text(data).parse::<HostArgument>() else { return };
    let host = argument.resolve(&[]);
    assert_eq!(host.to_string().parse::<Host>().as_ref(), Ok(&host));
    let origin = Url::parse(&host.origin()).expect("an address");
    let url_host = origin.host_str().expect("with a host");
    assert_eq!((url_host, origin.port_or_known_default()), (host.name(), Some(host.port())));
    assert_eq!((origin.path(), origin.query(), origin.username(), origin.password()), ("/", None, "", None));
    assert!(host.name().bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase()), "{}", host.name());
    let profile = Profile { host: host.clone(), name: "default".parse().expect("a name") };
    assert!(is_harmless(&profile.to_string()));
}

/// `--scopes`: written back, they are the same; they grant themselves.
pub fn scopes(data: &[u8]) {
    let text = text(data);
    if let Ok(lifetime) = text.parse::<Lifetime>() {
        assert_eq!(lifetime.to_string().parse(), Ok(lifetime));
    }
    let Ok(scopes) = text.parse::<Scopes>() else { return };
    assert_eq!(scopes.to_string().parse::<Scopes>().as_ref(), Ok(&scopes));
    assert_eq!(scopes.missing(&scopes), None);
    assert_eq!(scopes.with(&scopes), scopes);
    assert!(scopes.words().count() > 0);
    assert!(scopes.words().all(|word| word.bytes().all(|b| b.is_ascii_graphic() && b != b',')));
}

/// `--redirect-uri`: leads to this machine, and a URL parser finds nothing to mend.
pub fn redirect_uri(data: &[u8]) {
    let Ok(uri) = text(data).parse::<RedirectUri>() else { return };
    assert_eq!(uri.to_string().parse::<RedirectUri>().as_ref(), Ok(&uri));
    let sent = uri.with("0f");
    let url = Url::parse(&sent).expect("an address");
    let bare = url.host_str().expect("a host").trim_matches(['[', ']']);
    assert!(bare == "localhost" || bare.parse::<std::net::IpAddr>().expect("an IP address").is_loopback());
    assert_eq!((url.query(), url.fragment(), url.username()), (None, None, ""));
    // The port 80 goes without saying, and a browser leaves it out.
    assert!(url.as_str() == sent || url.port().is_none(), "{sent}");
}

/// What the page hands over: a token comes out only as it stood in the fragment, once, without another login's state.
pub fn answer(data: &[u8]) {
    let state = State::of(STATE);
    if let Ok(Answer::Token { token, .. }) = Answer::from_page(data, &state) {
        assert!(
            text(data).contains(token.expose())
                || data.contains(&b'%')
                || data.contains(&b'\\')
                || data.contains(&b'+')
        );
    }
    let (query, fragment) = text(data).split_once('\n').unwrap_or((text(data), ""));
    let named = |part: &str, name: &str| -> Vec<String> {
        let pairs = form_urlencoded::parse(part.as_bytes());
        pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
    };
    match Answer::read(query, fragment, &state) {
        Ok(Answer::Token { token, .. }) => {
            assert_eq!(named(query, "access_token"), [""; 0]);
            assert_eq!(named(fragment, "access_token"), [token.expose()]);
        }
        Ok(Answer::Refused(_)) => {
            assert_eq!(named(query, "error").len() + named(fragment, "error").len(), 1);
            assert_eq!(named(fragment, "access_token"), [""; 0]);
        }
        Err(_) => return,
    }
    let states = [named(query, "state"), named(fragment, "state")].concat();
    assert!(
        states.len() <= 1 && states.iter().all(|state| ["", "None", STATE].contains(&state.as_str())),
        "{states:?}"
    );
}

/// A pasted address: a token comes out of this login's own address only.
pub fn address(data: &[u8]) {
    let text = text(data);
    let login = Authorization::answered_at(ADDRESS, STATE);
    if let Ok(Answer::Token { token, .. }) = login.read_paste(Zeroizing::new(text.to_owned())) {
        assert!(text == token.expose() || text.starts_with(ADDRESS));
    }
    if let Some((token, _)) = token_in_address(text) {
        assert!(text.contains("://") && text.contains("access_token") || text.contains('%'));
        if let Ok(token) = AccessToken::parse(token) {
            assert!(!format!("{token:?}").contains(token.expose()));
        }
    }
    let shown = without_tokens(text);
    assert!(
        shown.len() <= text.len().max(3)
            && !shown
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| { word.len() >= 20 && word.contains(|c: char| c.is_ascii_digit()) })
    );
}

/// `api PATH`: stays below `/api/v1/`, also with a page's token in its query.
pub fn api_path(data: &[u8]) {
    let (path, token) = text(data).split_once('\n').unwrap_or((text(data), "x"));
    let Ok(path) = path.parse::<ApiPath>() else { return };
    for path in [path.with_parameter("next_page", token), path] {
        let url = Url::parse(&format!("https://quay.io{}", path.as_str())).expect("an address");
        assert_eq!((url.host_str(), url.port(), url.fragment(), url.username()), (Some("quay.io"), None, None, ""));
        assert!(url.path().starts_with("/api/v1/"), "{url}");
        assert_eq!(url[url::Position::BeforePath..], *path.as_str());
    }
}

/// `config.toml`: an error names a line that there is.
pub fn config(data: &[u8]) {
    let text = text(data);
    if let Err(crate::settings::Error::Config { line, .. }) = Config::parse(Path::new("config.toml"), text) {
        assert!((1..=text.matches('\n').count() + 1).contains(&line), "line {line}");
    }
}

/// `profiles.toml`: what can be read can be written, and is read again as it was.
pub fn profiles(data: &[u8]) {
    let text = text(data);
    let Ok(profiles) = Profiles::parse("profiles.toml".into(), text) else { return };
    let again = || Profiles::parse("profiles.toml".into(), text).expect("as before");
    // Two records that are written with one name are one from then on.
    let Ok(written) = again().into_text() else { return };
    let back = Profiles::parse("profiles.toml".into(), &written).expect("read back");
    assert!(back.iter().all(|record| profiles.iter().any(|old| old == record)));
    assert_eq!(written, back.into_text().expect("a text"));
}

/// The credential helper's stdin: exactly the ways to write a host mean that host, and what is refused is one line.
pub fn helper(data: &[u8]) {
    let text = text(data);
    let refused = |refusal: Refusal| {
        let words = refusal.to_string();
        assert!(is_harmless(&words) && !words.contains('`'), "{words}");
    };
    read_credentials(text).map_or_else(refused, drop);
    match read_server(text) {
        Err(refusal) => refused(refusal),
        Ok((server, url)) => {
            for host in ["quay.io", "http://localhost:8080", "quay.example.com:8443", "http://quay.test", "[::1]:8443"]
            {
                let host: Host = host.parse().expect("a host");
                let is_meant = url.as_ref().is_some_and(|url: &ServerUrl| url.means(&host));
                assert_eq!(is_meant, ways_to_write(&host).any(|way| server.eq_ignore_ascii_case(&way)), "{server}");
            }
        }
    }
}

/// Every way in which a client may write the host.
fn ways_to_write(host: &Host) -> impl Iterator<Item = String> {
    let schemes: &[&str] =
        if host.scheme() == Scheme::Https { &["", "https://"] } else { &["", "https://", "http://"] };
    let with_port = format!("{}:{}", host.name(), host.port());
    let names = [Some(with_port), (host.port() == host.scheme().default_port()).then(|| host.name().to_owned())];
    let mut ways = Vec::new();
    for scheme in schemes {
        for name in names.iter().flatten() {
            ways.extend(["", "/", "/v1/", "/v2/"].map(|end| format!("{scheme}{name}{end}")));
        }
    }
    ways.into_iter()
}

/// Docker's `config.json`: what is put in can be read and changes nothing else; taken out, the file is what it was, byte for byte.
pub fn docker_config(data: &[u8]) {
    let text = text(data);
    let Ok(before) = DockerConfig::parse(text) else { return };
    let host = Host::quay_io();
    let had = before.helper(&host);
    let mut config = DockerConfig::parse(text).expect("as before");
    config.set_helper(&host, "quay-auth");
    let mut config = DockerConfig::parse(config.as_str()).expect("read back");
    assert_eq!(config.helper(&host).as_deref(), Some("quay-auth"));
    assert_eq!(config.default_helper(), before.default_helper());
    assert_eq!(config.has_login(&host), before.has_login(&host));
    match &had {
        Some(helper) => config.set_helper(&host, helper),
        None => config.remove_helper(&host),
    }
    assert_eq!(config.helper(&host), had);
    if had.is_none() && before.count_helpers() > 0 {
        assert_eq!(config.as_str(), before.as_str());
    }
    DockerConfig::parse(config.as_str()).expect("read back");
}

/// What a server answers: whatever it is, what is shown of it steers no terminal.
pub fn quay_answer(data: &[u8]) {
    let statuses = [200, 401, 403, 404, 503];
    let (first, body) = data.split_first().unwrap_or((&0, &[]));
    let status = statuses[usize::from(*first) % statuses.len()];
    match judge(&QuayAnswer { status, headers: HeaderMap::new(), body: body.to_vec() }) {
        Verdict::Accepted(identity) => {
            assert_eq!(status, 200);
            assert!([identity.user, identity.uuid].iter().flatten().all(|text| is_harmless(text.as_str())));
        }
        Verdict::Refused(why) => assert!(status == 401 && is_harmless(why.as_str())),
        Verdict::Unreachable(_) | Verdict::Unclear { .. } => {}
    }
    let reason = Reason::of(body);
    assert!(reason.words.is_none_or(|words| is_harmless(words.as_str())));
    if let Some(local_app) = read_config(body).and_then(|config| config.local_app) {
        let url = Url::parse(&local_app).expect("an address");
        assert!(["http", "https"].contains(&url.scheme()) && is_harmless(&local_app));
    }
    for token in serde_json::from_slice::<Vec<Listed>>(body).unwrap_or_default() {
        let texts = [Some(&token.uuid), token.name.as_ref(), Some(&token.scope), token.created_by.as_ref()];
        assert!(texts.into_iter().flatten().all(|text| is_harmless(text.as_str())));
    }
}

/// Any word of a server's: nothing in it steers a terminal, and it is not long.
pub fn server_text(data: &[u8]) {
    let shown = ServerText::from(text(data));
    assert!(is_harmless(shown.as_str()));
    assert!(shown.as_str().chars().count() <= 201);
    assert_eq!(ServerText::from(shown.as_str()), shown);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_seed_passes_and_every_subject_has_a_target_and_seeds() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        for (name, subject) in SUBJECTS {
            assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} in fuzz/Cargo.toml");
            let seeds: Vec<_> = fs::read_dir(fuzz.join("seeds").join(name)).unwrap().collect();
            assert!(seeds.len() >= 3, "{name}");
            for seed in seeds {
                subject(&fs::read(seed.unwrap().path()).unwrap());
            }
        }
        assert_eq!(manifest.matches("[[bin]]").count(), SUBJECTS.len());
    }
}
