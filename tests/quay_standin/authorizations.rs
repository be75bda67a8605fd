//! `/api/v1/user/authorizations`: the tokens of the caller (cases Q).

use serde_json::json;

use super::api_replies::{done, good, not_found};
use super::caller::Caller;
use super::database::Database;
use super::pages::avatar;
use super::records::Token;
use super::reply::Reply;
use super::request::HttpRequest;
use super::scopes;

/// `GET /api/v1/user/authorizations`: all tokens of the user, also those that have expired (cases Q1, Q2, Q5).
pub(super) fn list(database: &Database, caller: &Caller) -> Reply {
    let user = match caller.must_have("user:admin", database) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let own = database.tokens.iter().filter(|token| token.user == user && !token.revoked);
    let list = own.map(|token| authorization_json(database, token)).collect::<Vec<_>>().join(", ");
    good(format!(r#"{{"authorizations": [{list}]}}"#))
}

/// `GET` and `DELETE /api/v1/user/authorizations/UUID`, for the user's own tokens (cases P4, Q3, Q4).
pub(super) fn one(database: &mut Database, request: &HttpRequest, caller: &Caller, uuid: &str) -> Reply {
    let user = match caller.must_have("user:admin", database) {
        Ok(user) => user,
        Err(refusal) => return refusal,
    };
    let is_asked_for = |token: &Token| token.uuid == uuid && token.user == user && !token.revoked;
    let Some(index) = database.tokens.iter().position(is_asked_for) else {
        return not_found(database);
    };
    if request.is_read() {
        return good(authorization_json(database, &database.tokens[index]));
    }
    database.tokens[index].revoked = true;
    done()
}

fn authorization_json(database: &Database, token: &Token) -> String {
    let application = &database.applications[&token.client_id];
    format!(
        concat!(
            r#"{{"application": {{"name": {}, "description": {}, "url": {}, "avatar": {}, "#,
            r#""organization": {{"name": {}, "avatar": {}}}}}, "scopes": [{}], "uuid": "{}"}}"#,
        ),
        json!(application.name),
        json!(application.description),
        json!(application.homepage),
        avatar(&application.name, "app"),
        json!(application.organization),
        avatar(&application.organization, "org"),
        scopes::described(&token.scopes),
        token.uuid,
    )
}
