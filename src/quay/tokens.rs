//! The tokens of an application: listed, made, ended (Quay 3.18, `org:admin`; recorded cases S).

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::json;
use ureq::http::{HeaderMap, HeaderValue, Method, header};

use super::api::{Api, PagesError};
use super::application::{ApplicationAnswer, ask_application};
use super::client::{Answer, Error, Request};
use crate::domain::{AccessToken, ApiPath, ClientId, Scopes, ServerText, Timestamp};

/// A token of an application, as Quay lists it.
#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    /// Quay's name of it, by which it is ended.
    pub(crate) uuid: ServerText,
    /// The name that its maker gave it; one that came through a browser has none.
    pub(crate) name: Option<ServerText>,
    /// What it may do, in Quay's words.
    pub(crate) scope: ServerText,
    /// When it was made.
    #[serde(default, deserialize_with = "moment")]
    pub(crate) created: Option<Timestamp>,
    /// By whom.
    pub(crate) created_by: Option<ServerText>,
    /// When it was last used.
    #[serde(default, deserialize_with = "moment")]
    pub(crate) last_accessed: Option<Timestamp>,
    /// When it ends.
    #[serde(default, deserialize_with = "moment")]
    pub(crate) expires_at: Option<Timestamp>,
}

/// A moment, where it can be read.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| serde_json::from_value(text.into()).ok()))
}

/// Why nothing came of it.
#[derive(Debug)]
pub(crate) enum TokensError {
    /// The request failed.
    Request(Error),
    /// The server knows no application with that client id, or does not say.
    NoApplication,
    /// The server is older than 3.18.
    NoSuchApi,
    /// The server refused.
    Refused {
        /// What was asked.
        method: Method,
        /// Where.
        path: ApiPath,
        /// The answer.
        answer: Box<Answer>,
    },
    /// The answer is none of Quay's.
    Odd,
}

/// The tokens of one application, by the word of a token.
pub(crate) struct Tokens<'a> {
    /// Asks the host.
    api: Api<'a>,
    /// Where they are.
    path: ApiPath,
}

impl<'a> Tokens<'a> {
    /// Those of the application with that client id.
    pub(crate) fn of(api: Api<'a>, client_id: &ClientId) -> Result<Self, TokensError> {
        let organization = match ask_application(api.client, client_id) {
            ApplicationAnswer::Known(application) => application.organization,
            ApplicationAnswer::Unreachable(error) => return Err(TokensError::Request(error)),
            ApplicationAnswer::Unknown | ApplicationAnswer::Unclear { .. } => None,
        };
        let organization = organization.ok_or(TokensError::NoApplication)?;
        let path = format!("organization/{organization}/applications/{client_id}/tokens");
        Ok(Tokens { api, path: path.parse().map_err(|_| TokensError::Odd)? })
    }

    /// The live ones, the newest first.
    pub(crate) fn list(&mut self) -> Result<Vec<Listed>, TokensError> {
        let whole = self.api.pages(&self.path, &HeaderMap::new()).map_err(|error| match error {
            PagesError::Request(error) => TokensError::Request(error),
            PagesError::Refused(answer) => self.refused(Method::GET, self.path.clone(), *answer),
            PagesError::NotAnObject | PagesError::Endless => TokensError::Odd,
        })?;
        let tokens = whole.get("tokens").cloned().unwrap_or_default();
        serde_json::from_value(tokens).map_err(|_| TokensError::Odd)
    }

    /// Makes one of that name. It lives ten years where no time is given, and has no scope that the asking token lacks.
    pub(crate) fn create(
        &mut self,
        name: &str,
        scopes: &Scopes,
        lives: Duration,
    ) -> Result<(AccessToken, Listed), TokensError> {
        #[derive(Deserialize)]
        struct Made {
            token: String,
            #[serde(flatten)]
            listed: Listed,
        }
        let body = json!({"name": name, "scope": scopes.to_string(), "expiration": lives.as_secs()}).to_string();
        let path = self.path.clone();
        let answer = self.ask(Method::POST, &path, Some(body.as_bytes()))?;
        if answer.status >= 400 {
            return Err(self.refused(Method::POST, path, answer));
        }
        let made: Made = serde_json::from_slice(&answer.body).map_err(|_| TokensError::Odd)?;
        let token = AccessToken::parse(made.token).map_err(|_| TokensError::Odd)?;
        Ok((token, made.listed))
    }

    /// Ends one; `false` where there is none.
    pub(crate) fn revoke(&mut self, uuid: &str) -> Result<bool, TokensError> {
        let path = format!("{}/{uuid}", self.path.as_str()).parse().map_err(|_| TokensError::Odd)?;
        let answer = self.ask(Method::DELETE, &path, None)?;
        match answer.status {
            204 => Ok(true),
            404 => Ok(false),
            _ => Err(TokensError::Refused { method: Method::DELETE, path, answer: Box::new(answer) }),
        }
    }

    /// Asks.
    fn ask(&mut self, method: Method, path: &ApiPath, body: Option<&[u8]>) -> Result<Answer, TokensError> {
        let json = HeaderValue::from_static("application/json");
        let headers: HeaderMap = body.map(|_| (header::CONTENT_TYPE, json)).into_iter().collect();
        let request = Request { method, path_and_query: path.as_str(), headers, body };
        self.api.send(request).map_err(TokensError::Request)
    }

    /// The error for a refusal. There is such an application, so what is not found is the API.
    fn refused(&self, method: Method, path: ApiPath, answer: Answer) -> TokensError {
        match answer.status {
            404 | 405 => TokensError::NoSuchApi,
            _ => TokensError::Refused { method, path, answer: Box::new(answer) },
        }
    }
}
