//! A rule file to start from.

mod shape;
mod skeleton;

use std::io::Write;

use anyhow::Context as _;

use super::check;
use crate::exit::Status;
use shape::Shape;
use skeleton::Skeleton;

/// Prints a rule for a kind, after the sample if there is one. Nothing but the shape of the sample is printed.
pub(crate) fn run(
    kind: &str,
    provider: Option<String>,
    sample: Option<&str>,
    out: &mut dyn Write,
) -> anyhow::Result<Status> {
    let shape = match sample {
        None => None,
        Some(sample) => match Shape::of(sample.trim()) {
            Ok(shape) => Some(shape),
            Err(problem) => {
                eprintln!("veilgate: the sample on standard input {problem}");
                return Ok(Status::Invalid);
            }
        },
    };
    let file = Skeleton::new(kind, provider, shape).written();
    let report = check::check(&[("the new file", &file)], false)?;
    // What is printed has to pass as it stands.
    if let Some(problem) = report.problems.first() {
        eprintln!("veilgate: no rule can be made of this: {problem}");
        return Ok(Status::Failure);
    }
    for warning in &report.warnings {
        eprintln!("veilgate: {warning}");
    }
    out.write_all(file.as_bytes())
        .context("cannot write standard output")?;
    Ok(Status::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(kind: &str, sample: Option<&str>) -> (Status, String) {
        let mut out = Vec::new();
        let status = run(kind, None, sample, &mut out).unwrap();
        (status, String::from_utf8(out).unwrap())
    }

    fn made_up(alphabet: &str, length: usize) -> String {
        let letters: Vec<char> = alphabet.chars().collect();
        (0..length)
            .map(|nth| letters[(nth * 7 + nth * nth * 3 + 5) % letters.len()])
            .collect()
    }

    const B62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    #[test]
    fn a_skeleton_passes_whatever_the_kind() {
        for kind in ["acme-api-key", "a", "x-1", "ab-key", "0"] {
            let (status, file) = made(kind, None);
            assert_eq!(status, Status::Success, "{kind}");
            assert!(file.contains(&format!("kind = \"{kind}\"")), "{file}");
        }
        assert_eq!(made("Acme Key", None).0, Status::Failure);
    }

    #[test]
    fn a_sample_gives_the_shape_and_is_not_printed() {
        let b62 = made_up(B62, 40);
        let hex = made_up("0123456789abcdef", 32);
        for (kind, sample, expected) in [
            (
                "acme-key",
                format!("acme_{b62}"),
                r"pattern = 'acme_[0-9A-Za-z]{40}'",
            ),
            (
                "acme-key",
                format!("acme_live_{hex}"),
                "pattern = 'acme_live_[0-9a-f]{32}'",
            ),
            ("acme-key", hex.clone(), "context = [\"acme\"]"),
            (
                "acme-key",
                format!("ak-{b62}"),
                "pattern = 'ak-[0-9A-Za-z]{40}'",
            ),
            (
                "acme-key",
                "0f8fad5b-d9cb-469f-a165-70867728950e".to_owned(),
                "{{uuid}}",
            ),
            (
                "acme-key",
                format!("{hex}.{b62}\n"),
                r"[0-9a-f]{32}\.[0-9A-Za-z]{40}",
            ),
        ] {
            let (status, file) = made(kind, Some(&sample));
            assert_eq!(status, Status::Success, "{sample}");
            assert!(file.contains(expected), "{sample}: {file}");
            for part in [&b62, &hex, "0f8fad5b"] {
                assert!(!file.contains(part), "{file}");
            }
        }
        for bad in [
            "",
            "short",
            "two words of text here",
            "tab\tin\tit0123456789",
        ] {
            assert_eq!(made("acme-key", Some(bad)).0, Status::Invalid, "{bad}");
        }
    }
}
