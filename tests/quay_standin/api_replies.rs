//! The answers that all paths below `/api/v1/` have in common.

use serde_json::json;

use super::database::Database;
use super::reply::Reply;

/// A successful answer. Its JSON ends with a newline.
pub(super) fn good(body: String) -> Reply {
    Reply::json(200, body + "\n").with_cors()
}

/// A successful answer without a body (case P4).
pub(super) fn done() -> Reply {
    Reply::json(204, "").with_cors()
}

/// A known path that does not support the method (case S6g).
pub(super) fn method_not_allowed() -> Reply {
    Reply::refused(405, "The method is not allowed for the requested URL.")
}

pub(super) fn not_found(database: &Database) -> Reply {
    error(database, 404, "not_found", "Not Found")
}

/// There is no valid token, but one is needed (cases Q1, S10h).
pub(super) fn requires_authentication(database: &Database) -> Reply {
    error(database, 401, "invalid_token", "Requires authentication")
}

/// The token lacks a scope, or its user lacks the right (cases S7, S8).
pub(super) fn insufficient_scope(database: &Database) -> Reply {
    error(database, 403, "insufficient_scope", "Unauthorized")
}

/// The request is invalid (cases S4d, T2b).
pub(super) fn invalid_request(database: &Database, message: &str) -> Reply {
    error(database, 400, "invalid_request", message)
}

/// An error in the form of the API (cases R1c, S1).
pub(super) fn error(database: &Database, status: u16, kind: &str, message: &str) -> Reply {
    error_after("", database, status, kind, message)
}

/// The same, with a member in front (case P2).
pub(super) fn error_after(first: &str, database: &Database, status: u16, kind: &str, message: &str) -> Reply {
    let origin = &database.origin;
    let message = json!(message);
    let body = format!(
        concat!(
            r#"{{{first}"detail": {message}, "error_message": {message}, "error_type": "{kind}", "#,
            r#""title": "{kind}", "type": "{origin}/api/v1/error/{kind}", "status": {status}}}"#,
        ),
        first = first,
        message = message,
        kind = kind,
        origin = origin,
        status = status,
    );
    Reply::json(status, body + "\n").with_cors()
}
