//! Links, file names and recorded cases lead somewhere, and nothing leads out of the project.

use std::path::{Component, Path, PathBuf};

use super::{code, documents, file, files, folder_of};

/// The path without `..`.
fn plain(path: &Path) -> String {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(parts.pop(), "{path:?} leads out of the project"),
            part => parts.push(part),
        }
    }
    parts.to_str().unwrap().to_owned()
}

/// The headings of a document, as the web pages of code hosts name them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let plain = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    plain
        .map(|line| line.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>())
        .map(|line| line.replace(' ', "-"))
        .collect()
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut links = 0;
    for (name, text) in documents() {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let pictures = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in targets.chain(pictures).filter(|link| !link.starts_with("https://")) {
            let (target, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() { name.clone() } else { plain(&folder_of(&name).join(target)) };
            assert!(files().contains(&target), "{name}: {link}");
            let is_there = heading.is_empty() || anchors(&file(&target)).iter().any(|anchor| anchor == heading);
            assert!(is_there, "{name}: {link}: there is no such heading");
            links += 1;
        }
    }
    assert!(links > 50, "{links}");
}

#[test]
fn every_file_that_a_document_names_exists() {
    let files = files();
    let mut names = 0;
    for (document, text) in documents() {
        for name in code(&text) {
            let is_path = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(&b))
                && !name.starts_with(['/', '-'])
                && (name.ends_with(".rs") || name.contains('/'));
            // `auth.json` and the like are not ours.
            let is_ours = name.ends_with(".rs")
                || ["src/", "tests/", "docs/", "static/", "fuzz/", "benches/", ".ci/", ".github/"]
                    .iter()
                    .any(|folder| name.starts_with(folder))
                || (name.ends_with('/') && !name.contains('.'));
            if !(is_path && is_ours) {
                continue;
            }
            let is_it = |file: &String| {
                let file = format!("/{file}");
                if name.ends_with('/') {
                    file.contains(&format!("/{name}"))
                } else {
                    file.ends_with(&format!("/{name}"))
                }
            };
            assert!(files.iter().any(is_it), "{document}: `{name}`");
            names += 1;
        }
    }
    assert!(names > 50, "{names}");
}

#[test]
fn every_document_that_a_file_names_exists() {
    let files = files();
    let is_text = |name: &&String| [".rs", ".md", ".toml", ".yml", ".sh"].iter().any(|end| name.ends_with(end));
    for name in files.iter().filter(is_text) {
        let text = file(name);
        let words = text.split(|c: char| c.is_whitespace() || "()[]`\"',;#|".contains(c));
        for word in words.filter(|word| word.len() > 3 && word.ends_with(".md") && !word.contains("://")) {
            let word = word.trim_start_matches("../").trim_start_matches('/');
            let is_there = files.iter().any(|file| format!("/{file}").ends_with(&format!("/{word}")));
            assert!(is_there, "{name}: {word}");
        }
    }
}

#[test]
fn every_item_that_the_architecture_names_exists() {
    let sources: Vec<String> = files().iter().filter(|name| name.starts_with("src/")).map(|name| file(name)).collect();
    let text = file("docs/architecture.md");
    let is_item = |name: &&str| {
        name.bytes().all(|b| b.is_ascii_alphabetic() || b"_:".contains(&b))
            && (name.contains("::") || name.contains(char::is_uppercase) && name.contains(char::is_lowercase))
    };
    let parts = code(&text).filter(is_item).flat_map(|name| name.split("::"));
    let mut names = 0;
    for part in parts {
        let is_it =
            |source: &String| source.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == part);
        assert!(sources.iter().any(is_it), "`{part}`");
        names += 1;
    }
    assert!(names > 15, "{names}");
}

#[test]
fn the_recordings_are_counted_right() {
    let recorded = file("tests/quay_standin/recordings/transcripts.jsonl").lines().count();
    let test = file("tests/quay_standin/recordings/mod.rs");
    let (_, rest) = test.split_once("const PLAYED: usize = ").unwrap();
    let (played, _) = rest.split_once(';').unwrap();
    assert!(file("README.md").contains(&format!(" {played} recorded ")));
    let quay = file("docs/quay.md");
    assert!(
        quay.contains(&format!(" {recorded} recorded "))
            && quay.contains(&format!("plays {played} of the {recorded} "))
    );
}

/// The names of the recorded cases, such as `B2b`.
fn recorded() -> Vec<String> {
    let recordings = file("tests/quay_standin/recordings/transcripts.jsonl");
    let name = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["name"].as_str().unwrap().to_owned();
    recordings.lines().map(name).map(|name| name.split(' ').next().unwrap().to_owned()).collect()
}

/// Whether the word is a case's name: `B2b`, or `S` for all of S.
fn is_case(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let end = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = end.len() < rest.len();
    (1..=2).contains(&(word.len() - rest.len()))
        && (end.is_empty() || is_numbered && end.len() == 1 && end.bytes().all(|b| b.is_ascii_lowercase()))
}

/// The cases that a comment names after "case": `B2b`, `P4, Q4 and S6`, `A, D to J`.
fn cases_of(after: &str) -> Vec<&str> {
    let mut cases = Vec::new();
    for word in after.trim_start_matches('s').split([' ', ',', '"', '…', '`']).filter(|word| !word.is_empty()) {
        let bare = word.trim_end_matches([')', '.', ';', ':']);
        match bare {
            "to" | "and" => {}
            _ if is_case(bare) => cases.push(bare),
            _ => break,
        }
        if bare != word {
            break;
        }
    }
    cases
}

#[test]
fn every_recorded_case_that_is_mentioned_exists() {
    let recorded = recorded();
    let mut cases = 0;
    let mut check = |place: &str, case: &str| {
        let is_whole_letter = case.bytes().all(|b| b.is_ascii_uppercase());
        let is_it = |name: &String| name == case || (is_whole_letter && name.starts_with(case));
        assert!(recorded.iter().any(is_it), "{place}: case {case}");
        cases += 1;
    };
    for name in files().iter().filter(|name| name.ends_with(".rs") && !name.starts_with("tests/e2e/docs/")) {
        // A comment may continue on the next line.
        let text = file(name).lines().map(|line| line.trim().trim_start_matches('/')).collect::<Vec<_>>().join(" ");
        // The stand-in has little else to refer to.
        let is_stand_in = name.starts_with("tests/quay_standin/");
        let word = if is_stand_in { "case" } else { "docs/quay.md, case" };
        for after in text.split(word).skip(1) {
            cases_of(after).into_iter().for_each(|case| check(name, case));
        }
    }
    // In docs/quay.md: in brackets.
    let text = file("docs/quay.md");
    for bracket in text.split('(').skip(1).filter_map(|rest| rest.split(')').next()) {
        let words = bracket.split([',', ' ', ':', ';']);
        for case in words.filter(|word| is_case(word) && word.bytes().any(|b| b.is_ascii_digit())) {
            check("docs/quay.md", case);
        }
    }
    assert!(cases > 80, "{cases}");
}
