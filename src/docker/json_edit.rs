//! Changes to a JSON text that follow its layout.

use std::ops::Range;

use jsonc_parser::ast::{Object, ObjectProp};
use jsonc_parser::common::Ranged;

/// Where to insert a new last member of the object, and the text to insert: on its own line if the object spans several lines.
pub(super) fn addition(
    text: &str,
    object: &Object<'_>,
    member: impl FnOnce(Option<&str>) -> String,
) -> (Range<usize>, String) {
    let start = object.range.start + 1;
    let before = object.properties.last().map_or(start, |last| last.range.end);
    let first = object.properties.first().map_or(object.range.end, |first| first.range.start);
    let comma = if object.properties.is_empty() { "" } else { "," };
    // The text between the opening brace and the first member, or the closing brace, shows the layout of this object.
    let layout = &text[start..first];
    let addition = match layout.rfind('\n') {
        Some(newline) if !object.properties.is_empty() => {
            let indent = &layout[newline + 1..];
            format!("{comma}{}{indent}{}", end_of_line(text), member(Some(indent)))
        }
        Some(newline) => {
            let indent = format!("{}  ", &layout[newline + 1..layout.len() - 1]);
            format!("{}{indent}{}", end_of_line(text), member(Some(&indent)))
        }
        None if comma.is_empty() => member(None),
        None => format!("{comma} {}", member(None)),
    };
    (before..before, addition)
}

/// The text between the braces of a new object at that indentation, with one member.
pub(super) fn addition_to_empty(text: &str, indent: Option<&str>, member: &str) -> String {
    let end = end_of_line(text);
    match indent {
        Some(indent) => {
            let step = if indent.is_empty() { "  " } else { indent };
            format!("{end}{indent}{step}{member}{end}{indent}")
        }
        None => member.to_owned(),
    }
}

fn end_of_line(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The range to delete with a member: the member and the separator before it, or after it for the first one.
pub(super) fn removal<'a>(object: &Object<'a>, is_meant: impl Fn(&ObjectProp<'a>) -> bool) -> Option<Range<usize>> {
    let at = object.properties.iter().position(is_meant)?;
    let member = object.properties.get(at)?.range;
    Some(match (at.checked_sub(1).and_then(|before| object.properties.get(before)), object.properties.get(at + 1)) {
        (Some(before), _) => before.range.end..member.end,
        (None, Some(after)) => member.start..after.range.start,
        (None, None) => object.range.start + 1..member.end,
    })
}

pub(super) fn bytes(part: &impl Ranged) -> Range<usize> {
    part.range().start..part.range().end
}

/// The text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
