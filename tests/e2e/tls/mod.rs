//! TLS, proxies and IPv6, each for real: certificates of a CA made here, tinyproxy, a network namespace.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `front` | a TLS server in front of the stand-in, with a certificate as a test wants it |
//! | `trust` | which certificates are trusted, and what is said of the others |
//! | `network` | a proxy, and a host that has only IPv6 |

pub(crate) mod front;
mod network;
mod trust;
