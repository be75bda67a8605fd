//! What an attacker or a mistake could do. docs/threat-model.md lists each threat with its tests.
//!
//! | file | subject |
//! | --- | --- |
//! | `catcher` | requests from strangers to the catcher while a login waits |
//! | `secrets` | where a token may be, and that it is nowhere else |
//! | `tls` | which certificates are trusted, and the errors for others |
//! | `pasted_commands` | commands in hints, with text from a server in them |
//! | `certificates` | certificates from openssl, and the CA file, compared with curl |
//! | `hostile_server` | servers that never end their responses |
//! | `bad_input` | invalid values, tokens and files are rejected and change nothing |

mod bad_input;
mod catcher;
mod certificates;
mod hostile_server;
mod pasted_commands;
mod secrets;
mod tls;
