//! `/config`: settings for the web UI, from which a client can also learn the release.

use serde_json::json;

use super::database::Database;
use super::reply::Reply;

/// `GET /config`: some of the hundred settings, in alphabetical order (docs/quay.md, "Which server is it?"; cases O, X1, Y1, Y3).
pub(super) fn config(database: &Database) -> Reply {
    let mut config = json!({
        "AUTHENTICATION_TYPE": "Database",
        "AVATAR_KIND": "local",
        "BRANDING": {
            "footer_img": null,
            "footer_url": null,
            "logo": "/static/img/quay-horizontal-color.svg",
            "logo_dark": "/static/img/quay-horizontal-whiteblue-nobackground.svg",
        },
        "CHANNEL_COLORS": [
            "#969696", "#aec7e8", "#ff7f0e", "#ffbb78", "#2ca02c", "#98df8a", "#d62728", "#ff9896", "#9467bd",
            "#c5b0d5", "#8c564b", "#c49c94", "#e377c2", "#f7b6d2", "#7f7f7f", "#c7c7c7", "#bcbd22", "#1f77b4",
            "#17becf", "#9edae5", "#393b79", "#5254a3", "#6b6ecf", "#9c9ede", "#9ecae1", "#31a354", "#b5cf6b",
            "#a1d99b", "#8c6d31", "#ad494a", "#e7ba52", "#a55194",
        ],
        "LOCAL_OAUTH_HANDLER": "/oauth/localapp",
        "PREFERRED_URL_SCHEME": "http",
        "SERVER_HOSTNAME": database.authority(),
    });
    if database.release.prefers_new_ui() {
        config["DEFAULT_UI"] = json!("react");
    }
    if database.release.checks_who_may_authorize() {
        config["FEATURE_ASSIGN_OAUTH_TOKEN"] = json!(database.settings.assigns_applications);
    }
    let settings = &database.settings;
    let mut features = json!({
        "ANONYMOUS_ACCESS": settings.allows_anonymous_access,
        "APP_SPECIFIC_TOKENS": true,
        "DIRECT_LOGIN": true,
        "RATE_LIMITS": false,
        "SUPERUSERS_FULL_ACCESS": false,
        "SUPER_USERS": true,
    });
    if database.release.checks_who_may_authorize() {
        features["ASSIGN_OAUTH_TOKEN"] = json!(settings.assigns_applications);
    }
    let mut body = json!({
        "account_recovery_mode": false,
        "config": config,
        "external_login": [],
        "features": features,
        "registry_state": if settings.is_read_only { "readonly" } else { "normal" },
    });
    if let Some(version) = database.release.version_number() {
        body["version_number"] = json!(version);
    }
    Reply::json(200, body.to_string())
}
