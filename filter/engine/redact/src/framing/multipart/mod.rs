//! `multipart/*`: part by part, each treated as its header lines say.
//!
//! Readers differ in what they take for a delimiter. Here every line that begins like one is one, with CR LF or LF before it and whatever follows on
//! it: a text that ends too early is still scanned whole, but a secret part that nobody saw begin would not be masked.

mod content;
mod delimiter;
mod encoded;
mod head;
mod name;

use std::sync::Arc;

use memchr::{memchr, memmem};

use crate::{Masker, RedactError, RuleSet};

use self::content::Content;
use self::delimiter::Delimiters;
pub(super) use self::delimiter::is_valid;
use self::head::Head;
use super::{HeaderLines, Sink};

/// Where in a multipart body we are.
pub(crate) struct Multipart {
    delimiters: Delimiters,
    at: At,
    /// The end of a line and what follows it, as long as that may become a delimiter.
    line: Vec<u8>,
    /// Whether we are in the header lines of a part.
    in_head: bool,
    head: Head,
    content: Content,
    masker: Arc<Masker>,
    pass_opaque: bool,
}

#[derive(Clone, Copy)]
enum At {
    /// Inside a line.
    Line,
    /// In `line`, which starts with an end of line of this length.
    Start { end: usize },
    /// On the line of a delimiter.
    Delimiter { level: usize, behind: Behind },
}

/// What stands directly behind a delimiter. Two hyphens close the body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    Nothing,
    Hyphen,
    Hyphens,
    Other,
}

impl Multipart {
    /// A body with this boundary, which must be valid.
    pub(crate) fn new(
        boundary: &[u8],
        pass_opaque: bool,
        rules: Arc<RuleSet>,
        masker: Arc<Masker>,
    ) -> Self {
        let lines = HeaderLines::new(Arc::clone(&rules), Arc::clone(&masker));
        Self {
            delimiters: Delimiters::new(boundary),
            // The first line may be a delimiter.
            at: At::Start { end: 0 },
            line: Vec::new(),
            in_head: false,
            head: Head::new(lines, rules),
            content: Content::Text,
            masker,
            pass_opaque,
        }
    }

    pub(crate) fn write(&mut self, sink: &mut Sink<'_>, chunk: &[u8]) -> Result<(), RedactError> {
        let mut rest = chunk;
        while let Some(byte) = rest.first().copied() {
            let taken = match self.at {
                At::Line => self.read_line(sink, rest)?,
                At::Start { end } => usize::from(self.read_start(sink, end, byte)?),
                At::Delimiter { level, behind } => {
                    self.read_delimiter(sink, level, behind, byte)?;
                    1
                }
            };
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    /// The stream ends here, with a closing delimiter or without.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        if let At::Start { end } = self.at {
            self.leave_start(sink, end)?;
        }
        self.end_part(sink)
    }

    /// Bytes kept beside the scanner.
    pub(crate) fn held(&self) -> usize {
        self.line.len() + self.head.len() + self.content.held()
    }

    /// Takes header lines one by one, and content up to where a delimiter may start.
    fn read_line(&mut self, sink: &mut Sink<'_>, rest: &[u8]) -> Result<usize, RedactError> {
        let end = if self.in_head {
            memchr(b'\n', rest)
        } else {
            memmem::find(rest, b"\n--")
        };
        let length = end.map_or(rest.len(), |at| at + 1);
        let part = rest.get(..length).unwrap_or_default();
        if self.in_head {
            self.give(sink, part)?;
            if end.is_some() {
                self.at = At::Start { end: 0 };
            }
            return Ok(length);
        }
        let (text, start) = part.split_at_checked(settled(part)).unwrap_or_default();
        self.give(sink, text)?;
        if !start.is_empty() {
            self.line.extend_from_slice(start);
            let hyphen = usize::from(start.ends_with(b"-"));
            self.at = At::Start {
                end: start.len() - hyphen,
            };
        }
        Ok(length)
    }

    /// Takes a byte that may belong to a delimiter; false if it belongs to what follows.
    fn read_start(
        &mut self,
        sink: &mut Sink<'_>,
        end: usize,
        byte: u8,
    ) -> Result<bool, RedactError> {
        self.line.push(byte);
        let is_end = self.line == b"\r\n";
        let text = self.line.get(end..).unwrap_or_default();
        if is_end {
            self.at = At::Start { end: 2 };
        } else if self.line.starts_with(b"\r") && end == 1 || !self.delimiters.may_become(text) {
            self.line.pop();
            self.leave_start(sink, end)?;
            return Ok(false);
        }
        Ok(true)
    }

    /// Nothing more belongs to the start of this line: it is a delimiter's, or it is not.
    fn leave_start(&mut self, sink: &mut Sink<'_>, end: usize) -> Result<(), RedactError> {
        let mut line = std::mem::take(&mut self.line);
        let (break_before, text) = line.split_at_checked(end).unwrap_or((&line, &[]));
        self.at = At::Line;
        match self.delimiters.of(text) {
            Some((level, length)) => {
                self.end_part(sink)?;
                let (delimiter, behind) = text.split_at_checked(length).unwrap_or((text, &[]));
                sink.write(break_before)?;
                sink.write(delimiter)?;
                self.at = At::Delimiter {
                    level,
                    behind: Behind::Nothing,
                };
                // What was read in the hope of a longer one.
                self.write(sink, behind)?;
            }
            None => {
                self.give(sink, break_before)?;
                self.give(sink, text)?;
            }
        }
        line.clear();
        self.line = line;
        Ok(())
    }

    fn read_delimiter(
        &mut self,
        sink: &mut Sink<'_>,
        level: usize,
        behind: Behind,
        byte: u8,
    ) -> Result<(), RedactError> {
        sink.write(&[byte])?;
        if byte == b'\n' {
            let closing = behind == Behind::Hyphens;
            self.delimiters.leave(level, closing);
            self.in_head = !closing;
            self.at = At::Start { end: 0 };
            return sink.flush();
        }
        let behind = match (behind, byte) {
            (Behind::Nothing, b'-') => Behind::Hyphen,
            (Behind::Hyphen, b'-') | (Behind::Hyphens, _) => Behind::Hyphens,
            _ => Behind::Other,
        };
        self.at = At::Delimiter { level, behind };
        Ok(())
    }

    /// Bytes of a part, or of what stands around parts.
    fn give(&mut self, sink: &mut Sink<'_>, bytes: &[u8]) -> Result<(), RedactError> {
        if !self.in_head {
            return self.content.write(sink, &self.masker, bytes);
        }
        if self.head.push(bytes)? {
            self.in_head = false;
            self.content = self
                .head
                .finish(sink, &mut self.delimiters, self.pass_opaque)?;
        }
        Ok(())
    }

    /// A part ends, or what stands around parts.
    fn end_part(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        if std::mem::take(&mut self.in_head) {
            self.head
                .finish(sink, &mut self.delimiters, self.pass_opaque)?;
        }
        self.content.end(sink)?;
        self.content = Content::Text;
        sink.flush()
    }
}

/// How much of a part cannot be the end of a line before a delimiter, or the delimiter's first hyphen.
fn settled(part: &[u8]) -> usize {
    let text = part
        .strip_suffix(b"-")
        .filter(|text| text.ends_with(b"\n"))
        .unwrap_or(part);
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text).len()
}

#[cfg(test)]
mod tests;
