//! Server-sent events: a text ends with each blank line.
//!
//! Inside an event the raw bytes are one text, field names included. A value that a rule lets run over lines (a key in PEM) is found over several
//! `data:` lines and becomes one mask; what is interleaved with it goes as well. A token broken by a line's end is no token to the reader either, who gets
//! the lines joined by line feeds.

use memchr::memchr2;

use crate::RedactError;

use super::Sink;

/// Where in a `text/event-stream` we are. A line ends with CR, LF or CR LF, in any mixture.
pub(crate) struct Events {
    line_is_empty: bool,
    after_cr: bool,
    /// Bytes of the byte order mark that the stream may begin with and that belong to no line.
    mark: &'static [u8],
}

impl Default for Events {
    fn default() -> Self {
        Self {
            line_is_empty: true,
            after_cr: false,
            mark: b"\xef\xbb\xbf",
        }
    }
}

impl Events {
    pub(crate) fn write(&mut self, sink: &mut Sink<'_>, chunk: &[u8]) -> Result<(), RedactError> {
        let (mut unscanned, mut rest) = (chunk, self.skip_mark(chunk));
        while let Some(index) = memchr2(b'\r', b'\n', rest) {
            self.line_is_empty &= index == 0;
            let (line, after) = rest.split_at_checked(index + 1).unwrap_or((rest, &[]));
            rest = after;
            if self.ends_event(index == 0, line.last().copied()) {
                let length = unscanned.len() - rest.len();
                let (event, after) = unscanned
                    .split_at_checked(length)
                    .unwrap_or((unscanned, &[]));
                sink.write_last(event)?;
                unscanned = after;
            }
        }
        if !rest.is_empty() {
            (self.line_is_empty, self.after_cr) = (false, false);
        }
        sink.write(unscanned)
    }

    /// Whether an event ends with this end of a line. The LF of a CR LF belongs to the line that the CR ended.
    fn ends_event(&mut self, first: bool, end: Option<u8>) -> bool {
        let belongs = first && self.after_cr && end == Some(b'\n');
        self.after_cr = end == Some(b'\r');
        !belongs && std::mem::replace(&mut self.line_is_empty, true)
    }

    fn skip_mark<'c>(&mut self, chunk: &'c [u8]) -> &'c [u8] {
        let mut rest = chunk;
        while let (Some((mark, marks)), Some((byte, after))) =
            (self.mark.split_first(), rest.split_first())
        {
            if byte != mark {
                self.mark = &[];
                break;
            }
            (self.mark, rest) = (marks, after);
        }
        rest
    }
}
