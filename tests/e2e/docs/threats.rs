//! The map from threat to test in docs/threat-model.md.

use super::{file, files};

#[test]
fn every_threat_has_a_test_that_exists() {
    let text = file("docs/threat-model.md");
    let (_, map) = text.split_once("\n| threat | tests |\n| --- | --- |\n").unwrap();
    let rows: Vec<&str> = map.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 63, "{}", rows.len());
    for row in rows {
        let [_, _, proofs, _] = row.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let mut tests = 0;
        for proof in proofs.split([',', ';']).map(str::trim) {
            let (folder, path) = proof.strip_prefix("unit ").map_or(("tests/e2e", proof), |path| ("src", path));
            let path = path.trim_matches('`');
            let Some((module, test)) = path.rsplit_once("::") else {
                assert!(files().iter().any(|file| file == path), "{row}");
                continue;
            };
            let module = file(&format!("{folder}/{}.rs", module.replace("::", "/")));
            let is_there = ["", "    "].iter().any(|indent| module.contains(&format!("#[test]\n{indent}fn {test}()")));
            assert!(is_there, "{path}");
            tests += 1;
        }
        assert!(tests > 0, "{row}");
    }
}
