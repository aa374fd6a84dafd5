//! What the demo reads from the project: the module, `envoy/` and `policies/demo/`.
//!
//! Nothing of it is compiled in: a reader edits a policy and runs the demo again. And the demo starts the very files a user would copy, with
//! other ports and paths put in by [`Template`], so that what is shown is what is shipped.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// The project's folder.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    root: PathBuf,
}

impl Project {
    /// The nearest folder, from the current one upwards, that holds the demo's policies; else the folder this program was built from.
    ///
    /// # Errors
    /// When neither does.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let current = std::env::current_dir().context("the current folder cannot be read")?;
        let built = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
        let root = current
            .ancestors()
            .chain(built)
            .find(|folder| folder.join("policies/demo/filter.json").is_file());
        match root {
            Some(root) => Ok(Self {
                root: root.to_owned(),
            }),
            None => bail!(
                "`policies/demo/filter.json` is neither in `{}` nor above it: run this inside a checkout of Veilgate",
                current.display()
            ),
        }
    }

    /// A file of the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A file's text.
    ///
    /// # Errors
    /// When it cannot be read; the message names it.
    pub(crate) fn text(&self, name: &str) -> anyhow::Result<String> {
        read(&self.path(name))
    }

    /// The module: `given`, else `VEILGATE_WASM`, else the newest that was built here.
    ///
    /// # Errors
    /// When there is none; the message says how to build it.
    pub(crate) fn module(&self, given: Option<PathBuf>) -> anyhow::Result<PathBuf> {
        let variable = std::env::var_os("VEILGATE_WASM")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from);
        if let Some(path) = given.or(variable) {
            if path.is_file() {
                return Ok(path);
            }
            bail!(
                "the module `{}` is not a file: give one with --module or VEILGATE_WASM",
                path.display()
            );
        }
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.path("target"), PathBuf::from);
        let profiles = ["wasm", "wasm-dev"].map(|profile| {
            target
                .join("wasm32-wasip1")
                .join(profile)
                .join("veilgate.wasm")
        });
        let built = profiles
            .into_iter()
            .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)));
        match built.max() {
            Some((_, path)) => Ok(path),
            None => bail!("the module is not built: run `make wasm`, or name one with --module"),
        }
    }
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Writes a file.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

/// A shipped file whose ports and paths are being replaced.
pub(crate) struct Template {
    name: &'static str,
    text: String,
}

impl Template {
    /// Reads `name` from the project.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(project: &Project, name: &'static str) -> anyhow::Result<Self> {
        Ok(Self {
            name,
            text: project.text(name)?,
        })
    }

    /// Puts `new` wherever the file says `old`.
    ///
    /// # Errors
    /// When it does not say `old`: the file and the demo would drift apart in silence.
    pub(crate) fn replace(mut self, old: &str, new: &str) -> anyhow::Result<Self> {
        if !self.text.contains(old) {
            bail!(
                "`{}` no longer says `{old}`, which the demo replaces: put it back, or change the demo too",
                self.name
            );
        }
        self.text = self.text.replace(old, new);
        Ok(self)
    }

    /// Replaces the filter's configuration, the lines below the only `value:` that ends its line, by `document`.
    ///
    /// # Errors
    /// When there is not exactly one such line.
    pub(crate) fn configure(mut self, document: &serde_json::Value) -> anyhow::Result<Self> {
        let lines: Vec<&str> = self.text.lines().collect();
        let mut places = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.trim() == "value:");
        let (Some((at, line)), None) = (places.next(), places.next()) else {
            bail!(
                "`{}` does not have exactly one line `value:`, where the filter's configuration starts",
                self.name
            );
        };
        let depth = indent(line);
        let before = lines.iter().take(at + 1);
        let after = lines
            .iter()
            .skip(at + 1)
            .skip_while(|line| line.trim().is_empty() || indent(line) > depth);
        // JSON is YAML, as long as it is indented further than its key.
        let document = format!("{}{document}", " ".repeat(depth + 2));
        let all: Vec<&str> = before
            .copied()
            .chain([document.as_str()])
            .chain(after.copied())
            .collect();
        self.text = all.join("\n") + "\n";
        Ok(self)
    }

    /// The result.
    pub(crate) fn text(self) -> String {
        self.text
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(text: &str) -> Template {
        Template {
            name: "file.yaml",
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_port_that_is_no_longer_there_is_an_error() {
        assert_eq!(
            template("port: 1\nport: 1\n")
                .replace("port: 1", "port: 2")
                .unwrap()
                .text(),
            "port: 2\nport: 2\n"
        );
        let error = template("port: 1")
            .replace("port: 3", "port: 2")
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("file.yaml") && error.contains("port: 3"),
            "{error}"
        );
    }

    #[test]
    fn the_configuration_is_replaced_and_what_follows_stays() {
        let text = "a:\n  value:\n    mode: enforce\n\n    policy:\n      cedar: x\n  b: 1\n";
        let configured = template(text)
            .configure(&json!({"mode": "shadow"}))
            .unwrap()
            .text();
        assert_eq!(
            configured,
            "a:\n  value:\n    {\"mode\":\"shadow\"}\n  b: 1\n"
        );
        assert!(template("a: 1").configure(&json!({})).is_err());
        assert!(template("value:\nvalue:\n").configure(&json!({})).is_err());
    }
}
