//! How the releases of Quay differ: the table of the README, a question a row.

/// A release of Quay, standing for its column of README "Which server is it?"; 3.18 is the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Release {
    /// Never gives `state` back.
    V3_6,
    /// 3.7 to 3.11: a sign-in form on the consent page, any user may authorize.
    V3_11,
    /// 3.12 to 3.15: admins and assignees only, still the old web UI and the old rule for redirect URIs.
    V3_15,
    /// 3.16 and 3.17: the new web UI, redirect URIs parsed.
    V3_17,
    /// 3.18: an API that lists and mints tokens.
    V3_18,
}

impl Release {
    /// From 3.16 on a redirect URI is parsed; before that it is compared as a prefix.
    pub(super) fn parses_redirect_uris(self) -> bool {
        self >= Release::V3_17
    }

    /// From 3.12 on: a bare 401 without a session, a 403 without the organization's or an assignment's leave.
    pub(super) fn refuses_strangers(self) -> bool {
        self >= Release::V3_15
    }

    /// Since 3.7 `state` comes back, save for dangerous scopes.
    pub(super) fn returns_state(self) -> bool {
        self >= Release::V3_11
    }

    /// From 3.16 on the new web UI is the default one.
    pub(super) fn prefers_new_ui(self) -> bool {
        self >= Release::V3_17
    }

    /// Since 3.8 `/config` tells the release.
    pub(super) fn has_config(self) -> bool {
        self >= Release::V3_11
    }

    /// From 3.18 on the API lists and mints tokens.
    pub(super) fn has_token_api(self) -> bool {
        self >= Release::V3_18
    }

    /// `version_number` of `/config`, without "Quay ".
    pub(super) fn number(self) -> &'static str {
        match self {
            Release::V3_6 => "3.6.0",
            Release::V3_11 => "3.11.0",
            Release::V3_15 => "3.15.0",
            Release::V3_17 => "3.17.0",
            Release::V3_18 => "3.18.0",
        }
    }
}
