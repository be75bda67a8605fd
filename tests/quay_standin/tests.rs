//! What the recordings do not show: other releases, and the settings that tests of quay-auth use.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{Answer, Browser, Failure, Quay, Release, Verify};

const CALLBACK: &str = "http://localhost:8976/callback";

/// A stand-in of a release with one application.
fn quay_of(release: Release) -> Quay {
    let quay = Quay::start();
    quay.set_release(release);
    quay.add_application("client", CALLBACK);
    quay
}

fn authorize_url(quay: &Quay, redirect_uri: &str, scope: &str) -> String {
    url::Url::parse_with_params(
        &format!("{}/oauth/authorize", quay.host()),
        [
            ("response_type", "token"),
            ("redirect_uri", redirect_uri),
            ("realm", "realm"),
            ("client_id", "client"),
            ("scope", scope),
            ("state", "st8"),
        ],
    )
    .unwrap()
    .into()
}

/// Opens an authorize URL in a browser, signed in or not.
fn open(quay: &Quay, user: Option<&str>, url: &str) -> Answer {
    let mut browser = Browser::new(quay.address());
    if let Some(user) = user {
        browser.sign_in(user, "password");
    }
    browser.get(url.strip_prefix(&quay.host()).unwrap())
}

fn verify(quay: &Quay, token: &str) -> Answer {
    let basic = format!("Basic {}", STANDARD.encode(format!("$oauthtoken:{token}")));
    let mut browser = Browser::new(quay.address());
    browser.send("GET", "/v2/auth?service=x", &[("Authorization", &basic)], b"")
}

/// The claims of the registry token in the response of `/v2/auth`.
fn claims(answer: &Answer) -> Value {
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let claims = answer["token"].as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

/// The token in the fragment of a redirect.
fn token_of(location: &str) -> &str {
    let (_, fragment) = location.split_once("#access_token=").unwrap();
    fragment.split('&').next().unwrap()
}

#[test]
fn each_release_behaves_as_documented() {
    use Release::{V3_6, V3_11, V3_15, V3_17, V3_18};
    for release in [V3_6, V3_11, V3_15, V3_17, V3_18] {
        let quay = quay_of(release);
        let url = authorize_url(&quay, CALLBACK, "repo:read");

        let page = open(&quay, Some("alice"), &url);
        let fields: Vec<Vec<String>> =
            page.forms().into_iter().map(|form| form.fields.into_iter().map(|(name, _)| name).collect()).collect();
        let mut expected = vec![
            vec!["response_type", "client_id", "redirect_uri", "scope", "_csrf_token", "state"],
            vec!["client_id", "redirect_uri", "scope", "_csrf_token", "state"],
            vec!["response_type", "client_id", "redirect_uri", "scope", "_csrf_token"],
            vec!["client_id", "redirect_uri", "scope", "_csrf_token"],
        ];
        if release == V3_6 {
            expected.iter_mut().for_each(|fields| fields.retain(|name| *name != "state"));
        }
        assert_eq!(fields, expected, "{release:?}");

        let location = quay.authorize(&url).unwrap();
        assert_eq!(location.contains("state=st8"), release > V3_6, "{release:?}");
        let location = quay.authorize(&authorize_url(&quay, CALLBACK, "org:admin")).unwrap();
        assert!(!location.contains("state="), "{release:?}");

        let stranger = open(&quay, None, &url);
        let asks = stranger.body.contains("<form method=\"post\" action=\"/signin\">");
        assert_eq!((stranger.status, asks), if release < V3_15 { (200, true) } else { (401, false) });

        let status = open(&quay, Some("bob"), &url).status;
        assert_eq!(status, if release < V3_15 { 200 } else { 403 }, "{release:?}");

        let elsewhere = authorize_url(&quay, "http://localhost:8976/callback/%41", "user:read");
        let status = open(&quay, Some("alice"), &elsewhere).status;
        assert_eq!(status, if release < V3_17 { 200 } else { 302 }, "{release:?}");

        let status = Browser::new(quay.address()).get("/oauth/localapp?scope=x").status;
        assert_eq!(status, if release < V3_17 { 401 } else { 200 }, "{release:?}");

        let config = Browser::new(quay.address()).get("/config");
        assert_eq!(config.status, if release == V3_6 { 404 } else { 200 }, "{release:?}");
        assert_eq!(config.body.contains("FEATURE_ASSIGN_OAUTH_TOKEN"), release >= V3_15);
        assert_eq!(config.body.contains("DEFAULT_UI"), release >= V3_17);

        let unknown = Browser::new(quay.address()).send("DELETE", "/api/v1/nosuch", &[], b"");
        assert_eq!(unknown.status, if release < V3_15 { 500 } else { 405 }, "{release:?}");

        let discovery = Browser::new(quay.address()).get("/api/v1/discovery");
        let lists_tokens = discovery.body.contains("listOrganizationApplicationTokens");
        assert_eq!(lists_tokens, release >= V3_18, "{release:?}");
    }
}

#[test]
fn signing_in_on_the_consent_page_of_3_11_leads_back_to_it() {
    let quay = quay_of(Release::V3_11);
    let url = authorize_url(&quay, CALLBACK, "repo:read");
    let mut browser = Browser::new(quay.address());
    let mut fields = browser.get(url.strip_prefix(&quay.host()).unwrap()).forms()[0].fields.clone();
    fields.push(("username".to_owned(), "carol".to_owned()));
    fields.push(("password".to_owned(), "password".to_owned()));
    assert_eq!(browser.post("/signin", &fields).location(), Some(url.as_str()));
    assert_eq!(open(&quay, Some("carol"), &url).forms().len(), 4);
}

#[test]
fn the_result_of_checking_a_token_can_be_set() {
    let quay = quay_of(Release::V3_18);
    quay.set_everyone_is(Some("alice"));
    let location = quay.authorize(&authorize_url(&quay, CALLBACK, "repo:read")).unwrap();
    let token = token_of(&location);
    let created = &quay.tokens()[0];
    assert_eq!((created.value.as_str(), created.value.len()), (token, 40));

    let accepted = claims(&verify(&quay, token));
    assert_eq!(accepted["sub"], "alice");
    assert_eq!(accepted["context"]["oauth"], created.uuid.as_str());

    quay.set_verify(Verify::As("mallory".to_owned()));
    assert_eq!(claims(&verify(&quay, token))["sub"], "mallory");
    quay.set_verify(Verify::Status(429));
    assert_eq!(verify(&quay, token).status, 429);
    quay.set_verify(Verify::Unauthorized);
    assert_eq!(verify(&quay, token).status, 401);
    quay.set_verify(Verify::Normal);
    quay.revoke(token);
    assert_eq!(verify(&quay, token).status, 401);
    assert!(quay.tokens()[0].revoked);

    let last = quay.requests().pop().unwrap();
    assert_eq!((last.method.as_str(), last.path.as_str()), ("GET", "/v2/auth"));
    assert_eq!((last.query.as_str(), last.authorization), ("service=x", true));
    assert_eq!(last.user_agent, None);
}

#[test]
fn a_hanging_check_ends_with_the_stand_in() {
    let quay = quay_of(Release::V3_18);
    quay.set_verify(Verify::Hang);
    let address = quay.address();
    let waiting = std::thread::spawn(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut stream, b"GET /v2/auth HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        std::io::Read::read(&mut stream, &mut [0; 1]).unwrap_or(0)
    });
    while quay.requests().is_empty() {
        std::thread::yield_now();
    }
    drop(quay);
    assert_eq!(waiting.join().unwrap(), 0);
}

#[test]
fn a_refused_authorization_returns_the_response() {
    let quay = quay_of(Release::V3_18);
    let url = authorize_url(&quay, CALLBACK, "repo:read");
    assert_eq!(quay.deny(&url).unwrap(), format!("{CALLBACK}?error=authorization_denied"));
    quay.set_everyone_is(Some("bob"));
    let refusal = quay.authorize(&url).unwrap_err();
    assert!(refusal.starts_with("403: 403 Forbidden"), "{refusal}");
    quay.assign("leave", "bob", "client", "repo:read");
    quay.authorize(&format!("{url}&assignment_uuid=leave")).unwrap();
    assert_eq!(quay.tokens()[0].user, "bob");
    quay.set_everyone_is(None);
    assert_eq!(open(&quay, None, &url).status, 401);
}

#[test]
fn names_are_escaped_in_pages_and_json() {
    let quay = quay_of(Release::V3_18);
    let name = "\"><script>alert('1')</script>&amp;";
    quay.set_application_name("client", name);
    let page = open(&quay, Some("alice"), &authorize_url(&quay, CALLBACK, "repo:read"));
    assert_eq!(page.title(), format!("Authorize {name} · Quay"));
    assert!(!page.body.contains("<script"));
    let application = Browser::new(quay.address()).get("/api/v1/app/client");
    let application: Value = serde_json::from_str(&application.body).unwrap();
    assert_eq!(application["name"], name);
}

#[test]
fn tokens_are_listed_fifty_a_page() {
    let quay = quay_of(Release::V3_18);
    quay.set_everyone_is(Some("alice"));
    let url = authorize_url(&quay, CALLBACK, "org:admin");
    for _ in 0..51 {
        quay.authorize(&url).unwrap();
    }
    let list = |page: &str| -> Value {
        let path = "/api/v1/organization/acme/applications/client/tokens";
        let answer = Browser::new(quay.address()).get(&format!("{path}{page}"));
        serde_json::from_str(&answer.body).unwrap()
    };
    let first = list("");
    assert_eq!(first["tokens"].as_array().unwrap().len(), 50);
    let second = list(&format!("?next_page={}", first["next_page"].as_str().unwrap()));
    assert_eq!(second["tokens"][0]["uuid"], quay.tokens()[0].uuid.as_str());
    assert_eq!(second.get("next_page"), None);
}

#[test]
fn a_failure_ends_after_the_set_number_of_responses() {
    let quay = quay_of(Release::V3_18);
    quay.fail(Failure::new("/v2/", 503));
    quay.fail(Failure::new("/v2/auth", 429).retry_after("2").times(1));
    let mut browser = Browser::new(quay.address());
    let answers = [browser.get("/v2/auth"), browser.get("/v2/auth"), browser.get("/config")];
    assert_eq!(answers.each_ref().map(|answer| answer.status), [429, 503, 200]);
    assert_eq!(answers.each_ref().map(|answer| answer.header("retry-after")), [vec!["2"], vec![], vec![]]);
}

#[test]
fn the_right_password_is_refused_for_a_while_after_a_wrong_one() {
    let quay = quay_of(Release::V3_18);
    let log_in = |password: &str| {
        let basic = format!("Basic {}", STANDARD.encode(format!("alice:{password}")));
        let form = b"client_id=client";
        Browser::new(quay.address()).send("POST", "/oauth/authorizeapp", &[("Authorization", &basic)], form).status
    };
    quay.database().settings.wrong_password_delay = Duration::from_secs(3600);
    assert_eq!([log_in("wrong"), log_in("password")], [401, 429]);
    quay.database().users.get_mut("alice").unwrap().no_login_until = None;
    quay.database().settings.wrong_password_delay = Duration::ZERO;
    assert_eq!([log_in("wrong"), log_in("password")], [401, 403], "then the CSRF token is missing");
}

#[test]
fn an_assignment_is_listed_until_it_is_used() {
    let quay = quay_of(Release::V3_18);
    quay.assign("the-uuid", "bob", "client", "repo:read");
    quay.set_everyone_is(Some("bob"));
    let list = || Browser::new(quay.address()).get("/api/v1/user/assignedauthorization").body;
    assert!(list().contains("the-uuid") && list().contains(CALLBACK), "{}", list());
    quay.authorize(&format!("{}&assignment_uuid=the-uuid", authorize_url(&quay, CALLBACK, "repo:read"))).unwrap();
    assert_eq!(list(), "{\"authorizations\": []}\n");
}
