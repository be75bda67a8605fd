//! `config.toml`: what people and administrators write. Read only; each error names the line, and an unknown key the nearest one.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Error;
use super::login::Layer;
use crate::domain::{HostArgument, ProfileName, nearest};
use crate::files;

/// One `config.toml`.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// The host that is meant where none is named.
    pub(super) default_host: Option<HostArgument>,
    /// `[host."…"]`, by name.
    pub(super) hosts: Vec<HostSection>,
}

/// `[host."…"]` and what is below it.
#[derive(Debug)]
pub(super) struct HostSection {
    /// The host as it is written.
    pub(super) host: HostArgument,
    /// What holds for each profile there.
    pub(super) layer: Layer,
    /// The profile that docker gets.
    pub(super) docker_profile: Option<ProfileName>,
    /// `[host."…".profile.NAME]`: what differs.
    pub(super) profiles: Vec<(ProfileName, Layer)>,
}

/// The keys of `[host."…".profile.NAME]`.
const PROFILE_KEYS: [&str; 6] = ["client_id", "redirect_uri", "scopes", "store", "ca_file", "allow_http"];

/// The keys of `[host."…"]` besides those of a profile.
const HOST_KEYS: [&str; 2] = ["profile", "docker_profile"];

impl Config {
    /// Reads the file; where there is none, nothing is set.
    pub(super) fn load(path: Option<PathBuf>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Config::default()) };
        match files::read(&path) {
            Ok(Some(text)) => Config::parse(&path, &text),
            Ok(None) => Ok(Config::default()),
            Err(files::Error::NotText { .. }) => {
                Err(Error::Config { path, line: 1, message: "this file is not a text in UTF-8".to_owned() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads the text of the file at `path`.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Error> {
        Reader { path, text }.config()
    }
}

/// Reads one file's text and knows where it is.
struct Reader<'a> {
    /// The file.
    path: &'a Path,
    /// Its text.
    text: &'a str,
}

/// A value and where it stands.
type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Reader<'a> {
    /// The whole file.
    fn config(&self) -> Result<Config, Error> {
        let document = DeTable::parse(self.text)
            .map_err(|error| self.error(error.span().unwrap_or(0..0), error.message().to_owned()))?;
        let mut config = Config::default();
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "default_host" => config.default_host = Some(self.parsed(value)?),
                "host" => {
                    for (name, section) in self.table(value)? {
                        config.hosts.push(self.host(name, section)?);
                    }
                }
                _ => return Err(self.unknown_key(key, ["default_host", "host"])),
            }
        }
        Ok(config)
    }

    /// `[host."…"]`.
    fn host(&self, name: &Spanned<Cow<'a, str>>, section: &Value<'a>) -> Result<HostSection, Error> {
        let host = self.parse(name.span(), name.get_ref())?;
        let mut read = HostSection { host, layer: Layer::default(), docker_profile: None, profiles: Vec::new() };
        for (key, value) in self.table(section)? {
            match key.get_ref().as_ref() {
                "docker_profile" => read.docker_profile = Some(self.parsed(value)?),
                "profile" => {
                    for (name, section) in self.table(value)? {
                        let profile = self.parse(name.span(), name.get_ref())?;
                        let mut layer = Layer::default();
                        for (key, value) in self.table(section)? {
                            self.setting(&mut layer, key, value, &[])?;
                        }
                        read.profiles.push((profile, layer));
                    }
                }
                _ => self.setting(&mut read.layer, key, value, &HOST_KEYS)?,
            }
        }
        Ok(read)
    }

    /// One setting; `besides` are the keys that may stand here too.
    fn setting(
        &self,
        layer: &mut Layer,
        key: &Spanned<Cow<'a, str>>,
        value: &Value<'a>,
        besides: &[&'static str],
    ) -> Result<(), Error> {
        match key.get_ref().as_ref() {
            "client_id" => layer.client_id = Some(self.parsed(value)?),
            "redirect_uri" => layer.redirect_uri = Some(self.parsed(value)?),
            "scopes" => layer.scopes = Some(self.parsed(value)?),
            "store" => layer.store = Some(self.parsed(value)?),
            // Beside the file that names it, unless it is absolute.
            "ca_file" => layer.ca_file = Some(self.path.with_file_name(self.string(value)?)),
            "allow_http" => match value.get_ref() {
                DeValue::Boolean(allowed) => layer.allow_http = Some(*allowed),
                _ => return Err(self.error(value.span(), "`true` or `false` is wanted here".to_owned())),
            },
            _ => return Err(self.unknown_key(key, PROFILE_KEYS.iter().chain(besides).copied())),
        }
        Ok(())
    }

    /// The value as a table.
    fn table<'v>(&self, value: &'v Value<'a>) -> Result<&'v DeTable<'a>, Error> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.error(value.span(), "a table is wanted here, as in [host.\"quay.io\"]".to_owned())),
        }
    }

    /// The value as a string.
    fn string<'v>(&self, value: &'v Value<'a>) -> Result<&'v str, Error> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.error(value.span(), "a text in quotes is wanted here".to_owned())),
        }
    }

    /// The value as a string that means a `T`.
    fn parsed<T: FromStr<Err: std::error::Error>>(&self, value: &Value<'a>) -> Result<T, Error> {
        self.parse(value.span(), self.string(value)?)
    }

    /// The text, which stands at `span`, as a `T`.
    fn parse<T: FromStr<Err: std::error::Error>>(&self, span: Range<usize>, text: &str) -> Result<T, Error> {
        text.parse().map_err(|error: T::Err| self.error(span, error.to_string()))
    }

    /// A key that is none of `known`.
    fn unknown_key(&self, key: &Spanned<Cow<'a, str>>, known: impl IntoIterator<Item = &'static str> + Clone) -> Error {
        let word = key.get_ref();
        let meant = match nearest(word, known.clone()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("known are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        };
        self.error(key.span(), format!("unknown key `{word}`; {meant}"))
    }

    /// An error at the line of `span`.
    fn error(&self, span: Range<usize>, message: String) -> Error {
        let line = self.text.get(..span.start).unwrap_or(self.text).matches('\n').count() + 1;
        Error::Config { path: self.path.to_owned(), line, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("/etc/quay-auth/config.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_hosts_and_what_differs_per_profile() {
        let config = read(concat!(
            "default_host = 'quay.example.com'\n",
            "[host.'quay.example.com']\nclient_id = 'abc'\nca_file = 'ca.pem'\n",
            "docker_profile = 'ci'\n",
            "[host.'quay.example.com'.profile.ci]\nscopes = 'repo:write'\nstore = 'file'\n",
            "[host.'http://localhost:8080']\nallow_http = true\n",
        ))
        .unwrap();
        let [plain, section] = &config.hosts[..] else { panic!() };
        assert_eq!(section.layer.client_id.as_ref().unwrap().as_str(), "abc");
        assert_eq!(section.layer.ca_file.as_deref(), Some(Path::new("/etc/quay-auth/ca.pem")));
        assert_eq!(section.docker_profile.as_ref().unwrap().to_string(), "ci");
        assert_eq!(section.profiles[0].1.scopes.as_ref().unwrap().to_string(), "repo:write");
        assert_eq!(plain.layer.allow_http, Some(true));
    }

    #[test]
    fn names_the_line_and_the_nearest_key() {
        let error = |text: &str| read(text).unwrap_err();
        let file = "/etc/quay-auth/config.toml";
        assert_eq!(
            error("\n[host.'quay.io']\nclientid = 'x'\n"),
            format!("{file}, line 3: unknown key `clientid`; did you mean `client_id`?")
        );
        assert_eq!(
            error("[host.'quay.io'.profile.ci]\ndocker_profile = 'x'\n"),
            format!(
                "{file}, line 2: unknown key `docker_profile`; known are client_id, redirect_uri, scopes, store, ca_file, allow_http"
            )
        );
        assert_eq!(error("default_host = 1\n"), format!("{file}, line 1: a text in quotes is wanted here"));
        assert_eq!(
            error("[host.'quay.io/x']\n"),
            format!("{file}, line 1: only the host is wanted, without a path; did you mean `quay.io`?")
        );
        assert!(error("a = [\n").starts_with(&format!("{file}, line ")), "{}", error("a = [\n"));
        assert!(error("[host.'quay.io']\nallow_http = 'yes'").contains("line 2: `true` or `false`"));
    }
}
