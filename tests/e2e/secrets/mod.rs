//! Where a token may be, and nowhere else.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `outputs` | words, other files, command lines, environments, core dumps, a terminal's echo |
//! | `browsers` | what a browser keeps of the address, and lets into the page |
//! | `files` | the token file: private from its first byte, whole after a kill |
//! | `memory` | the program's own memory, at its end and from outside |
//! | `hostile` | what a server says, on its way to the terminal |

mod browsers;
mod files;
mod hostile;
mod memory;
mod outputs;
