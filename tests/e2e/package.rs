//! What `Cargo.toml`, the README and the sources say of themselves, held against each other.
#![allow(clippy::disallowed_methods, reason = "tests start programs")]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::world::World;

/// A file of the project's.
fn file(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

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
fn no_dependency_wants_a_newer_rust_than_the_one_that_is_promised() {
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
fn every_dependency_says_what_it_is_there_for() {
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
fn it_is_built_from_fewer_than_200_crates() {
    let tree = cargo(&["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]);
    let crates: std::collections::BTreeSet<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    assert!((50..200).contains(&crates.len()), "{}", crates.len());
}

#[test]
fn no_crate_of_ours_has_unsafe_code() {
    assert!(file("Cargo.toml").contains("unsafe_code = \"forbid\""));
    for root in ["src/lib.rs", "src/main.rs", "src/bin/docker-credential-quay-auth.rs"] {
        assert!(file(root).contains("#![forbid(unsafe_code)]"), "{root}");
    }
}

#[test]
fn every_threat_has_a_proof_that_there_is() {
    let security = file("SECURITY.md");
    let rows: Vec<&str> = security.lines().filter(|line| line.starts_with("| T")).collect();
    assert_eq!(rows.len(), 63);
    for (number, row) in (1..).zip(rows) {
        let [_, name, _, proofs, _] = row.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
        assert_eq!(name.trim(), format!("T{number}"));
        let mut tests = 0;
        for proof in proofs.split([',', ';']).map(str::trim) {
            let (folder, path) = proof.strip_prefix("unit ").map_or(("tests/e2e", proof), |path| ("src", path));
            let path = path.trim_matches('`');
            let Some((module, test)) = path.rsplit_once("::") else {
                assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists(), "{row}");
                continue;
            };
            let module = file(&format!("{folder}/{}.rs", module.replace("::", "/")));
            assert!(
                module.contains(&format!("#[test]\nfn {test}()"))
                    || module.contains(&format!("#[test]\n    fn {test}()")),
                "{path}"
            );
            tests += 1;
        }
        assert!(tests > 0, "{row}");
    }
}

#[test]
fn the_readme_and_the_help_tell_the_same_exit_codes() {
    let readme = file("README.md");
    let help = World::new().run(["--help"]).prints("Exit codes:").succeeds().stdout;
    for (code, meaning) in [
        (0, "done"),
        (1, "other failure"),
        (2, "wrong use"),
        (3, "no such login, or it lacks"),
        (4, "secret store missing, locked or not answering"),
        (5, "Quay refused"),
        (6, "no answer in time"),
        (7, "network or TLS"),
        (8, "could not listen on the redirect address"),
    ] {
        assert!(readme.contains(&format!("| {code} | {meaning}")), "the README: {code} {meaning}");
        assert!(help.contains(&format!("{code} {meaning}")), "the help: {code} {meaning}");
    }
    for text in [&readme, &help] {
        assert!(text.contains("130, 143, 129"));
    }
}

#[test]
fn every_command_line_of_the_readme_is_one_that_the_program_takes() {
    let world = World::new();
    let readme = file("README.md");
    let mut lines = 0;
    // Between backticks, three of a fence as well as one, stands code.
    let code = readme.split('`').skip(1).step_by(2);
    for span in code.flat_map(|code| code.split(['\n', '|', ';'])).flat_map(|span| span.split("&& ")) {
        let line = span.split(['#', '<', ')']).next().unwrap_or_default().trim();
        let Some(arguments) = line.rsplit("$(").next().unwrap_or(line).strip_prefix("quay-auth ") else { continue };
        let arguments = arguments.replace("UUID", "0a1b2c3d-0000-4000-8000-000000000000");
        let words = shlex::split(&arguments).unwrap_or_else(|| panic!("quotes: {line}"));
        // Everything before `--help` is parsed; behind `--` it would be another command's.
        let ours = words.iter().take_while(|word| *word != "--");
        let words: Vec<&str> = ours.map(String::as_str).chain(["--help"]).collect();
        world.run(words).prints("Usage:").succeeds();
        lines += 1;
    }
    assert!(lines > 10, "{lines}");
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
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
fn every_link_of_the_documents_leads_somewhere() {
    let mut links = 0;
    for name in ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        let text = file(name);
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let pictures = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for target in targets.chain(pictures).filter(|target| !target.starts_with("https://")) {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(target).exists(), "{name}: {target}");
            links += 1;
        }
    }
    assert!(links >= 5, "{links}");
}
