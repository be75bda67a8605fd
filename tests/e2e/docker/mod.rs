//! Docker and its kin.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `helper` | what `docker-credential-quay-auth` answers, by the protocol's words |
//! | `settings` | what `docker install`, `uninstall` and `status` do to docker's `config.json` |
//! | `obstacles` | what stands in the way of the tools, and what mends it |
//! | `clients` | the real tools at a real registry |

mod clients;
mod helper;
mod obstacles;
mod settings;

pub(crate) use settings::with_helper;
