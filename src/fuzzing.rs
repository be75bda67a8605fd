//! Properties that must hold for every input: one function, called a subject, for each kind of input from outside.
//!
//! The coverage-guided fuzzer in `fuzz/` calls them with generated inputs, and the test below with the seeds from which the fuzzer starts.
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a property that does not hold is a panic")]

use std::path::Path;

use url::Url;

use crate::browser_login::{AuthResponse, AuthorizationRequest, PastedToken, State};
use crate::commands::RefusalBody;
use crate::docker::{DockerConfig, HelperError, HelperName, read_credentials, read_server};
use crate::domain::{
    ApiPath, Host, HostArgument, Lifetime, ProfileId, RedirectUri, Scheme, Scopes, ServerText, is_terminal_control,
    redact_tokens,
};
use crate::quay::http::HeaderMap;
use crate::quay::{HttpResponse, ListedToken, Verification, read_config, read_verification};
use crate::settings::Config;
use crate::store::Profiles;

/// Panics if a property does not hold for the input.
pub type Subject = fn(&[u8]);

/// The subjects, with the names of their targets and of their folders in `fuzz/seeds/`.
pub const SUBJECTS: [(&str, Subject); 12] = [
    ("api_path", api_path),
    ("auth_response", auth_response),
    ("config", config),
    ("credential_helper", credential_helper),
    ("docker_config", docker_config),
    ("host", host),
    ("pasted_url", pasted_url),
    ("profiles", profiles),
    ("quay_response", quay_response),
    ("redirect_uri", redirect_uri),
    ("scopes", scopes),
    ("server_text", server_text),
];

/// The state and the redirect URI of the login that waits for a response.
const STATE: &str = "5c1f";
const REDIRECT_URI: &str = "http://127.0.0.1:7829/callback/0f";

/// The input up to the first byte that is not UTF-8.
fn text(data: &[u8]) -> &str {
    match std::str::from_utf8(data) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&data[..error.valid_up_to()]).expect("UTF-8 up to there"),
    }
}

/// Whether the text is safe to print on a terminal.
fn is_harmless(text: &str) -> bool {
    !text.contains(is_terminal_control)
}

/// Whether a shell reads the text as one word without quotes.
fn is_shell_word(text: &str) -> bool {
    // A tilde has a meaning only at the start of a word.
    let text = text.replace('~', "-");
    shlex::try_quote(&text).is_ok_and(|quoted| quoted == text)
}

/// `--host`: what is written is read as the same host; its origin contains only the host, for a browser, a shell and JSON.
pub fn host(data: &[u8]) {
    let Ok(argument) = text(data).parse::<HostArgument>() else { return };
    let host = argument.host().clone();
    assert_eq!(host.to_string().parse::<Host>().as_ref(), Ok(&host));
    assert!(argument.matches(&host));
    let origin = Url::parse(&host.origin()).expect("a URL");
    let url_host = origin.host_str().expect("with a host");
    assert_eq!((url_host, origin.port_or_known_default()), (host.name(), Some(host.port())));
    assert_eq!((origin.path(), origin.query(), origin.username(), origin.password()), ("/", None, "", None));
    let is_ipv6 = host.name().starts_with('[');
    for written in [host.name().to_owned(), host.to_string(), host.origin(), host.authority()] {
        assert!(is_shell_word(&written) || is_ipv6, "{written}");
        assert_eq!(serde_json::to_string(&written).expect("JSON"), format!("\"{written}\""));
    }
    let profile = ProfileId { host: host.clone(), name: "default".parse().expect("a name") };
    assert!(is_harmless(&profile.to_string()));
}

/// `--scopes` and `--expires`: what is written is read as the same value; scopes include themselves.
pub fn scopes(data: &[u8]) {
    let text = text(data);
    if let Ok(lifetime) = text.parse::<Lifetime>() {
        assert_eq!(lifetime.to_string().parse(), Ok(lifetime));
    }
    let Ok(scopes) = text.parse::<Scopes>() else { return };
    assert_eq!(scopes.to_string().parse::<Scopes>().as_ref(), Ok(&scopes));
    assert_eq!(scopes.missing(&scopes), None);
    assert_eq!(scopes.union(&scopes), scopes);
    assert!(scopes.iter().count() > 0);
    assert!(scopes.iter().all(|word| word.bytes().all(|b| b.is_ascii_graphic() && b != b',')));
}

/// `--redirect-uri`: it leads to this machine, a browser does not rewrite it, and it needs no quotes in a shell or in JSON.
pub fn redirect_uri(data: &[u8]) {
    let Ok(uri) = text(data).parse::<RedirectUri>() else { return };
    assert_eq!(uri.to_string().parse::<RedirectUri>().as_ref(), Ok(&uri));
    let sent = uri.with_segment("0f");
    let url = Url::parse(&sent).expect("a URL");
    let name = url.host_str().expect("a host").trim_matches(['[', ']']);
    assert!(name == "localhost" || name.parse::<std::net::IpAddr>().expect("an IP address").is_loopback());
    assert_eq!((url.query(), url.fragment(), url.username()), (None, None, ""));
    assert!(is_shell_word(&sent) || sent.starts_with("http://[::1]"), "{sent}");
    assert_eq!(serde_json::to_string(&sent).expect("JSON"), format!("\"{sent}\""));
    // A browser omits the default port 80.
    assert!(url.as_str() == sent || url.port().is_none(), "{sent}");
}

/// The response that the page sends: a token is found only in the fragment, only if there is exactly one, and only with the right state.
pub fn auth_response(data: &[u8]) {
    let state = State::for_test(STATE);
    if let Ok(AuthResponse::Token { token, .. }) = AuthResponse::from_post(data, &state) {
        assert!(
            text(data).contains(token.expose())
                || data.contains(&b'%')
                || data.contains(&b'\\')
                || data.contains(&b'+')
        );
    }
    let (query, fragment) = text(data).split_once('\n').unwrap_or((text(data), ""));
    match AuthResponse::parse(query, fragment, &state) {
        Ok(AuthResponse::Token { token, .. }) => {
            assert_eq!(values(query, "access_token"), [""; 0]);
            assert_eq!(values(fragment, "access_token"), [token.expose()]);
        }
        Ok(AuthResponse::Refused(_)) => {
            assert_eq!(values(query, "error").len() + values(fragment, "error").len(), 1);
            assert_eq!(values(fragment, "access_token"), [""; 0]);
        }
        Err(_) => return,
    }
    let states = [values(query, "state"), values(fragment, "state")].concat();
    assert!(
        states.len() <= 1 && states.iter().all(|state| ["", "None", STATE].contains(&state.as_str())),
        "{states:?}"
    );
}

/// The values of the parameters of that name.
fn values(parameters: &str, name: &str) -> Vec<String> {
    let pairs = form_urlencoded::parse(parameters.as_bytes());
    pairs.filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
}

/// A pasted URL: a token is found only in the redirect URI of this login, in a fragment, or if it is all of the text.
pub fn pasted_url(data: &[u8]) {
    let text = text(data);
    let login = AuthorizationRequest::for_test(REDIRECT_URI, STATE);
    if let Ok(AuthResponse::Token { token, .. }) = login.parse_paste(text).map(|pasted| pasted.response) {
        let joined: String = text.chars().filter(|c| c.is_ascii_graphic() && !"()<>\"'`".contains(*c)).collect();
        // As a browser would read it: 127.000.1 is the same address.
        let has_scheme = joined.split(['?', '#']).next().is_some_and(|url| url.contains("://"));
        let url = Url::parse(&if has_scheme { joined.clone() } else { format!("http://{joined}") });
        let fragment = text.trim().trim_start_matches('#');
        let is_fragment = fragment.starts_with("access_token=")
            && values(fragment, "access_token").first().is_some_and(|value| value == token.expose());
        assert!(is_fragment || joined == token.expose() || url.is_ok_and(|url| url.as_str().starts_with(REDIRECT_URI)));
    }
    if let Ok(PastedToken { token, .. }) = PastedToken::parse(text) {
        assert!(text.contains(token.expose()) || text.contains("access_token") || text.contains(['%', '\n', '\r']));
        assert!(!format!("{token:?}").contains(token.expose()));
    }
    let redacted = redact_tokens(text);
    assert!(
        redacted.len() <= text.len().max(3)
            && !redacted
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| { word.len() >= 20 && word.contains(|c: char| c.is_ascii_digit()) })
    );
}

/// `api PATH`: the path stays below `/api/v1/`, also with the token of a page in its query.
pub fn api_path(data: &[u8]) {
    let (path, token) = text(data).split_once('\n').unwrap_or((text(data), "x"));
    let Ok(path) = path.parse::<ApiPath>() else { return };
    for path in [path.with_parameter("next_page", token), path] {
        let url = Url::parse(&format!("https://quay.io{}", path.as_str())).expect("a URL");
        assert_eq!((url.host_str(), url.port(), url.fragment(), url.username()), (Some("quay.io"), None, None, ""));
        assert!(url.path().starts_with("/api/v1/"), "{url}");
        assert_eq!(url[url::Position::BeforePath..], *path.as_str());
    }
}

/// `config.toml`: an error names an existing line.
pub fn config(data: &[u8]) {
    let text = text(data);
    if let Err(error @ crate::settings::Error::Config { .. }) = Config::parse(Path::new("config.toml"), text) {
        assert!(is_harmless(&error.to_string()));
        let crate::settings::Error::Config { line, .. } = error else { return };
        assert!((1..=text.matches('\n').count() + 1).contains(&line), "line {line}");
    }
}

/// `profiles.toml`: what is written is read as the same profiles.
pub fn profiles(data: &[u8]) {
    let text = text(data);
    let Ok(profiles) = Profiles::parse("profiles.toml".into(), text) else { return };
    let again = || Profiles::parse("profiles.toml".into(), text).expect("as before");
    // Two profiles that are written with the same name become one.
    let Ok(written) = again().to_text() else { return };
    let back = Profiles::parse("profiles.toml".into(), &written).expect("read back");
    assert!(back.iter().all(|profile| profiles.iter().any(|old| old == profile)));
    assert_eq!(written, back.to_text().expect("a text"));
}

/// The credential helper's stdin: only the allowed spellings match a host, and an error is one harmless line.
pub fn credential_helper(data: &[u8]) {
    let text = text(data);
    let check_error = |error: HelperError| {
        let message = error.to_string();
        assert!(is_harmless(&message) && !message.contains('`'), "{message}");
    };
    read_credentials(text).map_or_else(check_error, drop);
    match read_server(text) {
        Err(error) => check_error(error),
        Ok((server, url)) => {
            for host in ["quay.io", "http://localhost:8080", "quay.example.com:8443", "http://quay.test", "[::1]:8443"]
            {
                let host: Host = host.parse().expect("a host");
                let matches = url.as_ref().is_some_and(|url| url.matches(&host));
                assert_eq!(matches, spellings(&host).any(|url| server.eq_ignore_ascii_case(&url)), "{server}");
            }
        }
    }
}

/// Every spelling of the host that a client may use.
fn spellings(host: &Host) -> impl Iterator<Item = String> {
    let schemes = if host.scheme() == Scheme::Https { ["", "https://"] } else { ["", "http://"] };
    let with_port = format!("{}:{}", host.name(), host.port());
    let names = [Some(with_port), (host.port() == host.scheme().default_port()).then(|| host.name().to_owned())];
    let mut spellings = Vec::new();
    for scheme in schemes {
        for name in names.iter().flatten() {
            spellings.extend(["", "/", "/v1/", "/v2/"].map(|end| format!("{scheme}{name}{end}")));
        }
    }
    spellings.into_iter()
}

/// Docker's `config.json`: setting a helper changes nothing else, and removing it restores the file byte for byte.
pub fn docker_config(data: &[u8]) {
    let text = text(data);
    let Ok(before) = DockerConfig::parse(text) else { return };
    let host = Host::quay_io();
    let previous = before.entry(&host);
    assert!(previous.iter().chain(&before.default_helper()).all(|helper| is_harmless(&helper.to_string())));
    let mut config = DockerConfig::parse(text).expect("as before");
    config.set_helper(&host, "quay-auth");
    let mut config = DockerConfig::parse(config.as_str()).expect("read back");
    assert_eq!(config.helper(&host).as_ref().map(HelperName::as_str), Some("quay-auth"));
    assert_eq!(config.default_helper(), before.default_helper());
    assert_eq!(config.logins(&host), before.logins(&host));
    match &previous {
        Some(helper) => config.set_helper(&host, helper.as_str()),
        None => config.remove_helper(&host, before.empty_helpers()),
    }
    assert_eq!(config.entry(&host), previous);
    if previous.is_none() {
        assert_eq!(config.as_str(), before.as_str());
    }
    DockerConfig::parse(config.as_str()).expect("read back");
}

/// The response of a server: everything in it that may be displayed is harmless.
pub fn quay_response(data: &[u8]) {
    let statuses = [200, 401, 403, 404, 503];
    let (first, body) = data.split_first().unwrap_or((&0, &[]));
    let status = statuses[usize::from(*first) % statuses.len()];
    match read_verification(&HttpResponse { status, headers: HeaderMap::new(), body: body.to_vec() }) {
        Verification::Accepted(identity) => {
            assert_eq!(status, 200);
            assert!([identity.user, identity.uuid].iter().flatten().all(|text| is_harmless(text.as_str())));
        }
        Verification::Refused(refusal) => assert!(status == 401 && is_harmless(&refusal.to_string())),
        Verification::Unreachable(_) | Verification::Unclear { .. } => {}
    }
    let reason = RefusalBody::parse(body);
    assert!(reason.message.is_none_or(|words| is_harmless(words.as_str())));
    if let Some(local_app) = read_config(body).and_then(|config| config.local_app) {
        let url = Url::parse(&local_app).expect("a URL");
        assert!(["http", "https"].contains(&url.scheme()) && is_harmless(&local_app));
    }
    for token in serde_json::from_slice::<Vec<ListedToken>>(body).unwrap_or_default() {
        let texts = [Some(&token.uuid), token.name.as_ref(), Some(&token.scope), token.created_by.as_ref()];
        assert!(texts.into_iter().flatten().all(|text| is_harmless(text.as_str())));
    }
}

/// Text from a server: it becomes harmless and short, and does not change when it is read again.
pub fn server_text(data: &[u8]) {
    let escaped = ServerText::from(text(data));
    assert!(is_harmless(escaped.as_str()));
    assert!(escaped.as_str().chars().count() <= 201);
    assert_eq!(ServerText::from(escaped.as_str()), escaped);
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_subject_has_a_target_and_passes_all_its_seeds() {
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
