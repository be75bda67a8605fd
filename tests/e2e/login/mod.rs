//! `login`: whole logins at the stand-in, kept in the file store; `keyrings.rs` has the keyring.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `page` | what a person sees and clicks in Chromium |
//! | `outcomes` | every way in which a login can end |
//! | `address` | the redirect address, the browser that is opened, the hosts and profiles |
//! | `replaced` | the token before, ended or told to be alive |
//! | `expires` | the browser's token swapped for one that ends soon |
//! | `with_token` | a token from stdin |

mod address;
mod expires;
mod outcomes;
mod page;
mod replaced;
mod with_token;
