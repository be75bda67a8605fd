//! What docker, podman, skopeo and buildah are told: the credential protocol, and their settings files.
//!
//! | file | subject |
//! | --- | --- |
//! | `server_url` | which host a client means |
//! | `protocol` | what a credential helper reads and answers |
//! | `config` | docker's `config.json`: one key of it is ours |
//! | `obstacles` | what keeps a client from asking us, and what mends it |
//! | `places` | where docker and the containers tools look, and in which order |

mod config;
mod obstacles;
mod places;
mod protocol;
mod server_url;

pub(crate) use config::Config;
pub(crate) use obstacles::{Obstacle, find_obstacles};
pub(crate) use places::{Found, Places, Shadow, helper_path};
pub(crate) use protocol::{Answer, Credentials, Refusal, Verb, read_credentials, read_server};
pub(crate) use server_url::ServerUrl;

/// The name by which `credHelpers` calls us: the client adds `docker-credential-` in front.
pub(crate) const HELPER: &str = "quay-auth";
