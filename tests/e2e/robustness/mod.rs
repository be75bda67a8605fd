//! What happens if something fails, or if many things happen at the same time.
//!
//! | file | subject |
//! | --- | --- |
//! | `faults` | the program is killed, or a system call fails, at every step of a change |
//! | `races` | two or more runs that change the same thing |
//! | `load` | hundreds of runs at the same time |
//! | `threads` | no more threads can be started |
//! | `keyrings` | a real keyring: unlocked, locked, not responding or not available |
//! | `dialogs` | a locked keyring opens a dialog, and the user answers, does not answer, or presses Ctrl-C |
//! | `keepassxc`, `kwallet` | other keyrings, which open more dialogs |
//! | `right_token` | only the token that a profile describes is used as its token |
//! | `forgotten_tokens` | tokens that no profile describes, after `profiles.toml` was lost or a login was killed |
//! | `file_systems` | file systems that cannot lock files or sync folders |
//! | `session_bus` | how the session bus is found |
//! | `network` | hosts that have only an IPv6 address, or an address that does not answer; a slow proxy |
//! | `proxies` | which proxy is used, compared with curl; the messages if it fails |

mod dialogs;
mod faults;
mod file_systems;
mod forgotten_tokens;
mod keepassxc;
mod keyrings;
mod kwallet;
mod load;
mod network;
mod proxies;
mod races;
mod right_token;
mod session_bus;
mod threads;
