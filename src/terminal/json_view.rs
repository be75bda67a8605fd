//! JSON for a terminal: formatted, coloured, and with control characters escaped.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use crate::domain::is_terminal_control;

/// The colours of keys, strings and other values (ECMA-48 SGR).
const KEY: &str = "34";
const STRING: &str = "32";
const OTHER: &str = "36";

/// Formats the value, without a newline at the end.
#[expect(clippy::expect_used, reason = "a value can always be written to memory")]
pub(super) fn format(value: &Value, color: bool) -> String {
    let mut text = Vec::new();
    let layout = Layout { pretty: PrettyFormatter::new(), color, is_key: false };
    value.serialize(&mut Serializer::with_formatter(&mut text, layout)).expect("JSON");
    String::from_utf8(text).expect("UTF-8")
}

/// The layout of serde_json, with colours.
struct Layout {
    pretty: PrettyFormatter<'static>,
    color: bool,
    /// Whether the next string is a key.
    is_key: bool,
}

impl Layout {
    fn start_color<W: ?Sized + Write>(&self, writer: &mut W, color: &str) -> io::Result<()> {
        if self.color { write!(writer, "\x1b[{color}m") } else { Ok(()) }
    }

    fn end_color<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        if self.color { writer.write_all(b"\x1b[0m") } else { Ok(()) }
    }

    fn write_other<W: ?Sized + Write>(&self, writer: &mut W, text: &str) -> io::Result<()> {
        self.start_color(writer, OTHER)?;
        writer.write_all(text.as_bytes())?;
        self.end_color(writer)
    }
}

impl Formatter for Layout {
    fn write_null<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.write_other(writer, "null")
    }

    fn write_bool<W: ?Sized + Write>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        self.write_other(writer, if value { "true" } else { "false" })
    }

    fn write_i64<W: ?Sized + Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        self.write_other(writer, &value.to_string())
    }

    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        self.write_other(writer, &value.to_string())
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        self.start_color(writer, OTHER)?;
        self.pretty.write_f64(writer, value)?;
        self.end_color(writer)
    }

    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.start_color(writer, if self.is_key { KEY } else { STRING })?;
        writer.write_all(b"\"")
    }

    fn end_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\"")?;
        self.end_color(writer)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for c in fragment.chars() {
            if is_terminal_control(c) {
                // All of them are below U+10000, which JSON can escape with four digits.
                write!(writer, "\\u{:04x}", u32::from(c))?;
            } else {
                write!(writer, "{c}")?;
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.pretty.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.pretty.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.is_key = true;
        self.pretty.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.is_key = false;
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(json: &str, color: bool) -> String {
        format(&serde_json::from_str(json).unwrap(), color)
    }

    #[test]
    fn formatted_json_has_the_same_value() {
        let json = r#"{"b":[1,-2,1.5],"a":{"x":null,"y":true,"é":"\"\\\n"},"c":[],"d":{}}"#;
        let text = formatted(json, false);
        assert!(text.starts_with("{\n  \"b\": [\n    1,\n    -2,\n    1.5\n  ],\n  \"a\": {\n"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), serde_json::from_str::<Value>(json).unwrap());
    }

    #[test]
    fn keys_strings_and_other_values_have_different_colours() {
        assert_eq!(
            formatted(r#"{"a":"b","c":1}"#, true),
            "{\n  \x1b[34m\"a\"\x1b[0m: \x1b[32m\"b\"\x1b[0m,\n  \x1b[34m\"c\"\x1b[0m: \x1b[36m1\x1b[0m\n}"
        );
    }

    #[test]
    fn control_characters_are_escaped() {
        let text = formatted("{\"\u{9b}31m\": \"a\\u001b]52;c;x\\u0007\u{202e}b\u{200b}\u{7f}\"}", false);
        assert_eq!(text, "{\n  \"\\u009b31m\": \"a\\u001b]52;c;x\\u0007\\u202eb\\u200b\\u007f\"\n}");
    }
}
