//! A browser: one that can be seen here, and a program that opens it.

use super::{Context, Finding, ok, warn};
use crate::login::browser_program;

/// Looks for the program; starts nothing.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "browser";
    let paste = "quay-auth login prints the address; paste the last page's address into its terminal, or use --paste";
    let named = &context.login.browsers;
    match (browser_program(named, &context.places.path), context.without_browser) {
        (_, Some(reason)) if named.is_empty() => vec![warn(NAME, reason.to_string(), paste)],
        (Some(program), _) => vec![ok(NAME, format!("{} opens it", program.display()))],
        (None, _) => vec![warn(NAME, "no program that opens one was found", paste)],
    }
}
