//! What the systems do differently and no other file is about: how a program is replaced by another one, whether a terminal takes
//! colour, how a file takes another one's place, and the lines that a person types.
//!
//! `unix` and `windows` have the same functions. Apart from here systems differ in `files` (who may read), `keyboard`,
//! `login/signals`, `store`, and where `settings/environment.rs` finds folders.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{
    EXPORTED, HOME, HOW_PRIVATE, PRIVATE_FILE, become_command, is_program, lines, replace, understands_colors,
};
#[cfg(windows)]
pub(crate) use windows::{
    EXPORTED, HOME, HOW_PRIVATE, PRIVATE_FILE, become_command, is_program, lines, replace, understands_colors,
};
