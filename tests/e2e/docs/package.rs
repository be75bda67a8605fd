//! `Cargo.toml`, the README, the sources and the release agree with each other.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::process::Command;

use super::file;

/// What cargo prints.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `1.89` or `1.89.0`, to compare.
fn version(text: &str) -> Vec<u32> {
    text.split('.').map(|part| part.parse().unwrap()).chain([0]).take(3).collect()
}

#[test]
fn no_dependency_needs_a_newer_rust_than_promised() {
    let ours = env!("CARGO_PKG_RUST_VERSION");
    assert!(file("README.md").contains(&format!("[Rust](https://rustup.rs) {ours} or newer")));
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--locked", "--format-version", "1"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let built = cargo(&["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let newer: Vec<_> = packages
        .iter()
        .filter(|package| {
            built.contains(&format!("{} v{}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap()))
        })
        .filter(|package| package["rust_version"].as_str().is_some_and(|wanted| version(wanted) > version(ours)))
        .map(|package| (&package["name"], &package["rust_version"]))
        .collect();
    assert!(packages.len() > 100 && newer.is_empty(), "{newer:?}");
}

#[test]
fn a_comment_says_what_each_dependency_is_for() {
    let manifest = file("Cargo.toml");
    let sections =
        manifest.split("\n[").filter(|section| section.contains("dependencies]") && !section.starts_with("dev"));
    let lines: Vec<&str> =
        sections.flat_map(|section| section.lines().skip(1)).filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 30);
    for line in lines {
        assert!(line.contains(" # "), "{line}");
    }
}

#[test]
fn the_program_is_built_from_fewer_than_160_crates() {
    let tree = cargo(&["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let crates: std::collections::BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!((50..160).contains(&crates.len()), "{}", crates.len());
}

#[test]
fn unsafe_code_is_forbidden() {
    assert!(file("Cargo.toml").contains("unsafe_code = \"forbid\""));
    for root in ["src/lib.rs", "src/main.rs", "src/bin/docker-credential-quay-auth.rs"] {
        assert!(file(root).contains("#![forbid(unsafe_code)]"), "{root}");
    }
}

#[test]
fn the_page_loads_nothing_from_other_servers() {
    for name in ["page.html", "page.css", "page.js"] {
        let text = file(&format!("static/{name}"));
        for outside in ["https://", "url(http", "@import", "eval(", "innerHTML", "style=\"", "onclick=\""] {
            assert!(!text.contains(outside), "{outside} in {name}");
        }
        // Names of namespaces are not fetched.
        assert!(text.match_indices("http://").all(|(at, _)| text[at..].starts_with("http://www.w3.org/")), "{name}");
    }
}

#[test]
fn dependencies_are_checked_for_every_system_that_is_released() {
    let release = file(".github/workflows/release.yml");
    let (_, targets) = release.split_once(".ci/package ").unwrap();
    let echo = format!("echo {}", targets.lines().next().unwrap());
    let output = Command::new("bash").args(["-c", &echo]).output().unwrap();
    let released = String::from_utf8(output.stdout).unwrap();
    assert_eq!(released.split_whitespace().count(), 7, "{released}");
    for target in released.split_whitespace() {
        assert!(file("deny.toml").contains(&format!("\"{target}\"")), "{target}");
    }
}

#[test]
fn what_the_workflows_run_is_pinned() {
    let mut actions = 0;
    for workflow in ["ci", "fuzz", "release"] {
        let text = file(&format!(".github/workflows/{workflow}.yml"));
        for action in text.split("uses: ").skip(1).filter(|action| !action.starts_with("./")) {
            let (_, version) = action.split_once('@').unwrap();
            let (hash, comment) = version.lines().next().unwrap().split_once(' ').unwrap_or((version, ""));
            let is_hash = hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_hash && comment.starts_with("# v"), "{workflow}: {version}");
            actions += 1;
        }
        for image in text.split(" rust:").skip(1).filter_map(|image| image.lines().next()) {
            assert_eq!(image.split('.').count(), 3, "{workflow}: {image}");
        }
    }
    assert!(actions > 5, "{actions}");
}
