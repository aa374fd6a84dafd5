//! `docs/benchmarks.md`: prose written by hand around sections that are not.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Replaces what stands between `<!-- name -->` and `<!-- /name -->`.
pub(crate) fn rewrite(file: &Path, name: &str, section: &str) -> Result<()> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = replaced(&text, name, section)
        .with_context(|| format!("{} has no section `{name}`", file.display()))?;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn replaced(text: &str, name: &str, section: &str) -> Option<String> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&start)?;
    let (_, behind) = rest.split_once(&end)?;
    Some(format!(
        "{before}{start}\n{}\n\n{end}{behind}",
        section.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_section_changes() {
        let text = "a\n<!-- one -->\nold\n<!-- /one -->\nb\n<!-- two -->\nkept\n<!-- /two -->\n";
        assert_eq!(
            replaced(text, "one", "new\n").unwrap(),
            "a\n<!-- one -->\n\nnew\n\n<!-- /one -->\nb\n<!-- two -->\nkept\n<!-- /two -->\n"
        );
        assert_eq!(replaced(text, "three", "new"), None);
    }
}
