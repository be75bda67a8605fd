//! Where a token may be, and that it is nowhere else.
//!
//! | file | subject |
//! | --- | --- |
//! | `outputs` | messages, other files, command lines, environments, core dumps, the echo of a terminal |
//! | `browsers` | what a browser stores of the URL, and which scripts can run on the page |
//! | `private_window` | what a browser stores of a login with `--private` |
//! | `files` | the token file: always private, and complete after a kill |
//! | `memory` | the memory of the program, at its end and from outside |
//! | `server_text` | text from a server that is displayed on the terminal |

mod browsers;
mod files;
mod memory;
mod outputs;
mod private_window;
mod server_text;
