//! `config.toml`, `profiles.toml`, `tokens.toml` and their folder: broken, open to others, or not what they should be.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{SECRET, refused, with_token};
use crate::world::World;

/// Where the program keeps its own files.
fn folder(world: &World) -> PathBuf {
    world.home().join(".local/share/quay-auth")
}

/// The name and content of each file of ours.
fn state(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder(world)).unwrap().map(|entry| entry.unwrap().path());
    let mut state: Vec<_> =
        entries.filter(|path| path.is_file()).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    state.sort();
    state
}

#[test]
fn a_broken_config_toml_names_its_line_and_what_was_meant() {
    let world = World::new();
    let path = world.home().join(".config/quay-auth/config.toml");
    let host = world.quay.host();
    for (text, line, says) in [
        ("default_host = \n".to_owned(), 1, ""),
        ("# ours\n\ndefault_host = 'quay.io\n".to_owned(), 3, ""),
        ("default-host = 'quay.io'\n".to_owned(), 1, "unknown key `default-host`; did you mean `default_host`?"),
        (format!("[host.'{host}']\nclientid = 'x'\n"), 2, "unknown key `clientid`; did you mean `client_id`?"),
        (format!("[host.'{host}'.profile.ci]\nscope = 'repo:read'\n"), 2, "did you mean `scopes`?"),
        (format!("[host.'{host}']\nscopes = ['repo:read']\n"), 2, "a text in quotes is wanted here"),
        (format!("[host.'{host}']\nstore = 'nowhere'\n"), 2, "not in `nowhere`"),
        ("[host.'quay.io/x']\n".to_owned(), 1, "did you mean `quay.io`?"),
        ("default_host = 'a'\ndefault_host = 'b'\n".to_owned(), 2, ""),
    ] {
        world.config(&text);
        for command in [&["print-token"][..], &["status"], &["logout"], &["login", "--no-browser"]] {
            let said = refused(world.run(command), 2);
            assert!(said.contains(&format!("error: {}, line {line}: ", path.display())), "{text}: {said}");
            assert!(said.contains(says), "{said}");
            assert!(
                said.contains("hint: mend that line and try again; quay-auth never writes to config.toml\n"),
                "{said}"
            );
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_file_that_is_no_text_is_as_broken_as_any_other() {
    let world = World::new();
    world.log_in();
    let own = |name: &str| (folder(&world).join(name), fs::read(folder(&world).join(name)).unwrap());
    let config = world.home().join(".config/quay-auth/config.toml");
    world.config("");
    for ((path, whole), code) in [((config, Vec::new()), 2), (own("profiles.toml"), 1), (own("tokens.toml"), 4)] {
        fs::write(&path, [&whole[..], b"\xff"].concat()).unwrap();
        let said = refused(world.run(["print-token"]), code);
        assert!(said.contains(&*path.to_string_lossy()), "{said}");
        assert!(!said.contains("check the permissions"), "there is nothing wrong with those: {said}");
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn a_broken_profiles_toml_names_its_line_and_is_not_overwritten() {
    let world = World::new();
    world.log_in();
    let path = folder(&world).join("profiles.toml");
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
            let said = refused(run, 1);
            assert!(said.contains(&format!("error: {}, line {line}: ", path.display())), "line {line}: {said}");
            assert!(said.contains(&format!("mv {0} {0}.broken\n", path.display())), "{said}");
            assert_eq!(state(&world), before);
        }
    }
}

#[test]
fn what_others_may_read_or_write_is_refused_with_the_line_that_closes_it() {
    let world = World::new();
    let line = format!("{}\n", world.log_in());
    let tokens = folder(&world).join("tokens.toml");
    for (path, open, closed, readers) in [
        (&tokens, 0o644, "600", true),
        (&tokens, 0o640, "600", true),
        (&tokens, 0o602, "600", true),
        (&folder(&world), 0o777, "700", false),
        (&folder(&world), 0o720, "700", false),
    ] {
        let before = fs::metadata(path).unwrap().permissions();
        fs::set_permissions(path, Permissions::from_mode(open)).unwrap();
        let content = state(&world);
        let mut runs = vec![world.run(["logout"]), with_token(&world, SECRET), world.login(&["--timeout", "1s"])];
        runs.extend(readers.then(|| world.run(["print-token"])));
        for run in runs {
            let said = refused(run, 4);
            assert!(said.contains(&format!("error: {} is open to other users\n", path.display())), "{open:o}: {said}");
            assert!(said.contains(&format!("hint: chmod {closed} {}\n", path.display())), "{said}");
        }
        assert_eq!(state(&world), content);
        fs::set_permissions(path, before).unwrap();
        world.run(["print-token"]).stdout(&line).succeeds();
    }
}

#[test]
fn a_token_is_not_read_from_a_folder_that_others_may_write_to() {
    let world = World::new();
    world.log_in();
    fs::set_permissions(folder(&world), Permissions::from_mode(0o777)).unwrap();
    let said = refused(world.run(["print-token"]), 4);
    assert!(said.contains(&format!("hint: chmod 700 {}\n", folder(&world).display())), "{said}");
}

/// Something that stands where a file of ours should.
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
    /// Moves the file away and puts this in its place; a link leads to the file.
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

/// Plants each in the place of the file, and sees each command refuse it soon, with the target as it was.
fn assert_refuses_what_is_planted_for(name: &str, commands: &[&[&str]]) {
    for planted in PLANTED {
        let world = World::new();
        world.log_in();
        let path = folder(&world).join(name);
        let target = planted.plant(&world, &path);
        let before = fs::read(&target).unwrap();
        for command in commands {
            let begin = Instant::now();
            let said = refused(world.run(*command).stdin(SECRET), 4);
            assert!(begin.elapsed() < Duration::from_secs(2), "{planted:?}, {command:?}: {:?}", begin.elapsed());
            assert!(
                said.contains(&format!("error: {} is not a plain file of its own\n", path.display())),
                "{planted:?}, {command:?}: {said}"
            );
            assert!(said.contains(&format!("ls -l {}\n", path.display())), "{said}");
            assert_eq!(fs::read(&target).unwrap(), before, "{planted:?}, {command:?}");
        }
        assert!(!world.runtime_folder().join("nothing").exists(), "{planted:?}");
    }
}

#[test]
fn a_link_pipe_or_folder_in_the_place_of_the_token_file_is_refused() {
    assert_refuses_what_is_planted_for(
        "tokens.toml",
        &[&["print-token"], &["logout"], &["login", "--with-token"], &["login", "--no-browser"]],
    );
}

#[test]
fn a_link_pipe_or_folder_in_the_place_of_the_lock_is_refused() {
    assert_refuses_what_is_planted_for("lock", &[&["logout"], &["login", "--with-token"], &["login", "--no-browser"]]);
}

#[test]
fn a_link_pipe_or_folder_in_the_place_of_the_list_of_logins_holds_nothing_up() {
    for planted in [Planted::Pipe, Planted::Folder] {
        let world = World::new();
        world.log_in();
        let path = folder(&world).join("profiles.toml");
        planted.plant(&world, &path);
        for command in ["print-token", "status", "logout"] {
            let begin = Instant::now();
            let ended =
                world.command("timeout").args(["5", env!("CARGO_BIN_EXE_quay-auth"), command]).output().unwrap();
            assert!(begin.elapsed() < Duration::from_secs(2), "{planted:?}, {command}: {:?}", begin.elapsed());
            let said = String::from_utf8(ended.stderr).unwrap();
            assert!(!ended.status.success() && said.contains(&*path.to_string_lossy()), "{said}");
            super::assert_spoken(&said);
        }
    }
}

#[test]
fn a_list_of_logins_behind_a_link_is_replaced_and_the_target_left_alone() {
    let world = World::new();
    world.log_in();
    let path = folder(&world).join("profiles.toml");
    let target = Planted::Link.plant(&world, &path);
    let before = fs::read(&target).unwrap();
    world.run(["logout"]).stderr("Forgot the token").succeeds();
    assert_eq!(fs::read(&target).unwrap(), before);
    assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
}
