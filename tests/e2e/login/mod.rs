//! `login`: whole logins at the stand-in, kept in the file store; `keyrings.rs` has the keyring.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `page` | what a person sees and clicks in Chromium |
//! | `outcomes` | every way in which a login can end |
//! | `address` | the redirect address, the browser that is opened, the hosts and profiles |
//! | `with_token` | a token from stdin |

mod address;
mod outcomes;
mod page;
mod replaced;
mod with_token;
