//! Other programs that get their token from quay-auth.
//!
//! | file | subject |
//! | --- | --- |
//! | `clients` | skopeo, podman, buildah and docker at a real registry |

mod clients;
