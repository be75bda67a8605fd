//! The end-to-end tests: the built binary, and everything else real but Quay, whose stand-in the recordings keep honest.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `world` | a fresh home, a scrubbed environment, a stand-in; `world.run([...]).stdout(...)` |
//! | `keyring` | gnome-keyring on a private bus: unlocked, locked, stalled, absent |
//! | `browser` | a real Chromium by ChromeDriver |
//! | `quay/` | the stand-in |
//! | `recordings/` | Quay's recorded answers, played against the stand-in |
//! | one file a command | what that command promises |
//! | `hostile` | what strangers send to the catcher |

mod quay;
mod recordings;
