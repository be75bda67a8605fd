//! The protocol of docker's credential helpers: what a client writes to stdin, and what the helper replies on stdout.
//!
//! Errors go to stdout too; only the exit code distinguishes them from a result. Source: docker/docker-credential-helpers, `credentials/`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::parse_server_url;
use crate::domain::{AccessToken, Host, HostArgument, OAUTH_TOKEN_USER};

/// The longest server URL, in bytes. Longer ones match no host.
const LONGEST_SERVER: usize = 4 * 1024;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// The credentials for one server.
    Get,
    Store,
    Erase,
    /// The servers for which there are credentials.
    List,
    Version,
}

impl Verb {
    /// `None` unless the arguments are exactly one verb.
    pub(crate) fn parse(arguments: &[String]) -> Option<Self> {
        let [verb] = arguments else { return None };
        match verb.as_str() {
            "get" => Some(Verb::Get),
            "store" => Some(Verb::Store),
            "erase" => Some(Verb::Erase),
            "list" => Some(Verb::List),
            "version" | "--version" | "-v" | "--help" | "-h" => Some(Verb::Version),
            _ => None,
        }
    }
}

/// A failure, as the helper reports it. Clients recognize the first three by their exact text, and show any other to the user.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HelperError {
    /// There are no credentials, so that clients continue without. Never used if a store fails.
    NotFound,
    NoServer,
    NoUser,
    /// Anything else, in one short line.
    Failed(String),
}

impl fmt::Display for HelperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HelperError::NotFound => f.write_str("credentials not found in native keychain"),
            HelperError::NoServer => f.write_str("no credentials server URL"),
            HelperError::NoUser => f.write_str("no credentials username"),
            // Clients show it between backticks in a message of their own.
            HelperError::Failed(reason) => f.write_str(&reason.replace('`', "'").replace('\n', " ")),
        }
    }
}

/// Reads the input of `get` and `erase`. Returns the server as the client wrote it, and parsed.
pub(crate) fn read_server(stdin: &str) -> Result<(&str, Option<HostArgument>), HelperError> {
    let server = stdin.trim();
    match server {
        "" => Err(HelperError::NoServer),
        _ if server.len() > LONGEST_SERVER => Ok((server, None)),
        _ => Ok((server, parse_server_url(server))),
    }
}

/// The input of `store`.
pub(crate) struct Credentials {
    pub(crate) server: Option<HostArgument>,
    pub(crate) username: String,
    pub(crate) secret: Zeroizing<String>,
}

/// Reads the input of `store`: `{"ServerURL": …, "Username": …, "Secret": …}`. Other keys are ignored.
pub(crate) fn read_credentials(stdin: &str) -> Result<Credentials, HelperError> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Body {
        #[serde(rename = "ServerURL")]
        server_url: String,
        username: String,
        secret: String,
    }
    // An error of serde's may quote the JSON, which contains a secret.
    let body: Body = serde_json::from_str(stdin).map_err(|_| {
        HelperError::Failed("`store` expects a JSON object with ServerURL, Username and Secret".to_owned())
    })?;
    let secret = Zeroizing::new(body.secret);
    let (_, server) = read_server(&body.server_url)?;
    if body.username.is_empty() {
        return Err(HelperError::NoUser);
    }
    Ok(Credentials { server, username: body.username, secret })
}

/// The reply to a request that succeeded.
#[derive(Debug)]
pub(crate) enum HelperReply {
    /// To `get`: the server, spelled as the client did, and the token.
    Credentials(String, AccessToken),
    /// To `list`.
    Hosts(Vec<Host>),
    /// To `version`.
    Version,
    /// To `store` and `erase`: nothing.
    Done,
}

impl HelperReply {
    /// The line for stdout, without the newline. Empty if there is nothing to print.
    #[expect(clippy::expect_used, reason = "maps of strings always become JSON")]
    pub(crate) fn to_line(&self) -> Zeroizing<String> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct Body<'a> {
            #[serde(rename = "ServerURL")]
            server_url: &'a str,
            username: &'static str,
            secret: &'a str,
        }
        let json = match self {
            HelperReply::Credentials(server_url, token) => {
                serde_json::to_string(&Body { server_url, username: OAUTH_TOKEN_USER, secret: token.expose() })
            }
            HelperReply::Hosts(hosts) => serde_json::to_string(
                &hosts.iter().map(|host| (host.authority(), OAUTH_TOKEN_USER)).collect::<BTreeMap<_, _>>(),
            ),
            HelperReply::Version => {
                Ok(concat!("docker-credential-quay-auth (quay-auth) ", env!("CARGO_PKG_VERSION")).to_owned())
            }
            HelperReply::Done => Ok(String::new()),
        };
        Zeroizing::new(json.expect("strings become JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_exactly_one_argument() {
        let parse = |arguments: &[&str]| {
            Verb::parse(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(parse(&["get"]), Some(Verb::Get));
        assert_eq!(parse(&["--version"]), Some(Verb::Version));
        for invalid in [&[][..], &["GET"], &["get", "x"], &["frobnicate"], &[""]] {
            assert_eq!(parse(invalid), None);
        }
    }

    #[test]
    fn replies_are_exactly_what_clients_expect() {
        let token = AccessToken::parse("a".repeat(20)).unwrap();
        assert_eq!(
            **HelperReply::Credentials("https://quay.io/v1/".to_owned(), token).to_line(),
            *r#"{"ServerURL":"https://quay.io/v1/","Username":"$oauthtoken","Secret":"aaaaaaaaaaaaaaaaaaaa"}"#
        );
        let hosts = ["quay.io", "http://localhost:8080"].map(|host| host.parse().unwrap());
        assert_eq!(
            **HelperReply::Hosts(hosts.into()).to_line(),
            *r#"{"localhost:8080":"$oauthtoken","quay.io":"$oauthtoken"}"#
        );
        assert_eq!(**HelperReply::Hosts(Vec::new()).to_line(), *"{}");
        assert_eq!(HelperError::NotFound.to_string(), "credentials not found in native keychain");
        assert_eq!(HelperError::Failed("a `b`\nc".to_owned()).to_string(), "a 'b' c");
    }

    #[test]
    fn servers_and_credentials_are_read() {
        assert_eq!(read_server(" quay.io\r\n").unwrap().0, "quay.io");
        assert_eq!(read_server("\n").unwrap_err(), HelperError::NoServer);
        assert_eq!(read_server("quay.io\n\nevil").unwrap().1, None);
        assert_eq!(read_server(&"a".repeat(LONGEST_SERVER + 1)).unwrap().1, None);
        let read = |json: &str| read_credentials(json).map(|read| (read.username, read.secret.to_string()));
        assert_eq!(
            read(r#"{"ServerURL":"quay.io","Username":"u","Secret":"s","New":1}"#),
            Ok(("u".to_owned(), "s".to_owned()))
        );
        assert_eq!(read(r#"{"Username":"u","Secret":"s"}"#), Err(HelperError::NoServer));
        assert_eq!(read(r#"{"ServerURL":"quay.io","Secret":"s"}"#), Err(HelperError::NoUser));
        let Err(HelperError::Failed(message)) = read(r#"{"Secret":"topsecret""#) else { panic!() };
        assert!(!message.contains("topsecret"), "{message}");
    }
}
