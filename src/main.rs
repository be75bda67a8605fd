//! The program `quay-auth`. Its code is in the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    quay_auth::main()
}
