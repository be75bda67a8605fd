//! Docker, podman, skopeo and buildah: their protocol for credential helpers, and their settings files.
//!
//! | file | subject |
//! | --- | --- |
//! | `server_url` | the server that a client names in a request |
//! | `protocol` | what a credential helper reads and answers |
//! | `helper_name` | the name of a helper in a settings file |
//! | `config` | docker's `config.json`, where quay-auth changes one key |
//! | `json_edit` | changes to a JSON text that follow its layout |
//! | `obstacles` | what keeps a client from asking quay-auth, and how to fix it |
//! | `paths` | where clients look for credentials, and in which order |

mod config;
mod helper_name;
mod json_edit;
mod obstacles;
mod paths;
mod protocol;
mod server_url;

pub(crate) use config::{DockerConfig, is_blank};
pub(crate) use helper_name::HelperName;
pub(crate) use obstacles::{Obstacle, find_obstacles, missing_helper};
pub(crate) use paths::{AuthFileReaders, DockerPaths};
pub(crate) use protocol::{Credentials, HelperError, HelperReply, Verb, read_credentials, read_server};
pub(crate) use server_url::parse_server_url;

/// The name of quay-auth in `credHelpers`. A client adds `docker-credential-` in front.
pub(crate) const HELPER: &str = "quay-auth";
