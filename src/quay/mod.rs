//! Requests to a Quay server, one file for each kind. They return facts; commands turn these into messages.

mod address;
mod api;
mod application;
mod assignments;
mod client;
mod config;
mod connection;
mod direct;
mod discovery;
mod pages;
mod request_log;
mod retry;
mod revoke;
mod tokens;
mod verify;

pub(crate) use address::resolve;
pub(crate) use api::Api;
pub(crate) use application::{ApplicationLookup, look_up_application};
pub(crate) use assignments::find_assignment;
pub(crate) use client::{Client, Error, HttpRequest, HttpResponse, describe_status};
#[cfg(any(test, fuzzing))]
pub(crate) use config::read as read_config;
pub(crate) use config::{Release, ask_config, ask_server};
pub(crate) use connection::{Connection, InvalidProxy, Proxy, ProxyVariables, TlsError};
pub(crate) use direct::{DirectError, approve_directly};
pub(crate) use discovery::{has_tokens_api, needed_scope, offered_scopes};
pub(crate) use pages::{MAX_DOCUMENT, Pages, PagesError};
pub(crate) use request_log::RequestLog;
pub(crate) use revoke::{ActingToken, Revocation, revoke};
pub(crate) use tokens::{ApplicationTokens, ListedToken, TokensError};
#[cfg(any(test, fuzzing))]
pub(crate) use verify::read as read_verification;
pub(crate) use verify::{Identity, TokenRefusal, Verification, verify};

pub(crate) use ureq::http;
