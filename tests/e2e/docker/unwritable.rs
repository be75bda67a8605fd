//! `docker install` and `uninstall` if docker's `config.json` cannot be written, or if that would harm its owner: the reason, and what to do
//! by hand. `robustness::faults` kills them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::settings::{config, config_json, docker, install, put};
use crate::support::program::Run;
use crate::support::system::{READ_ONLY_HOME, chgrp, chown, is_root, run_after, run_as_user, run_in_foreign_home};
use crate::support::world::World;

const LOGIN: &str = "{\n  \"auths\": {\n    \"gcr.io\": { \"auth\": \"YWxpY2U6cGFzc3dvcmQ=\" }\n  }\n}\n";

/// `docker install` for quay.io after these shell commands.
fn install_after(world: &World, commands: &str) -> Run {
    run_after(world, commands, &["docker", "install", "--host", "quay.io"])
}

#[test]
fn a_file_that_cannot_be_written_is_reported_with_its_reason_and_the_lines_to_add() {
    let read_only_file = format!("{READ_ONLY_HOME}\n");
    let full = "mount -t tmpfs -o size=16k,mode=700 tmpfs \"$HOME/.docker\"\ncp \"$XDG_RUNTIME_DIR/login\" \"$HOME/.docker/config.json\"\n\
                if dd if=/dev/zero of=\"$HOME/.docker/filler\" bs=1k 2>/dev/null; then exit 99; fi\n\
                code=0\n\"$@\" || code=$?\ncmp \"$XDG_RUNTIME_DIR/login\" \"$HOME/.docker/config.json\"\nls -A \"$HOME/.docker\"\nexit $code";
    let mounted = "mount --bind \"$HOME/.docker/config.json\" \"$HOME/.docker/config.json\"";
    for (commands, cause, hint, stdout) in [
        (&*read_only_file, "cause: Read-only file system (os error 30)\n", "ls -ld FOLDER; df -h FOLDER\n", ""),
        (full, "cause: No space left on device", "ls -ld FOLDER; df -h FOLDER\n", "config.json\nfiller\n"),
        (mounted, "cause: Device or resource busy", "it is mounted as a single file, so no program can replace it", ""),
    ] {
        let world = World::new();
        put(&world, LOGIN);
        fs::write(world.runtime_folder().join("login"), LOGIN).unwrap();
        let folder = config_json(&world).parent().unwrap().display().to_string();
        install_after(&world, commands)
            .stdout(stdout)
            .stderr(&format!("error: cannot write {}\n", config_json(&world).display()))
            .stderr(cause)
            .stderr(&hint.replace("FOLDER", &folder))
            .stderr(&format!(
                "hint: or add this to {folder}/config.json yourself: \"credHelpers\": {{\"quay.io\": \"quay-auth\"}}\n"
            ))
            .fails(1);
        assert_eq!(config(&world), LOGIN);
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing is left beside it");
    }
}

#[test]
fn the_lines_to_change_by_hand_fit_the_file() {
    let by_hand = |text: Option<&str>, command: &str, expected: &str| {
        let world = World::new();
        if let Some(text) = text {
            put(&world, text);
        }
        let path = config_json(&world).display().to_string();
        run_after(&world, READ_ONLY_HOME, &["docker", command, "--host", "quay.io"])
            .stderr("cause: Read-only file system")
            .stderr(&format!("  hint: or {}\n", expected.replace("FILE", &path)))
            .fails(1);
    };
    by_hand(None, "install", "write this into FILE yourself: {\"credHelpers\": {\"quay.io\": \"quay-auth\"}}");
    by_hand(
        Some("{\"credHelpers\": {\"gcr.io\": \"gcloud\"}}"),
        "install",
        "write this into \"credHelpers\" in FILE yourself: \"quay.io\": \"quay-auth\"",
    );
    by_hand(
        Some("{\"credHelpers\": {\"quay.io\": \"quay-auth\"}}"),
        "uninstall",
        "remove \"quay.io\" from \"credHelpers\" in FILE yourself",
    );
}

#[test]
fn the_hint_names_the_folder_of_a_links_target() {
    let world = World::new();
    let dotfiles = world.home().join("dotfiles");
    fs::create_dir(&dotfiles).unwrap();
    fs::create_dir(world.home().join(".docker")).unwrap();
    fs::write(dotfiles.join("docker.json"), LOGIN).unwrap();
    symlink("../dotfiles/docker.json", config_json(&world)).unwrap();
    install_after(&world, READ_ONLY_HOME)
        .stderr("cause: Read-only file system")
        .stderr(&format!("ls -ld {0}; df -h {0}\n", dotfiles.display()))
        .fails(1);
}

#[test]
fn nothing_is_created_in_another_users_home() {
    for existing in ["", ".docker"] {
        let world = World::new();
        fs::create_dir_all(world.home().join(existing)).unwrap();
        run_in_foreign_home(&world, &["docker", "install", "--host", "quay.io"])
            .stderr(" belongs to another user\n")
            .stderr("hint: run quay-auth as that user, without sudo\n")
            .stderr("hint: or set DOCKER_CONFIG to a folder of your own, for docker too\n")
            .fails(1);
        assert!(!config_json(&world).exists());
        assert_eq!(world.home().join(".docker").exists(), existing == ".docker");
    }
}

#[test]
fn another_users_file_is_not_changed_or_deleted() {
    for text in [None, Some(LOGIN)] {
        let world = World::new();
        if let Some(text) = text {
            put(&world, text);
        }
        install(&world);
        let before = config(&world);
        if is_root() {
            chown(&world.home(), Some(65_534));
        } else {
            chown(&config_json(&world), Some(0));
        }
        let refused = docker(&world, &["uninstall"]).stderr(" belongs to another user\n").fails(1);
        assert_eq!(config(&world), before, "{refused}");
        chown(&world.home(), None);
    }
}

#[test]
fn a_file_or_folder_that_root_owns_can_be_taken_back_with_the_command_in_the_hint() {
    for (name, mode) in
        [(".docker/config.json", 0o600), (".docker/config.json", 0o644), (".docker", 0o700), (".docker", 0o755)]
    {
        let world = World::new();
        put(&world, LOGIN);
        let path = world.home().join(name);
        chown(&world.home().join(".docker"), is_root().then_some(65_534));
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let arguments = ["docker", "install", "--host", "quay.io"];
        let run = run_as_user(&world, &arguments);
        chown(&path, Some(0));
        let result = run
            .stderr(&format!("error: {} is in your folder, but belongs to another user\n", path.display()))
            .stderr(&format!("hint: make it yours: sudo chown -R \"$(id -u):$(id -g)\" {}\n", path.display()))
            .fails(1);
        assert!(!result.stderr.contains("without sudo"), "{result}");
        chown(&path, is_root().then_some(65_534));
        run_as_user(&world, &arguments).stderr("✓").succeeds();
    }
}

#[test]
fn a_file_that_others_could_write_is_changed_if_they_cannot_get_to_it() {
    let world = World::new();
    put(&world, LOGIN);
    let folder = world.home().join(".docker");
    fs::set_permissions(config_json(&world), Permissions::from_mode(0o664)).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    // The world's folder and home are closed to others.
    install(&world);
    assert_eq!(config_json(&world).metadata().unwrap().mode() & 0o777, 0o664);
    for closed in [world.home().parent().unwrap().to_owned(), world.home()] {
        fs::set_permissions(closed, Permissions::from_mode(0o755)).unwrap();
    }
    docker(&world, &["uninstall"])
        .stderr("other users have access to ")
        .stderr(&format!("hint: chmod 600 {}\n", config_json(&world).display()))
        .fails(1);
}

#[test]
fn the_group_of_the_file_is_kept() {
    let world = World::new();
    put(&world, LOGIN);
    fs::set_permissions(config_json(&world), Permissions::from_mode(0o640)).unwrap();
    // root can give a file to any group, and others to their own.
    let group = if is_root() { 65_534 } else { fs::metadata("/proc/self").unwrap().gid() };
    std::os::unix::fs::chown(config_json(&world), None, Some(group)).unwrap();
    install(&world);
    let metadata = config_json(&world).metadata().unwrap();
    assert_eq!((metadata.gid(), metadata.mode() & 0o777), (group, 0o640));
}

#[test]
fn a_group_that_cannot_be_kept_is_reported() {
    let world = World::new();
    put(&world, LOGIN);
    fs::set_permissions(config_json(&world), Permissions::from_mode(0o640)).unwrap();
    chown(&world.home().join(".docker"), is_root().then_some(65_534));
    let run = run_as_user(&world, &["docker", "install", "--host", "quay.io"]);
    chgrp(&config_json(&world), 0);
    run.stderr("error: you are not in the group of ")
        .stderr(&format!("hint: if the group needs no access: chmod g= {}\n", config_json(&world).display()))
        .stderr("hint: or add this to ")
        .fails(1);
    assert_eq!(config(&world), LOGIN);
}

#[test]
fn the_hint_shows_what_keeps_the_file_from_being_read() {
    let world = World::new();
    let docker = world.home().join(".docker");
    let shows = |text: &str| {
        let result = world.run(["docker", "status", "--host", "quay.io"]).stderr("error: ").fails(1);
        let command = result.stderr.rsplit_once(": ").unwrap().1;
        let output = world.command("sh").args(["-c", command]).output().unwrap();
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && stdout.contains(text), "{result}{stdout}");
    };
    fs::write(&docker, "").unwrap();
    shows("/.docker\n");
    fs::remove_file(&docker).unwrap();
    symlink(".docker", &docker).unwrap();
    shows("/.docker -> .docker\n");
    fs::remove_file(&docker).unwrap();
    fs::create_dir_all(docker.join("config.json")).unwrap();
    shows("/.docker/config.json\n");
}
