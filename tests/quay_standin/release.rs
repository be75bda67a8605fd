//! How the releases of Quay differ (docs/quay.md, "Which server is it?").

/// A release of Quay. Each is named after the last one that behaves like it. The recordings are of 3.18.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Release {
    /// Never returns `state`.
    V3_6,
    /// 3.7 to 3.11: the consent page has a sign-in form, and any user may authorize.
    V3_11,
    /// 3.12 to 3.15: only administrators and assigned users may authorize. The web UI and the rule for redirect URIs are the old ones.
    V3_15,
    /// 3.16 and 3.17: the web UI is the new one, and redirect URIs are parsed.
    V3_17,
    /// 3.18: an API that lists and creates tokens.
    V3_18,
}

impl Release {
    /// From 3.16 on. Before that, redirect URIs are compared as prefixes.
    pub(super) fn parses_redirect_uris(self) -> bool {
        self >= Release::V3_17
    }

    /// From 3.12 on: 401 without a session, and 403 for users who are neither administrators nor assigned.
    pub(super) fn checks_who_may_authorize(self) -> bool {
        self >= Release::V3_15
    }

    /// From 3.7 on, except for dangerous scopes.
    pub(super) fn returns_state(self) -> bool {
        self >= Release::V3_11
    }

    /// From 3.16 on.
    pub(super) fn prefers_new_ui(self) -> bool {
        self >= Release::V3_17
    }

    /// From 3.8 on.
    pub(super) fn has_config(self) -> bool {
        self >= Release::V3_11
    }

    /// From 3.18 on.
    pub(super) fn has_token_api(self) -> bool {
        self >= Release::V3_18
    }

    /// 3.10 to 3.12 answer 500 when something is sent to an unknown path. Later releases answer 405 (cases X3b, T8).
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
