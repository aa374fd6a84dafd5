//! What the header lines of a part say about it.

use std::sync::Arc;

use crate::framing::{HeaderLines, Sink, media_type, parameters};
use crate::scrub::lines;
use crate::{RedactError, RuleSet};

use super::content::{Content, Secret};
use super::delimiter::Delimiters;
use super::name;

/// Headers of a part that describe bytes which may not be the ones that go on.
const OF_THE_OLD_BYTES: &[&str] = &["content-length", "content-md5", "digest", "content-digest"];

/// The header lines of a part, as they come.
pub(super) struct Head {
    lines: HeaderLines,
    rules: Arc<RuleSet>,
}

/// How the content of a part is written.
enum Encoding {
    Plain,
    Base64,
    /// In a way that is not decoded here.
    Opaque,
}

impl Head {
    pub(super) fn new(lines: HeaderLines, rules: Arc<RuleSet>) -> Self {
        Self { lines, rules }
    }

    /// Takes a piece of a line or the end of one; true once the lines are complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<bool, RedactError> {
        self.lines.push(bytes)?;
        let lines = self.lines.as_bytes();
        let lines = lines.strip_suffix(b"\n").unwrap_or_default();
        let lines = lines.strip_suffix(b"\r").unwrap_or(lines);
        Ok(bytes.ends_with(b"\n") && (lines.is_empty() || lines.ends_with(b"\n")))
    }

    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Gives the lines out, treated, and tells what the content is.
    pub(super) fn finish(
        &mut self,
        sink: &mut Sink<'_>,
        delimiters: &mut Delimiters,
        pass_opaque: bool,
    ) -> Result<Content, RedactError> {
        let content = self.content(delimiters);
        let secret = self.secret();
        self.lines.finish(sink, OF_THE_OLD_BYTES)?;
        let content = match content {
            Some(content) => content,
            None if pass_opaque => {
                sink.judge.uninspected();
                Content::Unread
            }
            None => return Err(RedactError::Opaque),
        };
        Ok(match secret {
            Some(secret) => Content::Secret(Box::new(secret), Box::new(content)),
            None => content,
        })
    }

    /// What the content is, whatever its name; none if it cannot be read.
    fn content(&self, delimiters: &mut Delimiters) -> Option<Content> {
        match self.encoding() {
            Encoding::Opaque => return None,
            Encoding::Base64 => return Some(Content::Encoded(Box::default())),
            Encoding::Plain => {}
        }
        for kind in self.values("content-type") {
            if media_type::is_wide(kind) {
                return None;
            }
            if parameters::first(kind).starts_with(b"multipart/") {
                let boundaries = parameters::values(kind, "boundary");
                if boundaries.is_empty() || !boundaries.iter().all(|it| delimiters.enter(it)) {
                    return None;
                }
            }
        }
        Some(Content::Text)
    }

    fn encoding(&self) -> Encoding {
        let is_encoded = self
            .values("content-encoding")
            .any(|value| !value.trim_ascii().eq_ignore_ascii_case(b"identity"));
        let mut encoding = Encoding::Plain;
        for value in self.values("content-transfer-encoding") {
            match parameters::first(value).as_slice() {
                b"7bit" | b"8bit" | b"binary" | b"" => {}
                b"base64" => encoding = Encoding::Base64,
                _ => return Encoding::Opaque,
            }
        }
        if is_encoded {
            Encoding::Opaque
        } else {
            encoding
        }
    }

    /// What the part is by its own name, or by that of its file.
    fn secret(&self) -> Option<Secret> {
        let parameters = |header, name| {
            self.values(header)
                .flat_map(move |value| parameters::values(value, name))
        };
        let field = parameters("content-disposition", "name").find_map(|name| {
            let id = name::field(&self.rules, &name)?;
            Some(Secret::of_field(id, self.rules.rule(id)?, &name))
        });
        let mut files =
            parameters("content-disposition", "filename").chain(parameters("content-type", "name"));
        field.or_else(|| {
            files.find_map(|name| Some(Secret::of_file(self.rules.carriers.file(&name)?, &name)))
        })
    }

    fn values(&self, name: &'static str) -> impl Iterator<Item = &[u8]> {
        lines(self.lines.as_bytes())
            .filter(move |line| line.is(name))
            .map(|line| line.value)
    }
}
