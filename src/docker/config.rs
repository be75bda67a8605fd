//! Docker's `config.json`. quay-auth changes only `credHelpers[HOST]`; everything else stays the same, byte for byte.
//!
//! It is read as docker, podman, skopeo and buildah read it, with Go's `encoding/json`: keys in any case, `null` for no value, the last one of
//! several values, and all objects of one key as one.

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde::de::IgnoredAny;

use crate::domain::{Host, ServerText};

use super::json_edit::{addition, addition_to_empty, bytes, quoted, removal};
use super::{HELPER, HelperName};

/// The key of the object that names a helper for each host.
const HELPERS: &str = "credHelpers";

/// The key of the object with the logins that are in the file itself.
const LOGINS: &str = "auths";

/// Why quay-auth does not use or change the file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrokenDockerConfig {
    /// Line and column count from 1.
    #[error("line {line}, column {column}: {message}")]
    NotJson { line: usize, column: usize, message: String },
    #[error("it begins with a byte order mark, which docker does not accept")]
    ByteOrderMark,
    /// JSON, but not in the form that docker uses.
    #[error("{0}")]
    WrongForm(&'static str),
}

/// The text of docker's `config.json`: one JSON object.
#[derive(Debug)]
pub(crate) struct DockerConfig(String);

impl DockerConfig {
    /// A blank text counts as `{}`.
    pub(crate) fn parse(text: &str) -> Result<Self, BrokenDockerConfig> {
        if text.starts_with('\u{feff}') {
            return Err(BrokenDockerConfig::ByteOrderMark);
        }
        let text = if is_blank(text) { "{\n}\n" } else { text };
        // The parser that knows positions accepts more than docker does, so what docker would reject is rejected here first.
        serde_json::from_str::<IgnoredAny>(text).map_err(|error| {
            // This type rejects more, but with better messages.
            let error = serde_json::from_str::<serde_json::Value>(text).err().unwrap_or(error);
            let message = error.to_string();
            let message = message.rsplit_once(" at line").map_or(message.as_str(), |(message, _)| message).to_owned();
            BrokenDockerConfig::NotJson { line: error.line(), column: error.column(), message }
        })?;
        let value = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()).map_err(|error| {
            let (line, column) = (error.line_display(), error.column_display());
            BrokenDockerConfig::NotJson { line, column, message: error.kind().to_string() }
        })?;
        let Some(Value::Object(object)) = value.value else {
            return Err(BrokenDockerConfig::WrongForm("it should be one JSON object"));
        };
        for helpers in members(&object, HELPERS) {
            check_helpers(&helpers.value)?;
        }
        if !members(&object, LOGINS).iter().all(|logins| are_logins(&logins.value)) {
            return Err(BrokenDockerConfig::WrongForm("`auths` should be an object of host names and logins"));
        }
        Ok(DockerConfig(text.to_owned()))
    }

    #[expect(clippy::expect_used, reason = "`parse` accepts only an object, and it stays one")]
    fn object(&self) -> Object<'_> {
        let value = parse_to_ast(&self.0, &CollectOptions::default(), &ParseOptions::default());
        match value.ok().and_then(|value| value.value) {
            Some(Value::Object(object)) => Some(object),
            _ => None,
        }
        .expect("docker's settings are an object")
    }

    /// The helper for that host alone, without the default helper.
    pub(crate) fn helper(&self, host: &Host) -> Option<HelperName> {
        self.entry(host).filter(|helper| !helper.as_str().is_empty())
    }

    /// The same, but also an empty name, which makes docker store logins for that host in the file itself. `null` counts as that.
    pub(crate) fn entry(&self, host: &Host) -> Option<HelperName> {
        let object = self.object();
        let (_, entry) = helper_entry(&object, host)?;
        Some(text_of(&entry.value).into())
    }

    /// Whether quay-auth is the helper for any host.
    pub(crate) fn uses_quay_auth(&self) -> bool {
        let object = self.object();
        let mut helpers = objects(&object, HELPERS).into_iter().flat_map(|helpers| &helpers.properties);
        helpers.any(|helper| text_of(&helper.value) == HELPER)
    }

    /// The text of `credHelpers`, if there is nothing in it: `{}` or `null`. [`remove_helper`](Self::remove_helper) can restore it.
    pub(crate) fn empty_helpers(&self) -> Option<&str> {
        let object = self.object();
        let range = match (objects(&object, HELPERS).last(), members(&object, HELPERS).last()) {
            (Some(helpers), _) if helpers.properties.is_empty() => bytes(*helpers),
            (None, Some(null)) => bytes(&null.value),
            _ => return None,
        };
        self.0.get(range)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.object().properties.is_empty()
    }

    /// Whether docker chooses a default helper by itself: it does until the file names a helper or a login (docker/cli, `ContainsAuth`).
    pub(crate) fn leaves_helper_to_docker(&self) -> bool {
        let object = self.object();
        let mut objects = [HELPERS, LOGINS].into_iter().flat_map(|name| objects(&object, name));
        self.default_helper().is_none() && objects.all(|object| object.properties.is_empty())
    }

    /// The helper for all other hosts, such as the one for the desktop's keyring.
    pub(crate) fn default_helper(&self) -> Option<HelperName> {
        let object = self.object();
        let stores = members(&object, "credsStore");
        let last = stores.iter().rfind(|store| store.value.as_string_lit().is_some())?;
        Some(text_of(&last.value)).filter(|name| !name.is_empty()).map(HelperName::from)
    }

    /// The names of the logins for the host, or for a namespace there, that the file itself contains: `quay.io`, `quay.io/acme`,
    /// `https://quay.io/v1/`. An empty entry is not a login: docker writes one for a login whose credentials a helper stores.
    pub(crate) fn logins(&self, host: &Host) -> Vec<ServerText> {
        let is_for_host = |name: &str| {
            let rest = ["https://", "http://"].into_iter().find_map(|scheme| name.strip_prefix(scheme)).unwrap_or(name);
            rest.split('/').next().is_some_and(|server| server == host.registry())
        };
        let has_content =
            |login: &ObjectProp<'_>| login.value.as_object().is_some_and(|login| !login.properties.is_empty());
        let object = self.object();
        let logins = objects(&object, LOGINS).into_iter().flat_map(|logins| &logins.properties);
        let logins = logins.filter(|login| has_content(login) && is_for_host(login.name.as_str()));
        logins.map(|login| ServerText::from(login.name.as_str())).collect()
    }

    pub(crate) fn set_helper(&mut self, host: &Host, helper: &str) {
        let object = self.object();
        let (name, value) = (quoted(&host.registry()), quoted(helper));
        let entry = format!("{name}: {value}");
        let null = members(&object, HELPERS).into_iter().next_back();
        let (range, text) = match (helper_entry(&object, host), objects(&object, HELPERS).last(), null) {
            (Some((_, member)), ..) => (bytes(&member.value), value),
            (None, Some(helpers), _) => addition(&self.0, helpers, |_| entry),
            (None, None, Some(null)) => (bytes(&null.value), format!("{{{entry}}}")),
            (None, None, None) => addition(&self.0, &object, |indent| {
                format!("\"{HELPERS}\": {{{}}}", addition_to_empty(&self.0, indent, &entry))
            }),
        };
        self.0.replace_range(range, &text);
    }

    /// Removes quay-auth as the host's helper. If nothing remains in `credHelpers`, it becomes this text, or is removed.
    pub(crate) fn remove_helper(&mut self, host: &Host, empty_helpers: Option<&str>) {
        while self.helper(host).is_some_and(|helper| helper.is_quay_auth()) {
            let object = self.object();
            let Some((helpers, entry)) = helper_entry(&object, host) else { return };
            let (range, text) = match (helpers.properties.len(), empty_helpers) {
                (1, Some(text)) => (Some(bytes(helpers)), text),
                (1, None) => (removal(&object, |member| member.value.as_object() == Some(helpers)), ""),
                _ => (removal(helpers, |member| member == entry), ""),
            };
            let Some(range) = range else { return };
            self.0.replace_range(range, text);
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Docker ignores a helper that is neither text nor `null`.
fn check_helpers(helpers: &Value<'_>) -> Result<(), BrokenDockerConfig> {
    let helpers = match helpers {
        Value::Object(helpers) => &helpers.properties[..],
        Value::NullKeyword(_) => &[],
        _ => {
            return Err(BrokenDockerConfig::WrongForm("`credHelpers` should be an object of host names and helpers"));
        }
    };
    match helpers.iter().all(|helper| matches!(helper.value, Value::StringLit(_) | Value::NullKeyword(_))) {
        true => Ok(()),
        false => Err(BrokenDockerConfig::WrongForm("each helper in `credHelpers` should be a name in quotes")),
    }
}

/// Whether podman, skopeo and buildah read it as logins. With another value they use nothing in the file.
fn are_logins(logins: &Value<'_>) -> bool {
    let is_text = |member: &&ObjectProp<'_>| matches!(member.value, Value::StringLit(_) | Value::NullKeyword(_));
    let is_login = |login: &ObjectProp<'_>| match &login.value {
        Value::Object(login) => {
            ["auth", "identitytoken"].iter().flat_map(|name| members(login, name)).all(|m| is_text(&m))
        }
        value => matches!(value, Value::NullKeyword(_)),
    };
    match logins {
        Value::Object(logins) => logins.properties.iter().all(is_login),
        value => matches!(value, Value::NullKeyword(_)),
    }
}

/// The entry that counts for the host, and the object that it is in.
fn helper_entry<'o, 'a>(object: &'o Object<'a>, host: &Host) -> Option<(&'o Object<'a>, &'o ObjectProp<'a>)> {
    let name = host.registry();
    objects(object, HELPERS).into_iter().rev().find_map(|helpers| {
        let entry = helpers.properties.iter().rfind(|entry| entry.name.as_str() == name)?;
        Some((helpers, entry))
    })
}

/// The text of a value. Empty if it is `null`, which means the same to docker.
fn text_of(value: &Value<'_>) -> String {
    value.as_string_lit().map_or_else(String::new, |text| text.value.to_string())
}

/// Whether docker reads the text as a file without settings.
pub(crate) fn is_blank(text: &str) -> bool {
    matches!(text.trim(), "" | "null")
}

/// The members of that name, in any case.
fn members<'o, 'a>(object: &'o Object<'a>, name: &str) -> Vec<&'o ObjectProp<'a>> {
    object.properties.iter().filter(|member| member.name.as_str().eq_ignore_ascii_case(name)).collect()
}

/// The objects of that name. Their members are read as those of one object, and `null` removes all that come before it.
fn objects<'o, 'a>(object: &'o Object<'a>, name: &str) -> Vec<&'o Object<'a>> {
    let members = members(object, name);
    let last_null = members.iter().rposition(|member| matches!(member.value, Value::NullKeyword(_)));
    let members = members.into_iter().skip(last_null.map_or(0, |null| null + 1));
    members.filter_map(|member| member.value.as_object()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        "quay.io".parse().unwrap()
    }

    fn installed(text: &str) -> String {
        let mut config = DockerConfig::parse(text).unwrap();
        config.set_helper(&host(), "quay-auth");
        assert_eq!(config.helper(&host()).as_ref().map(HelperName::as_str), Some("quay-auth"));
        DockerConfig::parse(config.as_str()).unwrap_or_else(|error| panic!("{error}: {}", config.as_str()));
        config.as_str().to_owned()
    }

    fn uninstalled(text: &str, before: &str) -> String {
        let mut config = DockerConfig::parse(text).unwrap();
        config.remove_helper(&host(), DockerConfig::parse(before).unwrap().empty_helpers());
        assert_eq!(config.helper(&host()), None);
        config.as_str().to_owned()
    }

    /// Settings in the layouts that people and programs write.
    const SETTINGS: [&str; 23] = [
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
        "{\"credHelpers\": {}}",
        "{\n  \"credHelpers\": {\n  },\n  \"a\": 1\n}\n",
        "{\"CREDHELPERS\": null, \"a\": 1e999}",
        "{\"credHelpers\": {\"gcr.io\": \"gcloud\"}, \"credhelpers\": { }}",
        "{\"credHelpers\": {\"quay.io\": \"a\"}, \"credHelpers\": null}",
        "{\"credHelpers\": {\"gcr.io\": \"gcloud\"}, \"credHelpers\": {\"gcr.io\": \"a\", \"gcr.io\": null}}",
        "{\"auths\": null, \"credHelpers\": {\"gcr.io\": \"\"}, \"auths\": {}}",
    ];

    #[test]
    fn uninstalling_restores_the_file_byte_for_byte() {
        for text in SETTINGS {
            assert_eq!(uninstalled(&installed(text), text), text, "installed: {}", installed(text));
        }
    }

    #[test]
    fn a_replaced_helper_can_be_restored() {
        let text = "{\n  \"credHelpers\": { \"quay.io\": \"secretservice\", \"gcr.io\": \"gcloud\" }\n}\n";
        let mut config = DockerConfig::parse(&installed(text)).unwrap();
        config.set_helper(&host(), "secretservice");
        assert_eq!(config.as_str().to_owned(), text);
    }

    #[test]
    fn a_new_entry_follows_the_layout_of_the_file() {
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
    fn what_docker_cannot_read_is_rejected_with_line_and_column() {
        let error = |text: &str| DockerConfig::parse(text).err().unwrap_or_else(|| panic!("{text}")).to_string();
        assert_eq!(error("{\n  \"a\": 1,\n}"), "line 3, column 1: trailing comma");
        assert_eq!(error("{\n  // mine\n}"), "line 2, column 3: key must be a string");
        assert_eq!(error("\u{feff}{}"), "it begins with a byte order mark, which docker does not accept");
        assert_eq!(error("[]"), "it should be one JSON object");
        assert!(error("{\"credHelpers\": []}").contains("should be an object"));
        assert!(error("{\"credHelpers\": {\"quay.io\": 0}}").contains("should be a name in quotes"));
        for auths in
            ["[]", "\"\"", "{\"gcr.io\": \"\"}", "{\"gcr.io\": {\"AUTH\": 1}}", "{\"a\": {\"identitytoken\": {}}}"]
        {
            assert_eq!(
                error(&format!("{{\"auths\": {auths}}}")),
                "`auths` should be an object of host names and logins",
                "{auths}"
            );
        }
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
            assert!(DockerConfig::parse(broken).is_err(), "{broken:.20}");
        }
    }

    /// As docker 28.2 and skopeo 1.18 do.
    #[test]
    fn settings_are_read_as_gos_json_parser_reads_them() {
        let helper = |text: &str| {
            let config = DockerConfig::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            config.helper(&host()).map(|helper| helper.as_str().to_owned())
        };
        for (text, expected) in [
            ("null", None),
            ("{\"credHelpers\": null}", None),
            ("{\"credHelpers\": {\"quay.io\": \"\"}}", None),
            ("{\"credHelpers\": {\"quay.io\": null}}", None),
            ("{\"credHelpers\": {\"quay.io\": \"a\", \"quay.io\": \"b\"}}", Some("b")),
            ("{\"credHelpers\": {\"quay.io\": \"a\"}, \"credHelpers\": {\"gcr.io\": \"b\"}}", Some("a")),
            ("{\"credHelpers\": {\"quay.io\": \"a\"}, \"CREDHELPERS\": {\"quay.io\": \"b\"}}", Some("b")),
            ("{\"credHelpers\": {\"quay.io\": \"a\"}, \"credHelpers\": null}", None),
            ("{\"credHelpers\": null, \"credHelpers\": {\"quay.io\": \"a\"}}", Some("a")),
            ("{\"credHelpers\": {\"QUAY.IO\": \"a\"}}", None),
        ] {
            assert_eq!(helper(text).as_deref(), expected, "{text}");
            assert_eq!(helper(&installed(text)).as_deref(), Some("quay-auth"), "{text}");
        }
        let default = |text: &str| DockerConfig::parse(text).unwrap().default_helper().map(|name| name.to_string());
        assert_eq!(
            default("{\"credsStore\": \"a\", \"credsstore\": \"b\", \"credsStore\": null}").as_deref(),
            Some("b")
        );
        assert_eq!(default("{\"credsStore\": \"a\", \"credsStore\": \"\"}"), None);
    }

    #[test]
    fn logins_in_the_file_itself_are_found() {
        let logins = |auths: &str| {
            let config = DockerConfig::parse(&format!("{{\"auths\": {auths}}}")).unwrap();
            config.logins(&host()).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        for login in
            ["quay.io", "http://quay.io", "https://quay.io/v1/", "quay.io/", "quay.io/acme", "quay.io/acme/app"]
        {
            assert_eq!(logins(&format!("{{\"{login}\": {{\"auth\": \"eA==\"}}}}")), login);
        }
        assert_eq!(
            logins("{\"quay.io/a\": {\"identitytoken\": \"x\"}, \"quay.io\": {\"auth\": \"x\"}}"),
            "quay.io/a quay.io"
        );
        for other in ["gcr.io", "QUAY.IO", "quay.io:8443", "gcr.io/quay.io", "quay.io.example/acme"] {
            assert_eq!(logins(&format!("{{\"{other}\": {{\"auth\": \"eA==\"}}}}")), "", "{other}");
        }
        assert_eq!(logins("{\"quay.io\": {}}"), "");
    }

    /// As docker 28.2 does.
    #[test]
    fn docker_chooses_a_helper_until_the_file_names_a_helper_or_a_login() {
        for (text, expected) in [
            ("", true),
            ("{\"auths\": {}, \"credHelpers\": null, \"credsStore\": \"\"}", true),
            ("{\"auths\": {\"gcr.io\": {}}}", false),
            ("{\"credHelpers\": {\"gcr.io\": \"\"}}", false),
            ("{\"credsStore\": \"pass\"}", false),
        ] {
            assert_eq!(DockerConfig::parse(text).unwrap().leaves_helper_to_docker(), expected, "{text}");
        }
    }
}
