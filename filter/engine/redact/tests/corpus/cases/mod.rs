//! The corpus of `testdata/*.toml`: what comes out for what goes in, as data that every runtime reads.
//!
//! Only the format is here, and nothing of the engine, so that a test which knows the engine as a WebAssembly module alone can read it too. The README beside
//! the data describes it.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::panic,
    reason = "a corpus is read from files, one that cannot be read is a failed test, and each runtime uses its own part"
)]

mod encoding;
mod pending;
mod template;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use template::Template;

pub(crate) use pending::PENDING;

/// One input with its output.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// `file/name`, unique.
    pub(crate) name: String,
    pub(crate) stream: Stream,
    pub(crate) content_type: String,
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    /// Kinds in the order in which they are found.
    pub(crate) findings: Option<Vec<String>>,
    /// Values that the output must not hold.
    pub(crate) secrets: Vec<Vec<u8>>,
    pub(crate) options: Options,
}

/// How the input is given to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stream {
    /// As a body of this framing.
    Body(Framing),
    /// As the value of this header.
    Header(String),
    /// As a request target.
    Target,
}

/// The names of framings in the files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Framing {
    #[default]
    Plain,
    Form,
    Multipart,
    Events,
    Grpc,
    GrpcWebText,
}

/// What differs from the defaults. A runtime that cannot be told so leaves the case out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) mask: Mask,
    /// The key of fingerprints.
    pub(crate) key: Option<String>,
    /// Kinds that are let through.
    pub(crate) reveal: Vec<String>,
    /// Kinds that end the stream.
    pub(crate) block: Vec<String>,
    /// Whether the stream fails, with its output cut short.
    pub(crate) fails: bool,
}

/// The style of masks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mask {
    #[default]
    Label,
    SameLength,
    #[serde(rename = "keep-last-4")]
    KeepLast4,
    Fixed(String),
}

impl Case {
    /// Whether this is a body under the default options.
    pub(crate) fn is_plain_body(&self) -> bool {
        let options = Options {
            fails: self.options.fails,
            ..Options::default()
        };
        matches!(self.stream, Stream::Body(_)) && self.options == options
    }

    /// Whether the stream ends with an error.
    pub(crate) fn fails(&self) -> bool {
        self.options.fails
    }

    pub(crate) fn is_pending(&self) -> bool {
        PENDING.contains(&self.name.as_str())
    }
}

impl Framing {
    /// The media type that asks for this framing.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Form => "application/x-www-form-urlencoded",
            Self::Multipart => "multipart/form-data; boundary=edge",
            Self::Events => "text/event-stream",
            Self::Grpc => "application/grpc",
            Self::GrpcWebText => "application/grpc-web-text",
        }
    }
}

/// Every case of the folder, in the order of files and lines.
pub(crate) fn read(folder: &Path) -> Vec<Case> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap_or_else(|error| panic!("{error}")).path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    let cases: Vec<Case> = files.iter().flat_map(|path| read_file(path)).collect();
    let mut names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    for pair in names.windows(2) {
        assert!(pair.first() != pair.last(), "two cases are called {pair:?}");
    }
    for name in PENDING {
        assert!(names.contains(name), "no case is called {name:?}");
    }
    cases
}

fn read_file(path: &Path) -> Vec<Case> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{shown}: {error}"));
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    file.case
        .into_iter()
        .map(|entry| {
            let name = format!("{stem}/{}", entry.name);
            entry
                .case(&name)
                .unwrap_or_else(|problem| panic!("{shown}: {name}: {problem}"))
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    case: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    #[serde(default)]
    framing: Option<Framing>,
    #[serde(default)]
    header: Option<String>,
    #[serde(default)]
    target: bool,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    #[serde(default, rename = "let")]
    values: BTreeMap<String, String>,
    input: String,
    /// Left out where nothing is to change.
    #[serde(default)]
    output: Option<String>,
    #[serde(default)]
    findings: Option<Vec<String>>,
    #[serde(default)]
    mask: Mask,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    reveal: Vec<String>,
    #[serde(default)]
    block: Vec<String>,
    #[serde(default)]
    fails: bool,
}

impl Entry {
    fn case(self, name: &str) -> Result<Case, String> {
        let template = Template::new(name, &self.secrets, &self.values);
        let input = template.fill(&self.input)?;
        let output = match &self.output {
            Some(output) => template.fill(output)?,
            None => input.clone(),
        };
        let secrets = self
            .secrets
            .keys()
            .map(|secret| template.fill(&format!("${{{secret}}}")))
            .collect::<Result<_, _>>()?;
        let framing = self.framing.unwrap_or_default();
        let stream = match (self.header, self.target, self.framing) {
            (None, false, _) => Stream::Body(framing),
            (Some(header), false, None) => Stream::Header(header),
            (None, true, None) => Stream::Target,
            _ => return Err("`framing`, `header` and `target` exclude each other".to_owned()),
        };
        Ok(Case {
            name: name.to_owned(),
            stream,
            content_type: self
                .content_type
                .unwrap_or_else(|| framing.content_type().to_owned()),
            // Where nothing is to change, nothing is to be found.
            findings: self
                .findings
                .or_else(|| self.output.is_none().then(Vec::new)),
            input,
            output,
            secrets,
            options: Options {
                mask: self.mask,
                key: self.key,
                reveal: self.reveal,
                block: self.block,
                fails: self.fails,
            },
        })
    }
}
