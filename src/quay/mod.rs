//! What is asked of a Quay, one file a question. Lower layers return facts; commands find the words.

mod application;
mod client;
mod config;
mod scopes;
mod verify;

pub(crate) use application::{ApplicationAnswer, ask_application};
pub(crate) use client::{Client, Error};
pub(crate) use config::{Release, ask_config};
pub(crate) use scopes::offered_scopes;
pub(crate) use verify::{Identity, Verdict, verify};
