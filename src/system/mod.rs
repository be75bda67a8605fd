//! Differences between operating systems that belong to no other module: running a command, colours, replacing files, and the commands in
//! hints; and threads.
//!
//! `unix` and `windows` have the same functions. Systems also differ in `files` (permissions), `keyboard`, `browser_login::signals`, `store`,
//! and in `settings::environment` (folders).

mod background;
mod random;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub(crate) use background::in_background;
pub(crate) use random::{RandomError, random_hex};
#[cfg(unix)]
pub(crate) use unix::{
    EXPORTED, HOME, PRIVATE, PRIVATE_FILE, TerminationSignals, become_command, can_be_continued, is_discarded,
    is_in_foreground, is_program, is_root, not_ignored, observe_children, replace, shell_commands, understands_colors,
};
#[cfg(windows)]
pub(crate) use windows::{
    EXPORTED, HOME, PRIVATE, PRIVATE_FILE, TerminationSignals, become_command, is_discarded, is_in_foreground,
    is_program, is_root, replace, shell_commands, understands_colors,
};
