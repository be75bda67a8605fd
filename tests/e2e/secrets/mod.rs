//! Where a token may be, and nowhere else.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `outputs` | words, other files, command lines, environments, core dumps, a terminal's echo |
//! | `files` | the token file: private from its first byte, whole after a kill |
//! | `hostile` | what a server says, on its way to the terminal |

mod files;
mod hostile;
mod outputs;
