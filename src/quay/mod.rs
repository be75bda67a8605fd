//! What is asked of a Quay, one file a question. Lower layers return facts; commands find the words.

mod api;
mod application;
mod client;
mod config;
mod discovery;
mod revoke;
mod tls;
mod tokens;
mod verify;

pub(crate) use api::{Api, PagesError};
pub(crate) use application::{ApplicationAnswer, ask_application};
pub(crate) use client::{Answer, Client, Error, Request, resolve};
#[cfg(any(test, fuzzing))]
pub(crate) use config::read as read_config;
pub(crate) use config::{Release, ask_config, ask_server};
pub(crate) use discovery::{has_tokens_api, needed_scope, offered_scopes};
pub(crate) use revoke::{Authority, Revocation, revoke};
pub(crate) use tls::{TlsTrouble, look_at_certificate};
pub(crate) use tokens::{Listed, Tokens, TokensError};
#[cfg(any(test, fuzzing))]
pub(crate) use verify::judge;
pub(crate) use verify::{Identity, Verdict, verify};

pub(crate) use ureq::http;
