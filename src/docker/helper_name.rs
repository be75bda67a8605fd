//! `HelperName`: the name of a credential helper in docker's settings, which any program may have written.

use std::fmt;

use serde::Serialize;

use super::HELPER;
use crate::domain::ServerText;

/// `desktop` in `docker-credential-desktop`. It is displayed as a [`ServerText`], and written to files unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct HelperName(String);

impl HelperName {
    /// The name as in the file, for comparing and writing, not for messages.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_quay_auth(&self) -> bool {
        self.0 == HELPER
    }
}

impl From<String> for HelperName {
    fn from(name: String) -> Self {
        HelperName(name)
    }
}

impl fmt::Display for HelperName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ServerText::from(self.0.as_str()).fmt(f)
    }
}
