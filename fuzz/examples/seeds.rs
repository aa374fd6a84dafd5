//! Writes what mutation starts from: the cases of the corpus, one example of a rule in each encoding, and the rule files.

#[path = "../../filter/engine/redact/tests/corpus/cases/mod.rs"]
mod cases;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = fuzz.parent().unwrap_or(fuzz);
    let corpus = fuzz.join("corpus");
    let cases = cases::read(&root.join("filter/engine/redact/testdata"));
    let decoders = ["inflate", "brotli", "zstd"];
    for target in targets(&fuzz.join("fuzz_targets"))? {
        let folder = corpus.join(&target);
        fs::create_dir_all(&folder)?;
        for case in &cases {
            let name = case.name.replace(['/', ' '], "-");
            let bodies = match target.as_str() {
                "rule_files" => Vec::new(),
                decoder if decoders.contains(&decoder) => encoded(decoder, &case.input)?,
                "content_type" => {
                    let head = format!("{}\n", case.content_type);
                    vec![[head.as_bytes(), &case.input].concat()]
                }
                _ => vec![case.input.clone()],
            };
            // A choice, no cuts, then the text.
            for (nth, body) in bodies.iter().enumerate() {
                let choice = u8::try_from(nth).unwrap_or(0);
                fs::write(
                    folder.join(format!("{name}-{nth}")),
                    [&[choice, 0], body.as_slice()].concat(),
                )?;
            }
        }
        if target == "rule_files" || decoders.contains(&target.as_str()) {
            continue;
        }
        for encoding in 0..4 {
            for nth in (0..320_u16).step_by(4) {
                let [low, high] = nth.to_le_bytes();
                let choice = u8::try_from(nth % 10).unwrap_or(0);
                let text = [
                    &[choice, 2, 9, 0, 0x15, 0],
                    b"a ".as_slice(),
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
    // One rule to a file, because compiling many takes time.
    for file in files(&root.join("policies/credentials"), "toml")? {
        let text = fs::read_to_string(&file)?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let (head, rules) = text.split_once("[[rule]]").unwrap_or((&text, ""));
        for (nth, rule) in rules.split("[[rule]]").enumerate() {
            let name = format!("{stem}-{nth}");
            fs::write(
                corpus.join("rule_files").join(name),
                format!("{head}[[rule]]{rule}"),
            )?;
        }
    }
    Ok(())
}

/// The body in the coding, once for each choice of the target.
fn encoded(decoder: &str, body: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let level = flate2::Compression::default();
    let read = |mut encoder: Box<dyn Read + '_>| {
        let mut out = Vec::new();
        encoder.read_to_end(&mut out).map(|_| out)
    };
    match decoder {
        "inflate" => Ok(vec![
            read(Box::new(flate2::read::GzEncoder::new(body, level)))?,
            read(Box::new(flate2::read::ZlibEncoder::new(body, level)))?,
            read(Box::new(flate2::read::GzEncoder::new(
                body,
                flate2::Compression::none(),
            )))?,
            read(Box::new(flate2::read::DeflateEncoder::new(body, level)))?,
        ]),
        "brotli" => [1, 5, 11]
            .into_iter()
            .map(|quality| {
                read(Box::new(brotli::CompressorReader::new(
                    body, 4096, quality, 20,
                )))
            })
            .collect(),
        _ => [1, 3, 19]
            .into_iter()
            .map(|level| zstd::encode_all(&body.repeat(3)[..], level))
            .collect(),
    }
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
