//! How the page looks, reads and sounds, in every outcome: pictures for people, axe-core for who cannot see them, other engines.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `served` | the program's own page, served again with any answer to its POST |
//! | `outcomes` | each outcome in light and dark, wide and narrow: pictures, axe-core, words |
//! | `engines` | a whole login in Firefox and in WebKit |

mod engines;
mod outcomes;
mod served;
