//! `login`, with the stand-in and mostly with the file store. `robustness::keyrings` has the keyring.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `first_time` | no host or client ID is configured yet |
//! | `preflight` | what is checked before the browser opens |
//! | `assignment` | an administrator has assigned the application to the user |
//! | `browser` | which browser is started, and what it gets |
//! | `private` | `--private`: a private window |
//! | `page/` | the page that the browser shows |
//! | `waiting` | while login waits: Enter, pasting, error pages |
//! | `jobs` | a shell's job control: Ctrl-Z, background jobs; signals |
//! | `interrupted` | a signal while the login waits for Quay, before there is a token |
//! | `containers` | the login is in a container, and the browser outside |
//! | `other_machine` | the browser is on another machine, or there is no person |
//! | `finishing` | once there is a token: signals, and questions that nobody answers |
//! | `outcomes` | the ways in which a login can end; each release; several hosts and profiles |
//! | `mismatch` | the redirect URI that is registered at Quay is a different one |
//! | `suggested_commands` | the command after a failed login has what was typed and answered |
//! | `storing` | the store fails after the approval, or a valid token is already stored |
//! | `previous_token` | the token that a login replaces |
//! | `expires` | `--expires`: a token that expires replaces the browser's |
//! | `direct` | `--direct`: a user name and a password instead of a browser |
//! | `with_token` | `--with-token`: a token from stdin |

mod assignment;
pub(crate) mod browser;
mod containers;
mod direct;
mod expires;
mod finishing;
mod first_time;
mod interrupted;
mod jobs;
mod mismatch;
mod other_machine;
mod outcomes;
mod page;
mod preflight;
mod previous_token;
pub(crate) mod private;
mod storing;
mod suggested_commands;
mod waiting;
mod with_token;
