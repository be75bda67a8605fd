//! Whether a host concerns quay-auth, if quay-auth's files are damaged.

use crate::docker::DockerConfig;
use crate::domain::{Host, HostArgument};
use crate::files;
use crate::store;

use super::environment::{self, Folders};

/// Whether quay-auth may have a profile or a setting for this server, although the settings cannot be loaded.
///
/// It may if the host's name is anywhere in the files or in `QUAY_AUTH_HOST`, or if docker's settings name quay-auth for it. For quay.io,
/// the default host, it also may if a file cannot be read at all.
pub(crate) fn may_concern_us(server: &HostArgument) -> bool {
    let host = server.host();
    let folders = Folders::find();
    let data = folders.data().map(|folder| store::FILES.map(|name| folder.join(name)));
    let is_without_home = data.is_err();
    let own_files = data.into_iter().flatten().chain(folders.config_file()).chain(Folders::system_config_file());
    let (read, unread): (Vec<_>, Vec<_>) = own_files.map(|path| files::read_damaged(&path)).partition(Result::is_ok);
    let is_unreadable = is_without_home || !unread.is_empty();
    let is_mentioned = read.into_iter().flatten().flatten().any(|text| mentions(&text, host.name()));
    let is_in_variable = environment::host_variable().is_some_and(|text| mentions(text.as_bytes(), host.name()));
    let is_docker_helper = || {
        let text = files::read(&environment::docker_paths().config?).ok()??;
        let helper = DockerConfig::parse(&text).ok()?.helper(host)?;
        Some(helper.is_quay_auth())
    };
    is_mentioned || is_in_variable || is_unreadable && *host == Host::quay_io() || is_docker_helper().unwrap_or(false)
}

/// Whether the text contains the name, and not as part of a longer one.
fn mentions(text: &[u8], name: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte));
    text.windows(name.len()).enumerate().any(|(start, part)| {
        let (before, after) = (start.checked_sub(1), start + name.len());
        part.eq_ignore_ascii_case(name.as_bytes())
            && !is_part(before.and_then(|before| text.get(before)))
            && !is_part(text.get(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_but_not_as_part_of_a_longer_one() {
        for text in
            ["host = \"quay.io\"", "[profile.\"default@QUAY.io\"", "https://quay.io:443/", "evilquay.io quay.io"]
        {
            assert!(mentions(text.as_bytes(), "quay.io"), "{text}");
        }
        for text in ["", "evilquay.io", "quay.io.example.com", "my-quay.io", "quay-io", "quay.i"] {
            assert!(!mentions(text.as_bytes(), "quay.io"), "{text}");
        }
    }
}
