//! How the releases of Quay differ (docs/quay.md, "Which server is it?").

/// A release of Quay, named after the last one that behaves like it; 3.18 is the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Release {
    /// Never returns `state`.
    V3_6,
    /// 3.7 to 3.11: a sign-in form on the consent page; any user may authorize.
    V3_11,
    /// 3.12 to 3.15: only administrators and assigned users; still the old web UI and the old rule for redirect URIs.
    V3_15,
    /// 3.16 and 3.17: the new web UI; redirect URIs are parsed.
    V3_17,
    /// 3.18: an API that lists and creates tokens.
    V3_18,
}

impl Release {
    /// From 3.16 on a redirect URI is parsed; before that it is compared as a prefix.
    pub(super) fn parses_redirect_uris(self) -> bool {
        self >= Release::V3_17
    }

    /// From 3.12 on: a bare 401 without a session, a 403 for users who are neither administrators nor assigned.
    pub(super) fn checks_who_may_authorize(self) -> bool {
        self >= Release::V3_15
    }

    /// From 3.7 on `state` comes back, except for dangerous scopes.
    pub(super) fn returns_state(self) -> bool {
        self >= Release::V3_11
    }

    /// From 3.16 on the new web UI is the default one.
    pub(super) fn prefers_new_ui(self) -> bool {
        self >= Release::V3_17
    }

    /// From 3.8 on there is `/config`.
    pub(super) fn has_config(self) -> bool {
        self >= Release::V3_11
    }

    /// From 3.18 on the API lists and creates tokens.
    pub(super) fn has_token_api(self) -> bool {
        self >= Release::V3_18
    }

    /// 3.10 to 3.12 fail with 500 when something is sent to an unknown path; later releases say 405 (cases X3b, T8).
    pub(super) fn fails_on_unknown_paths(self) -> bool {
        self <= Release::V3_11
    }

    /// `version_number` of `/config`, which has one from 3.16 on (cases X1, Y1).
    pub(super) fn version_number(self) -> Option<&'static str> {
        match self {
            Release::V3_6 | Release::V3_11 | Release::V3_15 => None,
            Release::V3_17 => Some("Quay 3.17.0"),
            Release::V3_18 => Some("Quay 3.18.0"),
        }
    }
}
