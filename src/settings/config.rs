//! Reads `config.toml`, which users and administrators write. Errors name the line and, for an unknown key, the most similar one.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Error;
use super::login::Layer;
use crate::browser_login::BrowserCommand;
use crate::domain::{HostArgument, ProfileName, ServerText, nearest};
use crate::files;

/// The content of a `config.toml`.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(super) default_host: Option<HostArgument>,
    pub(super) animation: Option<bool>,
    pub(super) browser: Option<BrowserCommand>,
    pub(super) hosts: Vec<HostSection>,
}

/// A `[host."…"]` section.
#[derive(Debug)]
pub(super) struct HostSection {
    pub(super) host: HostArgument,
    /// The settings for all profiles of the host.
    pub(super) layer: Layer,
    pub(super) docker_profile: Option<ProfileName>,
    /// The sections `[host."…".profile.NAME]`.
    pub(super) profiles: Vec<(ProfileName, Layer)>,
}

/// The keys of `[host."…".profile.NAME]`. `[host."…"]` has them too.
const PROFILE_KEYS: [&str; 6] = ["client_id", "redirect_uri", "scopes", "store", "ca_file", "allow_http"];

/// The additional keys of `[host."…"]`.
const HOST_KEYS: [&str; 2] = ["profile", "docker_profile"];

impl Config {
    /// Without a file there are no settings.
    pub(super) fn load(path: Option<PathBuf>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Config::default()) };
        match files::read(&path) {
            Ok(Some(text)) => Config::parse(&path, &text),
            Ok(None) => Ok(Config::default()),
            Err(files::Error::NotText { .. }) => {
                Err(Error::Config { path, line: 1, message: "this file is not UTF-8 text".into() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// `path` is used in errors, and is where relative paths in the file start.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        Reader { path, text }.config()
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

/// A value and its position in the file.
type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Reader<'a> {
    fn config(&self) -> Result<Config, Error> {
        let document = DeTable::parse(self.text)
            .map_err(|error| self.error(error.span().unwrap_or(0..0), error.message().to_owned()))?;
        let mut config = Config::default();
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "default_host" => config.default_host = Some(self.parse_string(value)?),
                "animation" => config.animation = Some(self.boolean(value)?),
                "browser" => config.browser = Some(self.parse_string(value)?),
                "host" => {
                    for (name, section) in self.table(value)? {
                        config.hosts.push(self.host_section(name, section)?);
                    }
                }
                _ => return Err(self.unknown_key(key, ["default_host", "animation", "browser", "host"])),
            }
        }
        Ok(config)
    }

    fn host_section(&self, name: &Spanned<Cow<'a, str>>, table: &Value<'a>) -> Result<HostSection, Error> {
        let host = self.parse(name.span(), name.get_ref())?;
        let mut section = HostSection { host, layer: Layer::default(), docker_profile: None, profiles: Vec::new() };
        for (key, value) in self.table(table)? {
            match key.get_ref().as_ref() {
                "docker_profile" => section.docker_profile = Some(self.parse_string(value)?),
                "profile" => {
                    for (name, table) in self.table(value)? {
                        let profile = self.parse(name.span(), name.get_ref())?;
                        let mut layer = Layer::default();
                        for (key, value) in self.table(table)? {
                            self.set(&mut layer, key, value, &[])?;
                        }
                        section.profiles.push((profile, layer));
                    }
                }
                _ => self.set(&mut section.layer, key, value, &HOST_KEYS)?,
            }
        }
        Ok(section)
    }

    /// Sets one key of a layer. `other_keys` are keys that the section can have too.
    fn set(
        &self,
        layer: &mut Layer,
        key: &Spanned<Cow<'a, str>>,
        value: &Value<'a>,
        other_keys: &[&'static str],
    ) -> Result<(), Error> {
        match key.get_ref().as_ref() {
            "client_id" => layer.client_id = Some(self.parse_string(value)?),
            "redirect_uri" => layer.redirect_uri = Some(self.parse_string(value)?),
            "scopes" => layer.scopes = Some(self.parse_string(value)?),
            "store" => layer.store = Some(self.parse_string(value)?),
            // A relative path starts at the folder of this file.
            "ca_file" => layer.ca_file = Some(self.path.with_file_name(self.string(value)?)),
            "allow_http" => layer.allow_http = Some(self.boolean(value)?),
            _ => return Err(self.unknown_key(key, PROFILE_KEYS.iter().chain(other_keys).copied())),
        }
        Ok(())
    }

    fn table<'v>(&self, value: &'v Value<'a>) -> Result<&'v DeTable<'a>, Error> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.error(value.span(), "this must be a table, as in [host.\"quay.io\"]".to_owned())),
        }
    }

    fn string<'v>(&self, value: &'v Value<'a>) -> Result<&'v str, Error> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.error(value.span(), "the value must be a string in quotes".to_owned())),
        }
    }

    fn boolean(&self, value: &Value<'a>) -> Result<bool, Error> {
        match value.get_ref() {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.error(value.span(), "the value must be `true` or `false`".to_owned())),
        }
    }

    fn parse_string<T: FromStr<Err: std::error::Error>>(&self, value: &Value<'a>) -> Result<T, Error> {
        self.parse(value.span(), self.string(value)?)
    }

    fn parse<T: FromStr<Err: std::error::Error>>(&self, span: Range<usize>, text: &str) -> Result<T, Error> {
        text.parse().map_err(|error: T::Err| self.error(span, error.to_string()))
    }

    fn unknown_key(&self, key: &Spanned<Cow<'a, str>>, known: impl IntoIterator<Item = &'static str> + Clone) -> Error {
        let name = ServerText::from(key.get_ref().as_ref());
        let suggestion = match nearest(name.as_str(), known.clone()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("the keys here are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        self.error(key.span(), format!("unknown key `{name}`; {suggestion}"))
    }

    /// An error at the line where `span` starts.
    fn error(&self, span: Range<usize>, message: String) -> Error {
        let line = self.text.get(..span.start).unwrap_or(self.text).matches('\n').count() + 1;
        Error::Config { path: self.path.to_owned(), line, message: message.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("/etc/quay-auth/config.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn hosts_and_their_profiles_are_read() {
        let config = read(concat!(
            "default_host = 'quay.example.com'\n",
            "[host.'quay.example.com']\nclient_id = 'abc'\nca_file = 'ca.pem'\n",
            "docker_profile = 'ci'\n",
            "[host.'quay.example.com'.profile.ci]\nscopes = 'repo:write'\nstore = 'file'\n",
            "[host.'http://localhost:8080']\nallow_http = true\n",
        ))
        .unwrap();
        let [localhost, section] = &config.hosts[..] else { panic!() };
        assert_eq!(section.layer.client_id.as_ref().unwrap().as_str(), "abc");
        assert_eq!(section.layer.ca_file.as_deref(), Some(Path::new("/etc/quay-auth/ca.pem")));
        assert_eq!(section.docker_profile.as_ref().unwrap().to_string(), "ci");
        assert_eq!(section.profiles[0].1.scopes.as_ref().unwrap().to_string(), "repo:write");
        assert_eq!(localhost.layer.allow_http, Some(true));
    }

    #[test]
    fn errors_name_the_line_and_the_nearest_key() {
        let error = |text: &str| read(text).unwrap_err();
        let file = "/etc/quay-auth/config.toml";
        assert_eq!(
            error("\n[host.'quay.io']\nclientid = 'x'\n"),
            format!("{file}, line 3: unknown key `clientid`; did you mean `client_id`?")
        );
        assert_eq!(
            error("[host.'quay.io'.profile.ci]\ndocker_profile = 'x'\n"),
            format!(
                "{file}, line 2: unknown key `docker_profile`; \
                 the keys here are client_id, redirect_uri, scopes, store, ca_file, allow_http"
            )
        );
        assert_eq!(error("default_host = 1\n"), format!("{file}, line 1: the value must be a string in quotes"));
        assert_eq!(
            error("[host.'quay.io/x']\n"),
            format!("{file}, line 1: give only the host, without a path; did you mean `quay.io`?")
        );
        assert!(error("a = [\n").starts_with(&format!("{file}, line ")), "{}", error("a = [\n"));
        assert!(error("[host.'quay.io']\nallow_http = 'yes'").contains("line 2: the value must be `true` or `false`"));
    }
}
