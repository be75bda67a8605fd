//! Quay's message for a JSON body that does not match its schema: the rule and the schema in Python's notation, in many lines (cases S4, S4d,
//! S4e, T2b).

use serde_json::Value;

/// Checks the body for a new token: `name` and `scope` are required, and `expiration` is at least 1.
pub(super) fn new_token(sent: &Value) -> Result<(), String> {
    for name in ["name", "scope"] {
        if !sent[name].is_string() {
            let schema = [
                "{'description': 'Description of a new OAuth API token. Duplicate names '",
                "                'are allowed within an application.',",
                " 'properties': {'expiration': {'description': 'Token lifetime in '",
                "                                              'seconds. Must be '",
                "                                              'positive and is capped '",
                "                                              'at the maximum '",
                "                                              'supported lifetime.',",
                // The recording ends here.
                "                              'minimum': 1,",
                "                              'type': 'number'},",
                "                'name': {'type': 'string'},",
                "                'scope': {'type': 'string'}},",
                " 'required': ['name', 'scope'],",
                " 'type': 'object'}",
            ];
            let broken = format!("'{name}' is a required property");
            return Err(message(&broken, "'required' in schema", &schema, "instance", &python(sent)));
        }
    }
    match &sent["expiration"] {
        Value::Null => Ok(()),
        seconds if seconds.as_f64().is_some_and(|seconds| seconds >= 1.0) => Ok(()),
        seconds => {
            let schema = [
                "{'description': 'Token lifetime in seconds. Must be positive and is '",
                "                'capped at the maximum supported lifetime.',",
                " 'minimum': 1,",
                " 'type': 'number'}",
            ];
            let broken = format!("{} is less than the minimum of 1", python(seconds));
            let rule = "'minimum' in schema['properties']['expiration']";
            Err(message(&broken, rule, &schema, "instance['expiration']", &python(seconds)))
        }
    }
}

/// The role of a team or user for a repository.
pub(super) fn role(sent: &Value, kind: &str) -> String {
    let values = "['read', 'write', 'admin']";
    let schema = [
        &format!("{{'description': 'Role to use for the {kind}',"),
        &format!(" 'enum': {values},") as &str,
        " 'type': 'string'}",
    ];
    let broken = format!("{} is not one of {values}", python(&sent["role"]));
    let rule = "'enum' in schema['properties']['role']";
    message(&broken, rule, &schema, "instance['role']", &python(&sent["role"]))
}

fn message(broken: &str, rule: &str, schema: &[&str], place: &str, value: &str) -> String {
    let schema = schema.join("\n    ");
    format!("{broken}\n\nFailed validating {rule}:\n    {schema}\n\nOn {place}:\n    {value}")
}

/// A value as Python prints it, for the types that are sent here.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::String(text) => format!("'{text}'"),
        value => value.to_string().replace('"', "'"),
    }
}
