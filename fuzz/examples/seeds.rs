//! Writes what mutation starts from: the cases of the corpus, one example of a rule in each encoding, and the rule files.

#[path = "../../filter/engine/redact/tests/corpus/cases/mod.rs"]
mod cases;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = fuzz.parent().unwrap_or(fuzz);
    let corpus = fuzz.join("corpus");
    let cases = cases::read(&root.join("filter/engine/redact/testdata"));
    for target in targets(&fuzz.join("fuzz_targets"))? {
        let folder = corpus.join(&target);
        fs::create_dir_all(&folder)?;
        if target == "rule_files" {
            continue;
        }
        // A choice, no cuts, then the text.
        for case in &cases {
            let name = case.name.replace(['/', ' '], "-");
            fs::write(folder.join(name), [b"\0\0", case.input.as_slice()].concat())?;
        }
        for encoding in 0..8 {
            for nth in (0..320_u16).step_by(5) {
                let [low, high] = nth.to_le_bytes();
                let text = [
                    b"\x01\x02\x09\0\x15\0a ".as_slice(),
                    &[0xff, low, high, encoding],
                    b" b",
                ];
                fs::write(
                    folder.join(format!("example-{nth}-{encoding}")),
                    text.concat(),
                )?;
            }
        }
    }
    for file in files(&root.join("policies/credentials"), "toml")? {
        let name = file.file_name().unwrap_or_default();
        fs::copy(&file, corpus.join("rule_files").join(name))?;
    }
    Ok(())
}

fn targets(folder: &Path) -> io::Result<Vec<String>> {
    let stems = files(folder, "rs")?;
    Ok(stems
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect())
}

fn files(folder: &Path, extension: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
