//! Docker's `config.json`, of which one key is ours: `credHelpers[HOST]`. All else stays as it is, byte for byte.

use std::collections::BTreeSet;
use std::ops::Range;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::domain::Host;

use super::ServerUrl;

/// The object that names a helper for each host.
const HELPERS: &str = "credHelpers";

/// Why the file is not changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrokenConfig {
    /// It is not JSON as docker reads it.
    #[error("line {line}, column {column}: {message}")]
    NotJson {
        /// Where, from 1.
        line: usize,
        /// Where, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// It begins with a byte order mark, at which docker stops.
    #[error("it begins with a byte order mark, which docker does not read")]
    ByteOrderMark,
    /// A part of it has another form than docker's.
    #[error("{0}")]
    OddForm(&'static str),
}

/// Docker's settings: the text of the file, one JSON object.
#[derive(Debug)]
pub(crate) struct Config(String);

impl Config {
    /// Reads the text of the file; an empty one is no settings yet.
    pub(crate) fn parse(text: &str) -> Result<Self, BrokenConfig> {
        if text.starts_with('\u{feff}') {
            return Err(BrokenConfig::ByteOrderMark);
        }
        let text = if text.trim().is_empty() { "{\n}\n" } else { text };
        // The parser that knows places is lenient; what docker would refuse is refused here first, nesting without end too.
        serde_json::from_str::<serde_json::Value>(text).map_err(|error| {
            let message = error.to_string();
            let message = message.rsplit_once(" at line").map_or(message.as_str(), |(message, _)| message).to_owned();
            BrokenConfig::NotJson { line: error.line(), column: error.column(), message }
        })?;
        let config = Config(text.to_owned());
        let object = config.object().ok_or(BrokenConfig::OddForm("it should be one JSON object"))?;
        match members(&object, HELPERS)[..] {
            [] => {}
            [ObjectProp { value: Value::Object(helpers), .. }] => check_helpers(helpers)?,
            [_] => return Err(BrokenConfig::OddForm("`credHelpers` should be an object of host names and helpers")),
            _ => return Err(BrokenConfig::OddForm("`credHelpers` stands in it more than once")),
        }
        Ok(config)
    }

    /// The outermost object.
    fn object(&self) -> Option<Object<'_>> {
        match parse_to_ast(&self.0, &CollectOptions::default(), &ParseOptions::default()).ok()?.value? {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The object `credHelpers`, where there is one.
    fn helpers(&self) -> Option<Object<'_>> {
        object_of(&self.object()?, HELPERS).cloned()
    }

    /// The helper that the host's credentials come from.
    pub(crate) fn helper(&self, host: &Host) -> Option<String> {
        Some(self.helpers()?.get_string(&host.registry())?.value.to_string())
    }

    /// How many hosts have a helper of their own.
    pub(crate) fn count_helpers(&self) -> usize {
        self.helpers().map_or(0, |helpers| helpers.properties.len())
    }

    /// The helper for every host that has none of its own, such as the desktop's keyring.
    pub(crate) fn default_helper(&self) -> Option<String> {
        let object = self.object()?;
        let name = members(&object, "credsStore").first()?.value.as_string_lit()?.value.to_string();
        (!name.is_empty()).then_some(name)
    }

    /// Whether a login of the host's, or of a namespace there, stands in the file itself. An empty entry is none: docker leaves one
    /// behind that says where it is logged in by a helper.
    pub(crate) fn has_login(&self, host: &Host) -> bool {
        let is_of_host = |name: &str| {
            let server = name.split_once('/').filter(|_| !name.contains("://")).map_or(name, |(server, _)| server);
            ServerUrl::parse(server).is_some_and(|server| server.means(host))
        };
        let is_filled =
            |login: &ObjectProp<'_>| login.value.as_object().is_some_and(|login| !login.properties.is_empty());
        self.object().as_ref().and_then(|object| object_of(object, "auths")).is_some_and(|logins| {
            logins.properties.iter().any(|login| is_filled(login) && is_of_host(login.name.as_str()))
        })
    }

    /// Lets the host's credentials come from that helper.
    pub(crate) fn set_helper(&mut self, host: &Host, helper: &str) {
        let Some(object) = self.object() else { return };
        let (name, value) = (quoted(&host.registry()), quoted(helper));
        let (range, text) = match object_of(&object, HELPERS) {
            None => self.addition(&object, |indent| {
                let member = self.addition_to_empty(indent, &format!("{name}: {value}"));
                format!("\"{HELPERS}\": {{{member}}}")
            }),
            Some(helpers) => match helpers.get(&host.registry()) {
                None => self.addition(helpers, |_| format!("{name}: {value}")),
                Some(member) => (bytes(&member.value), value),
            },
        };
        self.0.replace_range(range, &text);
    }

    /// Takes the host's helper out, and `credHelpers` with the last one.
    pub(crate) fn remove_helper(&mut self, host: &Host) {
        let Some(object) = self.object() else { return };
        let Some(helpers) = object_of(&object, HELPERS) else { return };
        let range = match (helpers.get(&host.registry()), helpers.properties.len()) {
            (None, _) => return,
            (Some(_), 1) => removal(&object, |name| name.eq_ignore_ascii_case(HELPERS)),
            (Some(_), _) => removal(helpers, |name| name == host.registry()),
        };
        self.0.replace_range(range.unwrap_or(0..0), "");
    }

    /// Where a new last member of the object goes, and its text: on a line of its own where the others have theirs.
    fn addition(&self, object: &Object<'_>, member: impl FnOnce(Option<&str>) -> String) -> (Range<usize>, String) {
        let start = object.range.start + 1;
        let before = object.properties.last().map_or(start, |last| last.range.end);
        let first = object.properties.first().map_or(object.range.end, |first| first.range.start);
        let comma = if object.properties.is_empty() { "" } else { "," };
        // What stands between the brace and the first member, or the closing brace, is how this object is laid out.
        let layout = self.0.get(start..first).unwrap_or_default();
        let text = match layout.rfind('\n') {
            Some(end_of_line) if !object.properties.is_empty() => {
                let indent = layout.get(end_of_line + 1..).unwrap_or_default();
                format!("{comma}{}{indent}{}", self.end_of_line(), member(Some(indent)))
            }
            Some(end_of_line) => {
                let indent = format!("{}  ", layout.get(end_of_line + 1..layout.len() - 1).unwrap_or_default());
                format!("{}{indent}{}", self.end_of_line(), member(Some(&indent)))
            }
            None if comma.is_empty() => member(None),
            None => format!("{comma} {}", member(None)),
        };
        (before..before, text)
    }

    /// What an object has between its braces that stands at that indentation and gets this one member.
    fn addition_to_empty(&self, indent: Option<&str>, member: &str) -> String {
        let end = self.end_of_line();
        match indent {
            Some(indent) => {
                let step = if indent.is_empty() { "  " } else { indent };
                format!("{end}{indent}{step}{member}{end}{indent}")
            }
            None => member.to_owned(),
        }
    }

    /// How this file ends its lines.
    fn end_of_line(&self) -> &'static str {
        if self.0.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// The text of the file.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Docker reads no helper that is not a text, and of two for one host the last, where a person sees the first.
fn check_helpers(helpers: &Object<'_>) -> Result<(), BrokenConfig> {
    let mut names = BTreeSet::new();
    for helper in &helpers.properties {
        if helper.value.as_string_lit().is_none() {
            return Err(BrokenConfig::OddForm("each helper in `credHelpers` should be a name in quotes"));
        }
        if !names.insert(helper.name.as_str()) {
            return Err(BrokenConfig::OddForm("a host stands in `credHelpers` more than once"));
        }
    }
    Ok(())
}

/// The members of that name. Docker is written in Go, which does not mind the case.
fn members<'o, 'a>(object: &'o Object<'a>, name: &str) -> Vec<&'o ObjectProp<'a>> {
    object.properties.iter().filter(|member| member.name.as_str().eq_ignore_ascii_case(name)).collect()
}

/// The member of that name, where it is an object.
fn object_of<'o, 'a>(object: &'o Object<'a>, name: &str) -> Option<&'o Object<'a>> {
    members(object, name).first()?.value.as_object()
}

/// What goes with the member of that name: what joins it to the one before, else to the one behind.
fn removal(object: &Object<'_>, is_it: impl Fn(&str) -> bool) -> Option<Range<usize>> {
    let at = object.properties.iter().position(|member| is_it(member.name.as_str()))?;
    let member = object.properties.get(at)?.range;
    Some(match (at.checked_sub(1).and_then(|before| object.properties.get(before)), object.properties.get(at + 1)) {
        (Some(before), _) => before.range.end..member.end,
        (None, Some(behind)) => member.start..behind.range.start,
        (None, None) => object.range.start + 1..member.end,
    })
}

/// Where it stands in the text.
fn bytes(part: &impl Ranged) -> Range<usize> {
    part.range().start..part.range().end
}

/// A host or the name of a helper as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        "quay.io".parse().unwrap()
    }

    fn installed(text: &str) -> String {
        let mut config = Config::parse(text).unwrap();
        config.set_helper(&host(), "quay-auth");
        assert_eq!(config.helper(&host()).as_deref(), Some("quay-auth"));
        Config::parse(config.as_str()).unwrap_or_else(|error| panic!("{error}: {}", config.as_str()));
        config.as_str().to_owned()
    }

    fn uninstalled(text: &str) -> String {
        let mut config = Config::parse(text).unwrap();
        config.remove_helper(&host());
        assert_eq!(config.helper(&host()), None);
        config.as_str().to_owned()
    }

    /// Settings as people and programs leave them.
    const SETTINGS: [&str; 16] = [
        "{}",
        "{}\n",
        "{\n}\n",
        "{ }",
        "{\"a\":1}",
        "{\n\t\"auths\": {},\n\t\"credsStore\": \"desktop\"\n}",
        "{\n    \"z\": 1,\n    \"a\": [1, 2,\n 3],\n    \"psFormat\": \"{{.ID}}\\t\\u00e9\"\n}\n",
        "{\r\n  \"a\": 1\r\n}\r\n",
        "{ \"credHelpers\": { \"gcr.io\": \"gcloud\" } }",
        "{\n  \"credHelpers\": {\n    \"gcr.io\": \"gcloud\",\n    \"public.ecr.aws\": \"ecr-login\"\n  },\n  \"z\": 1.50e3\n}\n",
        "{\n  \"credHelpers\":\n  {\n    \"gcr.io\" : \"gcloud\"\n  }\n}",
        "{\"credHelpers\":{\"gcr.io\":\"gcloud\"},\"auths\":{\"quay.io\":{}}}",
        "{\"a\":{\"credHelpers\":{\"quay.io\":\"x\"}}}",
        "{\n\n  \"a\": 1,\n\n  \"b\": 2\n\n}\n\n",
        "\n\n  {\"a\": 12345678901234567890.000000000001}",
        "{\"HttpHeaders\": {\"User-Agent\": \"Docker-Client\"}, \"detachKeys\": \"ctrl-e,e\"}",
    ];

    #[test]
    fn uninstall_leaves_what_was_there_before_byte_for_byte() {
        for text in SETTINGS {
            assert_eq!(uninstalled(&installed(text)), text, "by way of {}", installed(text));
        }
    }

    #[test]
    fn a_helper_is_replaced_and_put_back() {
        let text = "{\n  \"credHelpers\": { \"quay.io\": \"secretservice\", \"gcr.io\": \"gcloud\" }\n}\n";
        let mut config = Config::parse(&installed(text)).unwrap();
        config.set_helper(&host(), "secretservice");
        assert_eq!(config.as_str().to_owned(), text);
    }

    #[test]
    fn what_is_added_looks_like_its_surroundings() {
        assert_eq!(installed(""), "{\n  \"credHelpers\": {\n    \"quay.io\": \"quay-auth\"\n  }\n}\n");
        assert_eq!(
            installed("{\n\t\"auths\": {},\n\t\"credsStore\": \"desktop\"\n}"),
            "{\n\t\"auths\": {},\n\t\"credsStore\": \"desktop\",\n\t\"credHelpers\": {\n\t\t\"quay.io\": \"quay-auth\"\n\t}\n}"
        );
        assert_eq!(installed("{\"a\":1}"), "{\"a\":1, \"credHelpers\": {\"quay.io\": \"quay-auth\"}}");
        assert_eq!(
            installed("{\r\n  \"a\": 1\r\n}"),
            "{\r\n  \"a\": 1,\r\n  \"credHelpers\": {\r\n    \"quay.io\": \"quay-auth\"\r\n  }\r\n}"
        );
        assert_eq!(
            installed("{\n    \"credHelpers\": {\n        \"gcr.io\": \"gcloud\"\n    }\n}"),
            "{\n    \"credHelpers\": {\n        \"gcr.io\": \"gcloud\",\n        \"quay.io\": \"quay-auth\"\n    }\n}"
        );
    }

    #[test]
    fn what_docker_cannot_read_is_refused_with_its_place() {
        let error = |text: &str| Config::parse(text).err().unwrap_or_else(|| panic!("{text}")).to_string();
        assert_eq!(error("{\n  \"a\": 1,\n}"), "line 3, column 1: trailing comma");
        assert_eq!(error("{\n  // mine\n}"), "line 2, column 3: key must be a string");
        assert_eq!(error("\u{feff}{}"), "it begins with a byte order mark, which docker does not read");
        assert_eq!(error("[]"), "it should be one JSON object");
        assert!(error("{\"credHelpers\": []}").contains("should be an object"));
        assert!(error("{\"credHelpers\": {}, \"credhelpers\": {}}").contains("more than once"));
        assert!(error("{\"credHelpers\": {\"quay.io\": 0}}").contains("should be a name in quotes"));
        assert!(error("{\"credHelpers\": {\"quay.io\": \"a\", \"quay.io\": \"b\"}}").contains("more than once"));
        for broken in [
            "{",
            "{}}",
            "{\"a\":1 \"b\":2}",
            "nul",
            "{'a': 1}",
            "{\"a\": 0x1}",
            "{} {}",
            &format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000)),
        ] {
            assert!(Config::parse(broken).is_err(), "{broken:.20}");
        }
    }

    #[test]
    fn logins_in_the_file_itself_are_seen() {
        let has = |auths: &str| Config::parse(&format!("{{\"auths\": {auths}}}")).unwrap().has_login(&host());
        for login in ["quay.io", "https://quay.io", "https://quay.io/v1/", "quay.io/acme"] {
            assert!(has(&format!("{{\"{login}\": {{\"auth\": \"eA==\"}}}}")), "{login}");
        }
        assert!(!has("{\"quay.io\": {}}"));
        assert!(!has("{\"gcr.io\": {\"auth\": \"eA==\"}}"));
    }
}
