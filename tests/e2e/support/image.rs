//! Small real container images, and the tools that push and pull them.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::program::Run;
use crate::support::world::World;

/// Writes a blob into the folder of an image. Returns its digest and size.
fn blob(folder: &Path, bytes: &[u8]) -> (String, usize) {
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(folder.join(&digest), bytes).expect("a blob");
    (format!("sha256:{digest}"), bytes.len())
}

/// Creates an image with one small file, for `skopeo copy dir:FOLDER …`. Returns the folder.
pub(crate) fn make(world: &World) -> PathBuf {
    let folder = world.home().join("image");
    fs::create_dir(&folder).expect("a folder");
    fs::write(world.home().join("hello"), "hello\n").expect("a file");
    let tar = Command::new("tar").args(["--create", "hello"]).current_dir(world.home()).output().expect("tar");
    let layer = blob(&folder, &tar.stdout);
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer.0]},
    });
    let config = blob(&folder, config.to_string().as_bytes());
    let part = |kind: &str, (digest, size): (String, usize)| json!({"mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest, "size": size});
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": part("config.v1+json", config),
        "layers": [part("layer.v1.tar", layer)],
    });
    fs::write(folder.join("manifest.json"), manifest.to_string()).expect("the manifest");
    fs::write(folder.join("version"), "Directory Transport Version: 1.1\n").expect("the version");
    folder
}

/// Configures podman, skopeo and buildah to use plain http for the stand-in, and to store images below the world's home.
pub(crate) fn set_up_tools(world: &World) {
    let home = world.home().display().to_string();
    let registries = format!(
        "[[registry]]\nlocation = \"{0}\"\ninsecure = true\n[[registry]]\nlocation = \"localhost:{1}\"\ninsecure = true\n",
        world.quay.address(),
        world.quay.address().port()
    );
    let storage =
        format!("[storage]\ndriver = \"vfs\"\ngraphroot = \"{home}/storage\"\nrunroot = \"{home}/storage-run\"\n");
    let folder = world.home().join(".config/containers");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("registries.conf"), registries).expect("registries.conf");
    fs::write(world.home().join("storage.conf"), storage).expect("storage.conf");
}

/// Runs a shell command in this world, with both programs on the PATH.
pub(crate) fn shell(world: &World, line: &str) -> Run {
    let programs = Path::new(env!("CARGO_BIN_EXE_quay-auth")).parent().expect("a folder").display();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = world.command("sh");
    command.args(["-ec", line]).env("PATH", format!("{programs}:{path}"));
    // For root, the tools look for no such file in the home.
    command.env("CONTAINERS_STORAGE_CONF", world.home().join("storage.conf"));
    Run::new(command)
}
