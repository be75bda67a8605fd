//! JSON for people: laid out, in colour where colour is wanted, and with nothing in it that steers the terminal.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use crate::domain::steers_a_terminal;

/// What a part is coloured with (ECMA-48 SGR).
const KEY: &str = "34";
/// A string.
const STRING: &str = "32";
/// A number, `true`, `false` and `null`.
const OTHER: &str = "36";

/// The value as text, without a newline at the end.
pub(super) fn view(value: &Value, color: bool) -> String {
    let mut text = Vec::new();
    let layout = Layout { pretty: PrettyFormatter::new(), color, is_key: false };
    // Nothing can fail: a value is JSON, and memory takes every byte.
    let _ = value.serialize(&mut Serializer::with_formatter(&mut text, layout));
    String::from_utf8_lossy(&text).into_owned()
}

/// serde_json's own layout, with colours around its parts.
struct Layout {
    /// Lines and indentation.
    pretty: PrettyFormatter<'static>,
    /// Whether there are colours.
    color: bool,
    /// Whether the next string is a key.
    is_key: bool,
}

impl Layout {
    /// Begins a colour.
    fn paint<W: ?Sized + Write>(&self, writer: &mut W, color: &str) -> io::Result<()> {
        if self.color { write!(writer, "\x1b[{color}m") } else { Ok(()) }
    }

    /// Ends it.
    fn plain<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        if self.color { writer.write_all(b"\x1b[0m") } else { Ok(()) }
    }

    /// A part of one colour.
    fn painted<W: ?Sized + Write>(&self, writer: &mut W, part: &str) -> io::Result<()> {
        self.paint(writer, OTHER)?;
        writer.write_all(part.as_bytes())?;
        self.plain(writer)
    }
}

impl Formatter for Layout {
    fn write_null<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.painted(writer, "null")
    }

    fn write_bool<W: ?Sized + Write>(&mut self, writer: &mut W, value: bool) -> io::Result<()> {
        self.painted(writer, if value { "true" } else { "false" })
    }

    fn write_i64<W: ?Sized + Write>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        self.painted(writer, &value.to_string())
    }

    fn write_u64<W: ?Sized + Write>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        self.painted(writer, &value.to_string())
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        self.paint(writer, OTHER)?;
        self.pretty.write_f64(writer, value)?;
        self.plain(writer)
    }

    fn begin_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.paint(writer, if self.is_key { KEY } else { STRING })?;
        writer.write_all(b"\"")
    }

    fn end_string<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\"")?;
        self.plain(writer)
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for c in fragment.chars() {
            if steers_a_terminal(c) {
                // All of them are in the basic plane, so JSON's own escape has room.
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

    fn viewed(json: &str, color: bool) -> String {
        view(&serde_json::from_str(json).unwrap(), color)
    }

    #[test]
    fn is_laid_out_and_says_the_same() {
        let json = r#"{"b":[1,-2,1.5],"a":{"x":null,"y":true,"é":"\"\\\n"},"c":[],"d":{}}"#;
        let text = viewed(json, false);
        assert!(text.starts_with("{\n  \"b\": [\n    1,\n    -2,\n    1.5\n  ],\n  \"a\": {\n"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), serde_json::from_str::<Value>(json).unwrap());
    }

    #[test]
    fn keys_strings_and_all_else_have_their_colours() {
        assert_eq!(
            viewed(r#"{"a":"b","c":1}"#, true),
            "{\n  \x1b[34m\"a\"\x1b[0m: \x1b[32m\"b\"\x1b[0m,\n  \x1b[34m\"c\"\x1b[0m: \x1b[36m1\x1b[0m\n}"
        );
    }

    #[test]
    fn nothing_in_it_steers_the_terminal() {
        let text = viewed("{\"\u{9b}31m\": \"a\\u001b]52;c;x\\u0007\u{202e}b\u{200b}\u{7f}\"}", false);
        assert_eq!(text, "{\n  \"\\u009b31m\": \"a\\u001b]52;c;x\\u0007\\u202eb\\u200b\\u007f\"\n}");
    }
}
