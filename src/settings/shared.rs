//! The settings of a login that are the same for everybody at its host, as an administrator gives them to others.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::login::{Layer, LoginSettings};
use crate::domain::{ProfileId, ProfileName, RedirectUri, Scopes, StoreKind};
use crate::quay::Connection;

/// A `config.toml`, with the keys that `config.rs` reads.
#[derive(Serialize)]
struct ConfigFile {
    default_host: String,
    host: BTreeMap<String, HostSection>,
}

#[derive(Serialize)]
struct HostSection {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    ca_file: Option<String>,
    allow_http: Option<bool>,
}

impl LoginSettings {
    /// This login as it is for somebody who has no settings yet. Profile, scopes and store are that person's choice. The CA file is
    /// expected in the current folder, because its path here means nothing elsewhere.
    pub(crate) fn for_others(&self) -> LoginSettings {
        let ca_file = self.connection.ca_file.as_deref().and_then(Path::file_name).map(Into::into);
        LoginSettings {
            profile: ProfileId { host: self.profile.host.clone(), name: ProfileName::default() },
            scopes: Scopes::default(),
            store: StoreKind::default(),
            connection: Connection { ca_file, ..self.connection.clone() },
            other_options: Vec::new(),
            saved: Layer::merge(&[]),
            ..self.clone()
        }
    }

    /// A `config.toml` for [`LoginSettings::for_others`], in which the CA file is beside it.
    pub(crate) fn config_for_others(&self) -> Result<String, toml::ser::Error> {
        let login = self.for_others();
        let section = HostSection {
            client_id: login.client_id.map(|id| id.to_string()),
            redirect_uri: (login.redirect_uri != RedirectUri::default()).then(|| login.redirect_uri.to_string()),
            ca_file: login.connection.ca_file.map(|path| path.display().to_string()),
            allow_http: login.connection.allow_http.then_some(true),
        };
        let host = login.profile.host.to_string();
        toml::to_string(&ConfigFile { default_host: host.clone(), host: BTreeMap::from([(host, section)]) })
    }
}
