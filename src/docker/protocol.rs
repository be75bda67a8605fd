//! The protocol of docker's credential helpers: what is read on stdin, what is answered on stdout.
//!
//! Source: docker/docker-credential-helpers `credentials/`. Errors are answered on stdout too; only the exit code tells them apart.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::ServerUrl;
use crate::domain::{AccessToken, BASIC_USER, Host};

/// The most that `get` and `erase` read, in bytes: a server is one line.
const LONGEST_SERVER: usize = 4 * 1024;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Credentials of one server.
    Get,
    /// To keep credentials.
    Store,
    /// To forget credentials.
    Erase,
    /// Which servers there are credentials for.
    List,
    /// Which program this is.
    Version,
}

impl Verb {
    /// The verb that the arguments of a client are, if they are one.
    pub(crate) fn of(arguments: &[String]) -> Option<Self> {
        match arguments {
            [verb] => match verb.as_str() {
                "get" => Some(Verb::Get),
                "store" => Some(Verb::Store),
                "erase" => Some(Verb::Erase),
                "list" => Some(Verb::List),
                "version" | "--version" | "-v" | "--help" | "-h" => Some(Verb::Version),
                _ => None,
            },
            _ => None,
        }
    }
}

/// An answer other than success. Clients know the first three by their words; another one they show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There are none, so that clients go on anonymously. Never said of a store that fails.
    NotFound,
    /// The request names no server.
    NoServer,
    /// The request names no user.
    NoUser,
    /// Anything else, in one short line.
    Because(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotFound => f.write_str("credentials not found in native keychain"),
            Refusal::NoServer => f.write_str("no credentials server URL"),
            Refusal::NoUser => f.write_str("no credentials username"),
            // Clients put it between backticks, behind other words.
            Refusal::Because(reason) => f.write_str(&reason.replace('`', "'").replace('\n', " ")),
        }
    }
}

/// What `get` and `erase` read: the server as it came, and what it means.
pub(crate) fn read_server(stdin: &str) -> Result<(&str, Option<ServerUrl>), Refusal> {
    let server = stdin.trim();
    match server {
        "" => Err(Refusal::NoServer),
        _ if server.len() > LONGEST_SERVER => Ok((server, None)),
        _ => Ok((server, ServerUrl::parse(server))),
    }
}

/// What `store` reads.
pub(crate) struct Credentials {
    /// What its server means.
    pub(crate) server: Option<ServerUrl>,
    /// The user name.
    pub(crate) username: String,
    /// The password.
    pub(crate) secret: Zeroizing<String>,
}

/// Reads what `store` reads: `{"ServerURL": …, "Username": …, "Secret": …}`; keys that nobody knows are fine.
pub(crate) fn read_credentials(stdin: &str) -> Result<Credentials, Refusal> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Body {
        #[serde(rename = "ServerURL")]
        server_url: String,
        username: String,
        secret: String,
    }
    // What serde says of JSON may quote it, and there is a secret in it.
    let body: Body = serde_json::from_str(stdin)
        .map_err(|_| Refusal::Because("store wants a JSON object with ServerURL, Username and Secret".to_owned()))?;
    let secret = Zeroizing::new(body.secret);
    let (_, server) = read_server(&body.server_url)?;
    if body.username.is_empty() {
        return Err(Refusal::NoUser);
    }
    Ok(Credentials { server, username: body.username, secret })
}

/// A success.
pub(crate) enum Answer<'a> {
    /// Of `get`: the server as it came, and the token.
    Credentials(&'a str, &'a AccessToken),
    /// Of `list`.
    Hosts(&'a [Host]),
}

impl Answer<'_> {
    /// The one line of JSON that stdout gets.
    pub(crate) fn to_json(&self) -> Result<Zeroizing<String>, Refusal> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body<'a> {
            #[serde(rename = "ServerURL")]
            server_url: &'a str,
            username: &'static str,
            secret: &'a str,
        }
        let json = match self {
            Answer::Credentials(server_url, token) => {
                serde_json::to_string(&Body { server_url, username: BASIC_USER, secret: token.expose() })
            }
            Answer::Hosts(hosts) => serde_json::to_string(
                &hosts.iter().map(|host| (host.authority(), BASIC_USER)).collect::<BTreeMap<_, _>>(),
            ),
        };
        json.map(Zeroizing::new).map_err(|_| Refusal::Because("quay-auth cannot write JSON".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_one_word() {
        let of = |words: &[&str]| Verb::of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&["get"]), Some(Verb::Get));
        assert_eq!(of(&["--version"]), Some(Verb::Version));
        for none in [&[][..], &["GET"], &["get", "x"], &["frobnicate"], &[""]] {
            assert_eq!(of(none), None);
        }
    }

    #[test]
    fn answers_are_byte_for_byte_what_clients_read() {
        let token = AccessToken::parse("a".repeat(20)).unwrap();
        assert_eq!(
            **Answer::Credentials("https://quay.io/v1/", &token).to_json().unwrap(),
            *r#"{"ServerURL":"https://quay.io/v1/","Username":"$oauthtoken","Secret":"aaaaaaaaaaaaaaaaaaaa"}"#
        );
        let hosts = ["quay.io", "http://localhost:8080"].map(|host| host.parse().unwrap());
        assert_eq!(
            **Answer::Hosts(&hosts).to_json().unwrap(),
            *r#"{"localhost:8080":"$oauthtoken","quay.io":"$oauthtoken"}"#
        );
        assert_eq!(**Answer::Hosts(&[]).to_json().unwrap(), *"{}");
        assert_eq!(Refusal::NotFound.to_string(), "credentials not found in native keychain");
        assert_eq!(Refusal::Because("a `b`\nc".to_owned()).to_string(), "a 'b' c");
    }

    #[test]
    fn reads_servers_and_credentials() {
        assert_eq!(read_server(" quay.io\r\n").unwrap().0, "quay.io");
        assert_eq!(read_server("\n").unwrap_err(), Refusal::NoServer);
        assert_eq!(read_server("quay.io\n\nevil").unwrap().1, None);
        assert_eq!(read_server(&"a".repeat(LONGEST_SERVER + 1)).unwrap().1, None);
        let read = |json: &str| read_credentials(json).map(|read| (read.username, read.secret.to_string()));
        assert_eq!(
            read(r#"{"ServerURL":"quay.io","Username":"u","Secret":"s","New":1}"#),
            Ok(("u".to_owned(), "s".to_owned()))
        );
        assert_eq!(read(r#"{"Username":"u","Secret":"s"}"#), Err(Refusal::NoServer));
        assert_eq!(read(r#"{"ServerURL":"quay.io","Secret":"s"}"#), Err(Refusal::NoUser));
        let Err(Refusal::Because(words)) = read(r#"{"Secret":"topsecret""#) else { panic!() };
        assert!(!words.contains("topsecret"), "{words}");
    }
}
