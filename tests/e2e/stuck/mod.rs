//! Every way that a person gets stuck in a login, and the way out of it.
//!
//! | file | what |
//! | --- | --- |
//! | `first_time` | nothing is configured |
//! | `proofs` | what is tried before the browser opens |
//! | `waiting` | Enter, pasting, dead ends, signals, Ctrl-Z |
//! | `elsewhere` | the browser is on another machine, or nobody sits here |
//! | `keeping` | the store fails after the consent; a good token is there already |

mod elsewhere;
mod first_time;
mod keeping;
mod proofs;
mod waiting;
