//! Lists, creates and revokes the tokens of an application. Needs Quay 3.18 and `org:admin` (docs/quay.md, cases S).

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::json;
use ureq::http::{HeaderMap, HeaderValue, Method, header};

use super::api::Api;
use super::application::{ApplicationLookup, look_up_application};
use super::client::{Error, HttpRequest, HttpResponse};
use super::pages::PagesError;
use crate::domain::{AccessToken, ApiPath, ClientId, Scopes, ServerText, Timestamp};

/// The size limit for a list, in bytes: some thousands of tokens.
const MAX_LIST: usize = 2 * 1024 * 1024;

/// A token of an application, as Quay lists it.
#[derive(Debug, Deserialize)]
pub(crate) struct ListedToken {
    /// Quay's identifier of the token, by which it can be revoked.
    pub(crate) uuid: ServerText,
    /// A token from a login in the browser has no name.
    pub(crate) name: Option<ServerText>,
    /// Separated by commas. Quay's API writes spaces between the scopes (docs/quay.md, case S7e).
    #[serde(deserialize_with = "comma_separated")]
    pub(crate) scope: ServerText,
    #[serde(default, deserialize_with = "timestamp")]
    pub(crate) created: Option<Timestamp>,
    pub(crate) created_by: Option<ServerText>,
    #[serde(default, deserialize_with = "timestamp")]
    pub(crate) last_accessed: Option<Timestamp>,
    #[serde(default, deserialize_with = "timestamp")]
    pub(crate) expires_at: Option<Timestamp>,
}

/// Not parsed as [`Scopes`], because unknown scopes must be shown too.
fn comma_separated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ServerText, D::Error> {
    let text = String::deserialize(deserializer)?;
    let scopes: Vec<&str> = text.split([' ', ',']).filter(|scope| !scope.is_empty()).collect();
    Ok(scopes.join(",").into())
}

/// `None` if Quay sent no time, or one that cannot be read: it is only shown.
fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| serde_json::from_value(text.into()).ok()))
}

/// Why a request about tokens failed.
#[derive(Debug)]
pub(crate) enum TokensError {
    Request(Error),
    /// The server knows no application with that client ID, or does not name its organization.
    NoApplication,
    /// The server is older than 3.18.
    NoSuchApi,
    Refused {
        method: Method,
        path: ApiPath,
        response: Box<HttpResponse>,
    },
    /// The answer is not one of Quay's.
    UnexpectedAnswer,
    /// The request to create a token was sent, and there was no answer with a token. Quay may have created one.
    NotConfirmed(Option<Error>),
}

/// The tokens of one application, accessed with the token of `Api`.
pub(crate) struct ApplicationTokens<'a> {
    api: Api<'a>,
    path: ApiPath,
}

impl<'a> ApplicationTokens<'a> {
    /// Looks up the application.
    pub(crate) fn find(api: Api<'a>, client_id: &ClientId) -> Result<Self, TokensError> {
        let path = match look_up_application(api.client, client_id, Some(api.token)) {
            ApplicationLookup::Known(application) => application.tokens_path(client_id),
            ApplicationLookup::Unreachable(error) => return Err(TokensError::Request(error)),
            ApplicationLookup::Unclear { status } => {
                let path = format!("app/{client_id}").parse().map_err(|_| TokensError::UnexpectedAnswer)?;
                let response = HttpResponse { status, headers: HeaderMap::new(), body: Vec::new() };
                return Err(TokensError::Refused { method: Method::GET, path, response: Box::new(response) });
            }
            ApplicationLookup::Unknown => None,
        };
        Ok(ApplicationTokens { api, path: path.ok_or(TokensError::NoApplication)? })
    }

    /// The active tokens, the newest first.
    pub(crate) fn list(&mut self) -> Result<Vec<ListedToken>, TokensError> {
        #[derive(Deserialize)]
        struct List {
            tokens: Vec<ListedToken>,
        }
        let list = self.api.pages(&self.path, &HeaderMap::new(), MAX_LIST).map_err(|error| match error {
            PagesError::Request(error) => TokensError::Request(error),
            PagesError::Refused(response) => self.refused(Method::GET, self.path.clone(), *response),
            PagesError::NotAnObject | PagesError::TooMuch => TokensError::UnexpectedAnswer,
        })?;
        if !list.is_complete {
            return Err(TokensError::UnexpectedAnswer);
        }
        serde_json::from_str::<List>(&list.document).map(|list| list.tokens).map_err(|_| TokensError::UnexpectedAnswer)
    }

    /// Creates a token. It can only have scopes that the acting token has.
    pub(crate) fn create(
        &mut self,
        name: &str,
        scopes: &Scopes,
        lifetime: Duration,
    ) -> Result<(AccessToken, ListedToken), TokensError> {
        #[derive(Deserialize)]
        struct CreatedToken {
            token: String,
            #[serde(flatten)]
            listed: ListedToken,
        }
        let body = json!({"name": name, "scope": scopes.to_string(), "expiration": lifetime.as_secs()}).to_string();
        let path = self.path.clone();
        let sent = self.send(Method::POST, &path, Some(body.as_bytes()));
        let response = sent.map_err(|error| TokensError::NotConfirmed(Some(error)))?;
        if response.status >= 400 {
            return Err(self.refused(Method::POST, path, response));
        }
        let created: CreatedToken =
            serde_json::from_slice(&response.body).map_err(|_| TokensError::NotConfirmed(None))?;
        let token = AccessToken::parse(created.token).map_err(|_| TokensError::NotConfirmed(None))?;
        Ok((token, created.listed))
    }

    /// Revokes a token. `false` if there is no such token.
    pub(crate) fn revoke(&mut self, uuid: &str) -> Result<bool, TokensError> {
        let path = format!("{}/{uuid}", self.path.as_str()).parse().map_err(|_| TokensError::UnexpectedAnswer)?;
        let response = self.send(Method::DELETE, &path, None).map_err(TokensError::Request)?;
        match response.status {
            204 => Ok(true),
            404 => Ok(false),
            _ => Err(TokensError::Refused { method: Method::DELETE, path, response: Box::new(response) }),
        }
    }

    fn send(&mut self, method: Method, path: &ApiPath, body: Option<&[u8]>) -> Result<HttpResponse, Error> {
        let json = HeaderValue::from_static("application/json");
        let headers: HeaderMap = body.map(|_| (header::CONTENT_TYPE, json)).into_iter().collect();
        let request = HttpRequest { method, path_and_query: path.as_str(), headers, body };
        self.api.send(request)
    }

    /// The application exists, so "not found" means that the server does not have this API. Quay up to 3.12 says so to a GET
    /// only, and answers anything else with 500 (docs/quay.md, cases X3b and X3k).
    fn refused(&mut self, method: Method, path: ApiPath, response: HttpResponse) -> TokensError {
        let is_missing = match response.status {
            404 | 405 => true,
            500 if method != Method::GET => {
                let list = self.path.clone();
                matches!(self.send(Method::GET, &list, None), Ok(response) if response.status == 404)
            }
            _ => false,
        };
        match is_missing {
            true => TokensError::NoSuchApi,
            false => TokensError::Refused { method, path, response: Box::new(response) },
        }
    }
}
