//! The browser: can it be opened here, and by which program?

use super::{Context, Finding, ok, warn};
use crate::browser_login::browser_program;

/// Looks for the program, and starts nothing.
pub(super) fn check(context: &Context) -> Vec<Finding> {
    const NAME: &str = "browser";
    let other_ways = "log in with any browser: open the URL that `quay-auth login` prints, then paste the address of the last page; \
                      or use --paste";
    let commands = context.login.browser_commands();
    let unusable = context.login.unusable_browsers.iter();
    let unusable = unusable.map(|browser| warn(NAME, browser.to_string(), "name another browser there, or unset it"));
    let found = match (browser_program(commands, &context.docker_paths.path), context.without_browser) {
        (_, Some(reason)) if context.login.browsers.is_empty() => warn(NAME, reason.to_string(), other_ways),
        (Some(program), _) => ok(NAME, format!("{} opens it", program.display())),
        (None, _) => warn(NAME, "no program that opens a browser was found", other_ways),
    };
    unusable.chain([found]).collect()
}
