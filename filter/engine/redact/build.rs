//! Compiles `policies/credentials/*.toml` into tables, so that no VM has to, and embeds `policies/carriers.toml`. Adding a rule file touches no Rust.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a build script reads the file system; the crate it builds does not"
)]

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use rules::anchor::Anchor;
use rules::compiled::{Compiled, Source};
use rules::pattern::{Bytes, Part, Table};

#[path = "src/rules"]
mod rules {
    pub(crate) mod anchor;
    pub(crate) mod compiled;
    pub(crate) mod pattern;
}

fn main() -> Result<(), Box<dyn Error>> {
    let policies = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("../../../policies")
        .canonicalize()?;
    let credentials = policies.join("credentials");
    let carriers = policies.join("carriers.toml");
    println!("cargo::rerun-if-changed={}", carriers.display());

    let mut output = Output::default();
    for path in &rule_files(&credentials)? {
        output
            .add(path)
            .map_err(|problem| format!("{}: {problem}", path.display()))?;
    }
    let catalogue = catalogue(&policies.join("catalogue"))?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("builtin.rs"),
        format!(
            "pub(super) static RULES: &[Prebuilt] = &[\n{}];\n\
             pub(super) static EXAMPLES: &[Examples] = &[\n{}];\n\
             pub(super) static CARRIERS: (&str, &str) = (\"carriers.toml\", include_str!({carriers:?}));\n\
             #[cfg(feature = \"catalogue\")]\npub(super) static CATALOGUE: &[(&str, &str)] = &[\n{catalogue}];\n\
             #[cfg(any(test, feature = \"authoring\"))]\npub(super) static FILES: &[(&str, &str)] = &[\n{}];\n",
            output.rules, output.examples, output.files
        ),
    )?;
    fs::write(out.join("builtin.bin"), output.tables)?;
    Ok(())
}

/// In order of name.
fn rule_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();
    Ok(files)
}

/// The text of each file of the catalogue, if anybody wants it.
fn catalogue(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut entries = String::new();
    if env::var_os("CARGO_FEATURE_CATALOGUE").is_some() {
        for path in rule_files(folder)? {
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.ok_or("its name is not UTF-8")?;
            writeln!(entries, "    ({name:?}, include_str!({path:?})),")?;
        }
    }
    Ok(entries)
}

/// What is written: source text, and the bytes it refers to.
#[derive(Default)]
struct Output {
    rules: String,
    examples: String,
    files: String,
    tables: Vec<u8>,
    known: HashMap<Vec<u8>, usize>,
}

impl Output {
    fn add(&mut self, path: &Path) -> Result<(), Box<dyn Error>> {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or("its name is not UTF-8")?;
        writeln!(self.files, "    ({name:?}, include_str!({path:?})),")?;
        let file: toml::Table = toml::from_str(&fs::read_to_string(path)?)?;
        let provider = text(&file, "provider").ok_or("has no `provider`")?;
        let rules = file.get("rule").and_then(|rules| rules.as_array());
        for rule in rules
            .into_iter()
            .flatten()
            .filter_map(|rule| rule.as_table())
        {
            let kind = text(rule, "kind").ok_or("a rule has no `kind`")?;
            self.rule(name, provider, rule)
                .map_err(|problem| format!("rule `{kind}`: {problem}"))?;
        }
        Ok(())
    }

    fn rule(
        &mut self,
        file: &str,
        provider: &str,
        rule: &toml::Table,
    ) -> Result<(), Box<dyn Error>> {
        let compiled = Compiled::compile(&Source {
            before: text(rule, "before"),
            lead: text(rule, "lead"),
            context: texts(rule, "context"),
            pattern: text(rule, "pattern").ok_or("has no `pattern`")?,
            tail: text(rule, "tail"),
            after: text(rule, "after"),
            max_length: rule
                .get("max_length")
                .and_then(toml::Value::as_integer)
                .map(usize::try_from)
                .transpose()?,
            refuses_placeholders: rule.get("placeholders").and_then(toml::Value::as_bool)
                == Some(false),
        })
        .map_err(|(field, problem)| format!("field `{field}`: {problem}"))?;
        let text = |field| text(rule, field).ok_or_else(|| format!("has no `{field}`"));
        let lead: Vec<String> = compiled.lead.iter().map(|part| self.part(part)).collect();
        let value: Vec<String> = compiled.value.iter().map(|part| self.part(part)).collect();
        let tail = compiled.tail.as_ref().map(|tail| self.part(tail));
        let anchors = self.anchors(&compiled.anchors)?;
        writeln!(
            self.rules,
            "    Prebuilt {{ kind: {:?}, title: {:?}, provider: {provider:?}, file: {file:?}, category: Category::{}, confidence: Confidence::{}, check: {:?}, \
             before: {}, lead: &[{}], value: &[{}], tail: {}, after: {}, max_length: {}, open: {}, refuses_placeholders: {}, anchors: {anchors} }},",
            text("kind")?,
            text("title")?,
            variant(text("category")?),
            variant(text("confidence")?),
            rule.get("check").and_then(toml::Value::as_str),
            optional(compiled.before.as_ref().map(class)),
            lead.join(", "),
            value.join(", "),
            optional(tail),
            optional(compiled.after.as_ref().map(class)),
            compiled.max_length,
            compiled.open,
            compiled.refuses_placeholders,
        )?;
        writeln!(
            self.examples,
            "    Examples {{ references: &{:?}, examples: &{:?}, counter_examples: &{:?} }},",
            texts(rule, "references"),
            texts(rule, "examples"),
            texts(rule, "counter_examples"),
        )?;
        Ok(())
    }

    fn part(&mut self, part: &Part) -> String {
        match part {
            Part::Table(table) => format!("PrebuiltPart::Table({})", self.table(table)),
            Part::Run {
                class: set,
                least,
                most,
            } => format!(
                "PrebuiltPart::Run {{ class: {}, least: {least}, most: {most} }}",
                class(set)
            ),
            Part::Context => "PrebuiltPart::Context".to_owned(),
        }
    }

    fn table(&mut self, table: &Table) -> String {
        let classes = self.bytes(table.classes.clone());
        let cells = self.bytes(table.cells.clone());
        format!(
            "PrebuiltTable {{ start: {}, width: {}, classes: {classes}, cells: {cells}..{}, narrow: {} }}",
            table.start,
            table.width,
            cells + table.cells.len(),
            table.narrow
        )
    }

    /// One behind the other: length, offset of the word, bytes.
    fn anchors(&mut self, anchors: &[Anchor]) -> Result<String, Box<dyn Error>> {
        let mut bytes = Vec::new();
        for anchor in anchors {
            bytes.push(u8::try_from(anchor.bytes.len())?);
            bytes.push(u8::try_from(anchor.offset)?);
            bytes.extend_from_slice(&anchor.bytes);
        }
        let length = bytes.len();
        let at = self.bytes(bytes);
        Ok(format!("{at}..{}", at + length))
    }

    /// Where these bytes stand among the tables.
    fn bytes(&mut self, bytes: Vec<u8>) -> usize {
        let tables = &mut self.tables;
        *self.known.entry(bytes).or_insert_with_key(|bytes| {
            tables.extend_from_slice(bytes);
            tables.len() - bytes.len()
        })
    }
}

fn text<'a>(table: &'a toml::Table, field: &str) -> Option<&'a str> {
    table.get(field)?.as_str()
}

fn texts<'a>(table: &'a toml::Table, field: &str) -> Vec<&'a str> {
    let values = table.get(field).and_then(toml::Value::as_array);
    values
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_str)
        .collect()
}

fn class(bytes: &Bytes) -> String {
    format!("{bytes:?}")
}

fn optional(value: Option<String>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("Some({value})"))
}

/// `source-forge` as `SourceForge`.
fn variant(name: &str) -> String {
    name.split('-')
        .flat_map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            [first.to_ascii_uppercase(), rest.to_owned()]
        })
        .collect()
}
