//! `/api/v1/user/`: the caller.

use serde_json::json;

use super::api_replies::{error_after, good};
use super::caller::Caller;
use super::database::Database;
use super::pages::avatar;
use super::reply::Reply;

/// `GET /api/v1/user/`, which needs `user:read` or `user:admin`. To a valid token without them, the answer is the same as to a wrong one
/// (cases P1, P2).
pub(super) fn user(database: &Database, caller: &Caller) -> Reply {
    let admin = caller.user_with("user:admin");
    let Some(name) = admin.or_else(|| caller.user_with("user:read")) else {
        let first = r#""session_required": false, "#;
        return error_after(first, database, 401, "invalid_token", "Requires authentication");
    };
    let private = match admin {
        Some(_) => format!(
            concat!(
                r#""can_create_repo": true, "is_me": true, "verified": true, "email": {}, "logins": [], "#,
                r#""invoice_email": false, "invoice_email_address": null, "preferred_namespace": false, "#,
                r#""tag_expiration_s": 1209600, "prompts": [], "company": null, "family_name": null, "#,
                r#""given_name": null, "location": null, "is_free_account": true, "has_password_set": true, "#,
            ),
            json!(database.users.get(name).map(|user| &user.email))
        ),
        None => String::new(),
    };
    let organizations = database.organizations.iter().filter(|(_, organization)| organization.has_member(name));
    let organizations: Vec<String> = organizations
        .map(|(organization, _)| {
            format!(
                r#"{{"name": {}, "avatar": {}, "can_create_repo": false, "public": false}}"#,
                json!(organization),
                avatar(organization, "org")
            )
        })
        .collect();
    good(format!(
        r#"{{"anonymous": false, "username": {}, "avatar": {}, {private}"organizations": [{}]}}"#,
        json!(name),
        avatar(name, "user"),
        organizations.join(", "),
    ))
}
