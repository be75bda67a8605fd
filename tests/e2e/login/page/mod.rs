//! The page that the browser shows when Quay redirects to quay-auth.
//!
//! | file | what belongs there |
//! | --- | --- |
//! | `clicks` | a login in Chromium: what a person sees and clicks |
//! | `served` | the page with any reply to its POST, for `appearance` |
//! | `appearance` | each outcome, light and dark, wide and narrow: pictures, axe-core, text |
//! | `other_browsers` | a login in Firefox and in WebKit |

mod appearance;
mod clicks;
mod other_browsers;
mod served;
