//! `-F` and `-f` of `api`: the fields of a request, converted and nested as `gh api` does.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::error::{Error, Exit};

/// A field as it was typed: `key=value`, `object[key]=value`, `list[]=value`, or `list[]` for an empty list.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// The whole key, as it is written in a query.
    pub(super) key: String,
    /// The name before the first bracket.
    name: String,
    /// One for each pair of brackets.
    steps: Vec<Step>,
    /// `None` for an empty list.
    value: Option<String>,
}

#[derive(Clone, Debug)]
enum Step {
    /// `[key]`: a member of an object.
    Member(String),
    /// `[]`: a new item of a list.
    Item,
}

impl FromStr for Field {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORMAT: &str = "write it as KEY=VALUE, OBJECT[KEY]=VALUE or LIST[]=VALUE";
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        let (name, mut rest) = key.split_at(key.find('[').unwrap_or(key.len()));
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).ok_or(FORMAT)?;
            steps.push(if step.is_empty() { Step::Item } else { Step::Member(step.to_owned()) });
            rest = after;
        }
        if name.is_empty() || value.is_none() && !matches!(steps.last(), Some(Step::Item)) {
            return Err(FORMAT);
        }
        Ok(Field { key: key.to_owned(), name: name.to_owned(), steps, value })
    }
}

impl Field {
    /// Whether it adds an item to a list, and so does not replace a field with the same key.
    pub(super) fn is_item(&self) -> bool {
        matches!(self.steps.last(), Some(Step::Item))
    }

    /// The value of `-f`: the text as typed.
    pub(super) fn text(&self) -> Value {
        self.value.clone().map_or(Value::Array(Vec::new()), Value::String)
    }

    /// The value of `-F`: JSON for `true`, `false`, `null` and integers, the text of the file for `@file` (`@-` means stdin), and
    /// otherwise the text as typed.
    pub(super) fn converted(&self) -> Result<Value, Error> {
        let Some(text) = &self.value else { return Ok(self.text()) };
        Ok(match text.as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            text => match (text.strip_prefix('@'), text.parse::<i64>()) {
                (Some(file), _) => Value::String(read_text(Path::new(file))?),
                (None, Ok(number)) => number.into(),
                (None, Err(_)) => Value::from(text),
            },
        })
    }

    /// Adds the value to the body, at the place that the key names.
    pub(super) fn put(&self, body: &mut Map<String, Value>, value: Value) -> Result<(), Error> {
        // An empty list has no item.
        let steps = if self.value.is_some() { &self.steps[..] } else { &self.steps[..self.steps.len() - 1] };
        let placed = match body.get_mut(&self.name) {
            Some(place) => put(place, steps, value),
            None => {
                body.insert(self.name.clone(), nested(steps, value));
                Some(())
            }
        };
        placed.ok_or_else(|| {
            Error::new(Exit::Usage, format!("the field `{}` contradicts another field", self.key))
                .hint("give each field once; only LIST[]=VALUE may be repeated")
        })
    }
}

/// The value, nested as these steps say.
fn nested(steps: &[Step], value: Value) -> Value {
    match steps.split_first() {
        None => value,
        Some((Step::Member(key), rest)) => Value::Object(Map::from_iter([(key.clone(), nested(rest, value))])),
        Some((Step::Item, rest)) => Value::Array(vec![nested(rest, value)]),
    }
}

/// Adds the value below these steps, or returns `None` if something else is there. The last item of a list, if it is an object, gets
/// members until one of them exists already. Then a new item begins, as in `gh api`.
fn put(place: &mut Value, steps: &[Step], value: Value) -> Option<()> {
    match (steps.split_first()?, place) {
        ((Step::Member(key), rest), Value::Object(members)) => match members.get_mut(key) {
            Some(member) => put(member, rest, value),
            None => {
                members.insert(key.clone(), nested(rest, value));
                Some(())
            }
        },
        ((Step::Item, rest), Value::Array(items)) => {
            let added = items.last_mut().and_then(|item| put(item, rest, value.clone()));
            if added.is_none() {
                items.push(nested(rest, value));
            }
            Some(())
        }
        _ => None,
    }
}

fn read_text(file: &Path) -> Result<String, Error> {
    String::from_utf8(read(file, "the file behind @")?).map_err(|_| {
        Error::new(Exit::Failure, format!("{} is not text", file.display()))
            .hint("a JSON field must be UTF-8 text; send other data with --input")
    })
}

/// Reads a file, or stdin for `-`. `what` names the argument in the hint.
pub(super) fn read(file: &Path, what: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let result = match file.as_os_str() == "-" {
        true => io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes),
        false => fs::read(file),
    };
    result.map_err(|error| {
        Error::new(Exit::Failure, format!("cannot read {}", file.display()))
            .caused_by(error)
            .hint(format!("check {what}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(fields: &[&str]) -> Result<String, Error> {
        let mut body = Map::new();
        for field in fields {
            let field: Field = field.parse().unwrap();
            field.put(&mut body, field.converted()?)?;
        }
        Ok(Value::Object(body).to_string())
    }

    #[test]
    fn values_are_converted_as_gh_does() {
        for (typed, json) in [
            ("true", "true"),
            ("null", "null"),
            ("-7", "-7"),
            ("9223372036854775807", "9223372036854775807"),
            ("9223372036854775808", "\"9223372036854775808\""),
            ("1.10", "\"1.10\""),
            ("1e3", "\"1e3\""),
            ("[1]", "\"[1]\""),
            ("{}", "\"{}\""),
            ("True", "\"True\""),
            ("a=b", "\"a=b\""),
            ("", "\"\""),
        ] {
            assert_eq!(body(&[&format!("k={typed}")]).unwrap(), format!("{{\"k\":{json}}}"), "{typed}");
        }
    }

    #[test]
    fn brackets_lead_into_objects_and_lists() {
        for (fields, json) in [
            (&["a[b]=c", "a[d][e]=1"][..], r#"{"a":{"b":"c","d":{"e":1}}}"#),
            (&["l[]=x", "l[]=2"], r#"{"l":["x",2]}"#),
            (&["l[]"], r#"{"l":[]}"#),
            (&["l[]", "l[]=x"], r#"{"l":["x"]}"#),
            (&["l[][k]=1", "l[][v]=2", "l[][k]=3"], r#"{"l":[{"k":1,"v":2},{"k":3}]}"#),
            (&["l[][]=1", "l[][]=2"], r#"{"l":[[1,2]]}"#),
        ] {
            assert_eq!(body(fields).unwrap(), json);
        }
        for fields in [&["a=1", "a=2"][..], &["a=1", "a[b]=2"], &["a[]=1", "a[b]=2"], &["a[b]=1", "a[b]=2"]] {
            assert!(body(fields).is_err(), "{fields:?}");
        }
        for odd in ["", "=x", "a", "[b]=c", "a[b=c", "a[b]", "a[b]c=d", "a]b[=c"] {
            assert!(odd.parse::<Field>().is_err(), "{odd}");
        }
    }
}
