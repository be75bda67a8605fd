//! What the tests use. It has no tests of its own.
//!
//! | file | subject |
//! | --- | --- |
//! | `world` | a fresh home, a clean environment and a stand-in for each test; start here: `world.run([...]).stdout(...)` |
//! | `program` | a run of the program: its input, the expected output and exit code |
//! | `proxy` | real HTTP and SOCKS proxies that log the requests |
//! | `pty` | the program at a real pseudo-terminal |
//! | `suggestions` | checks every command that the program suggests in any test |
//! | `system` | mount and network namespaces, another user's home, strace |
//! | `keyring` | a real gnome-keyring on a private session bus: unlocked, locked, stalled or absent |
//! | `keepassxc`, `kwallet` | a real KeePassXC or KWallet in place of gnome-keyring |
//! | `snapshot` | a text that is kept in `snapshots/` |
//! | `screen` | a screen without a monitor, and a person who answers the dialogs on it |
//! | `browser` | a real Chromium or another browser, controlled by WebDriver |
//! | `image` | small container images, and a shell for the tools that push and pull them |
//! | `server` | a server that is not Quay, or a broken one |
//! | `tls_front` | a TLS server in front of the stand-in, with any certificate |
//! | `openssl_server` | an old or broken TLS server |

pub(crate) mod browser;
pub(crate) mod image;
pub(crate) mod keepassxc;
pub(crate) mod keyring;
pub(crate) mod kwallet;
pub(crate) mod openssl_server;
pub(crate) mod program;
pub(crate) mod proxy;
pub(crate) mod pty;
pub(crate) mod screen;
pub(crate) mod server;
pub(crate) mod snapshot;
pub(crate) mod suggestions;
pub(crate) mod system;
pub(crate) mod tls_front;
pub(crate) mod world;
