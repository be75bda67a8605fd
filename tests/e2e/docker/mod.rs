//! `docker` and the credential helper. `tools::clients` has the real docker, podman, skopeo and buildah.
//!
//! | file | subject |
//! | --- | --- |
//! | `helper` | what `docker-credential-quay-auth` replies |
//! | `settings` | what `docker install`, `uninstall` and `status` do to docker's `config.json` |
//! | `conflicts` | what keeps the tools from asking quay-auth, and the hint that fixes it |
//! | `unwritable` | docker's `config.json` cannot be written, or belongs to somebody else |
//! | `same_name` | an `https` and an `http` host of the same name |

mod conflicts;
mod helper;
mod same_name;
mod settings;
mod unwritable;
