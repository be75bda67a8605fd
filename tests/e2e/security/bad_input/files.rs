//! `config.toml`, `profiles.toml`, `tokens.toml` and their folder: broken, accessible to others, or not regular files.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{SECRET, refused, with_token};
use crate::support::world::World;

/// Name and content of each of these files.
fn state(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(world.data_folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut state: Vec<_> =
        entries.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    state.sort();
    state
}

#[test]
fn errors_in_config_toml_name_the_line_and_suggest_the_right_key() {
    let world = World::new();
    let path = world.home().join(".config/quay-auth/config.toml");
    let host = world.quay.host();
    for (text, line, message) in [
        ("default_host = \n".to_owned(), 1, ""),
        ("# ours\n\ndefault_host = 'quay.io\n".to_owned(), 3, ""),
        ("default-host = 'quay.io'\n".to_owned(), 1, "unknown key `default-host`; did you mean `default_host`?"),
        (format!("[host.'{host}']\nclientid = 'x'\n"), 2, "unknown key `clientid`; did you mean `client_id`?"),
        (format!("[host.'{host}'.profile.ci]\nscope = 'repo:read'\n"), 2, "did you mean `scopes`?"),
        (format!("[host.'{host}']\nscopes = ['repo:read']\n"), 2, "the value must be a string in quotes"),
        (format!("[host.'{host}']\nstore = 'nowhere'\n"), 2, "must be `keyring` or `file`, not `nowhere`"),
        ("[host.'quay.io/x']\n".to_owned(), 1, "did you mean `quay.io`?"),
        ("default_host = 'a'\ndefault_host = 'b'\n".to_owned(), 2, ""),
    ] {
        world.config(&text);
        for command in [&["print-token"][..], &["status"], &["logout"], &["login", "--no-browser"]] {
            let stderr = refused(world.run(command), 2);
            assert!(stderr.contains(&format!("error: {}, line {line}: ", path.display())), "{text}: {stderr}");
            assert!(stderr.contains(message), "{stderr}");
            assert!(
                stderr.contains("hint: fix that line and try again (quay-auth never changes config.toml)\n"),
                "{stderr}"
            );
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn files_that_are_not_utf_8_are_reported() {
    let world = World::new();
    world.log_in();
    let own = |name: &str| (world.data_folder().join(name), fs::read(world.data_folder().join(name)).unwrap());
    let config = world.home().join(".config/quay-auth/config.toml");
    world.config("");
    for ((path, whole), code) in [((config, Vec::new()), 2), (own("profiles.toml"), 1), (own("tokens.toml"), 4)] {
        fs::write(&path, [&whole[..], b"\xff"].concat()).unwrap();
        let stderr = refused(world.run(["print-token"]), code);
        assert!(stderr.contains(&*path.to_string_lossy()), "{stderr}");
        assert!(!stderr.contains("check the permissions"), "{stderr}");
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn errors_in_profiles_toml_name_the_line_and_the_file_is_not_overwritten() {
    let world = World::new();
    world.log_in();
    let path = world.data_folder().join("profiles.toml");
    let whole = fs::read_to_string(&path).unwrap();
    for (broken, part) in [
        (whole.replace("name = \"default\"", "name = \"de fault\""), "[profile."),
        (whole.replace("store = \"file\"", "store = \"file"), "store = \"file"),
        (whole.replace("obtained_at = \"20", "obtained_at = \"the 20"), "the 20"),
        (whole.replace("[profile.", "[profile"), "[profile"),
    ] {
        assert_ne!(broken, whole);
        fs::write(&path, &broken).unwrap();
        let before = state(&world);
        let line = broken.lines().position(|line| line.contains(part)).unwrap() + 1;
        let login = world.login(&["--timeout", "1s"]);
        let runs = [world.run(["status"]), world.run(["print-token"]), world.run(["logout"]), login];
        let more = [world.run(["logout", "--all", "--purge"]), with_token(&world, SECRET)];
        for run in runs.into_iter().chain(more) {
            let stderr = refused(run, 1);
            assert!(stderr.contains(&format!("error: {}, line {line}: ", path.display())), "line {line}: {stderr}");
            assert!(stderr.contains(&format!("mv {0} {0}.broken\n", path.display())), "{stderr}");
            assert_eq!(state(&world), before);
        }
    }
}

#[test]
fn files_and_folders_with_access_for_others_are_rejected_with_the_chmod_command() {
    let world = World::new();
    let line = format!("{}\n", world.log_in());
    let tokens = world.data_folder().join("tokens.toml");
    for (path, open, closed) in [
        (&tokens, 0o644, "600"),
        (&tokens, 0o640, "600"),
        (&tokens, 0o602, "600"),
        (&world.data_folder(), 0o777, "700"),
        (&world.data_folder(), 0o720, "700"),
    ] {
        let before = fs::metadata(path).unwrap().permissions();
        fs::set_permissions(path, Permissions::from_mode(open)).unwrap();
        let content = state(&world);
        let login = world.login(&["--timeout", "1s"]);
        for run in [world.run(["logout"]), with_token(&world, SECRET), login, world.run(["print-token"])] {
            let stderr = refused(run, 4);
            assert!(
                stderr.contains(&format!("error: other users have access to {}\n", path.display())),
                "{open:o}: {stderr}"
            );
            assert!(stderr.contains(&format!("hint: chmod {closed} {}\n", path.display())), "{stderr}");
        }
        assert_eq!(state(&world), content);
        fs::set_permissions(path, before).unwrap();
        world.run(["print-token"]).stdout(&line).succeeds();
    }
}

/// Something other than a regular file.
#[derive(Clone, Copy, Debug)]
enum Planted {
    Link,
    HardLink,
    DanglingLink,
    Pipe,
    Folder,
}

const PLANTED: [Planted; 5] = [Planted::Link, Planted::HardLink, Planted::DanglingLink, Planted::Pipe, Planted::Folder];

impl Planted {
    /// Moves the file away and puts this in its place. A link leads to the file, whose new path is returned.
    fn plant(self, world: &World, path: &std::path::Path) -> PathBuf {
        let target = world.runtime_folder().join("target");
        fs::rename(path, &target).unwrap();
        match self {
            Planted::Link => symlink(&target, path).unwrap(),
            Planted::HardLink => fs::hard_link(&target, path).unwrap(),
            Planted::DanglingLink => symlink(world.runtime_folder().join("nothing"), path).unwrap(),
            Planted::Pipe => assert!(world.command("mkfifo").args(["-m", "600"]).arg(path).status().unwrap().success()),
            Planted::Folder => fs::create_dir(path).unwrap(),
        }
        target
    }
}

/// Puts each of them in the place of the file. Each command must reject it within two seconds, and not change the target of a link.
fn assert_refuses_what_is_planted_for(name: &str, commands: &[&[&str]]) {
    for planted in PLANTED {
        let world = World::new();
        world.log_in();
        let path = world.data_folder().join(name);
        let target = planted.plant(&world, &path);
        let before = fs::read(&target).unwrap();
        for command in commands {
            let start = Instant::now();
            let stderr = refused(world.run(*command).stdin(SECRET), 4);
            assert!(start.elapsed() < Duration::from_secs(2), "{planted:?}, {command:?}: {:?}", start.elapsed());
            assert!(
                stderr.contains(&format!("error: {} is not a regular file with a single name\n", path.display())),
                "{planted:?}, {command:?}: {stderr}"
            );
            assert!(stderr.contains(&format!("ls -ld {}\n", path.display())), "{stderr}");
            assert_eq!(fs::read(&target).unwrap(), before, "{planted:?}, {command:?}");
        }
        assert!(!world.runtime_folder().join("nothing").exists(), "{planted:?}");
    }
}

#[test]
fn a_link_pipe_or_folder_in_place_of_the_token_file_is_rejected() {
    assert_refuses_what_is_planted_for(
        "tokens.toml",
        &[&["print-token"], &["logout"], &["login", "--with-token"], &["login", "--no-browser"]],
    );
}

#[test]
fn a_link_pipe_or_folder_in_place_of_the_lock_is_rejected() {
    assert_refuses_what_is_planted_for("lock", &[&["logout"], &["login", "--with-token"], &["login", "--no-browser"]]);
}

#[test]
fn a_pipe_or_folder_in_place_of_profiles_toml_does_not_block() {
    for planted in [Planted::Pipe, Planted::Folder] {
        let world = World::new();
        world.log_in();
        let path = world.data_folder().join("profiles.toml");
        planted.plant(&world, &path);
        for command in ["print-token", "status", "logout"] {
            let start = Instant::now();
            let output =
                world.command("timeout").args(["5", env!("CARGO_BIN_EXE_quay-auth"), command]).output().unwrap();
            assert!(start.elapsed() < Duration::from_secs(2), "{planted:?}, {command}: {:?}", start.elapsed());
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success() && stderr.contains(&*path.to_string_lossy()), "{stderr}");
            super::assert_readable(&stderr);
        }
    }
}

#[test]
fn a_link_in_place_of_profiles_toml_is_replaced_and_its_target_not_changed() {
    let world = World::new();
    world.log_in();
    let path = world.data_folder().join("profiles.toml");
    let target = Planted::Link.plant(&world, &path);
    let before = fs::read(&target).unwrap();
    world.run(["logout"]).stderr("Deleted the token").succeeds();
    assert_eq!(fs::read(&target).unwrap(), before);
    assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
}
