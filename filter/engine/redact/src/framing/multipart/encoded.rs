//! The content of a part in base64: decoded, scanned, and encoded again in lines as long as its first one.

use crate::RedactError;
use crate::base64::{Decoder, Encoder};
use crate::framing::Sink;

/// Digits that are decoded before what comes of them is encoded again: bounds the buffers.
const PIECE: usize = 512;
/// A first line longer than mail allows has no end.
const LONGEST_LINE: usize = 998;

/// Where in the content we are.
#[derive(Default)]
pub(super) struct Encoded {
    input: Input,
    lines: Lines,
    output: Output,
    decoded: Vec<u8>,
    /// What came out before the lines were known.
    first: Vec<u8>,
    /// How far what the scanner was given is behind the stream.
    lag: usize,
}

#[derive(Default)]
struct Input {
    decoder: Decoder,
    /// Padding was seen: nothing may follow it.
    padded: bool,
    column: usize,
    after_cr: bool,
    /// A line break, if nothing came behind it.
    ends_with: &'static [u8],
}

/// How the lines of the input are, and those of the output will be.
#[derive(Clone, Copy, Default)]
enum Lines {
    /// The first one has not ended.
    #[default]
    Unknown,
    One,
    Many {
        width: usize,
        line_break: &'static [u8],
    },
}

#[derive(Default)]
struct Output {
    encoder: Encoder,
    column: usize,
}

impl Encoded {
    pub(super) fn write(&mut self, sink: &mut Sink<'_>, bytes: &[u8]) -> Result<(), RedactError> {
        for piece in bytes.chunks(PIECE) {
            let read = piece.iter().try_for_each(|byte| self.read(*byte));
            self.lag += piece.len();
            // What comes out before an error must not depend on how the text was cut either.
            self.scan(sink)?;
            read?;
        }
        Ok(())
    }

    pub(super) fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        let padded = self.input.decoder.is_aligned();
        let finished = self.input.decoder.finish(&mut self.decoded);
        finished.map_err(|_| RedactError::Opaque)?;
        if let Lines::Unknown = self.lines {
            self.lines = Lines::One;
        }
        self.scan(sink)?;
        let start = sink.out.len();
        sink.flush()?;
        self.output.encode(sink.out, start, self.lines);
        if !sink.scanner.is_muted() {
            self.output.finish(padded, sink.out, self.lines);
            sink.out.extend_from_slice(self.input.ends_with);
        }
        sink.skip(self.lag)
    }

    /// Bytes kept beside the scanner.
    pub(super) fn held(&self) -> usize {
        self.first.len()
            + self.output.encoder.held()
            + usize::from(!self.input.decoder.is_aligned())
            + self.input.ends_with.len()
    }

    fn read(&mut self, byte: u8) -> Result<(), RedactError> {
        let after_cr = std::mem::replace(&mut self.input.after_cr, byte == b'\r');
        match byte {
            b'\n' => {
                let line_break: &[u8] = if after_cr { b"\r\n" } else { b"\n" };
                if let (Lines::Unknown, width @ 1..) = (self.lines, self.input.column) {
                    self.lines = Lines::Many { width, line_break };
                }
                self.input.column = 0;
                self.input.ends_with = line_break;
            }
            b' ' | b'\t' | b'\r' => {}
            byte if self.input.padded && byte != b'=' => return Err(RedactError::Opaque),
            byte => {
                let taken = self.input.decoder.push(byte, &mut self.decoded);
                taken.map_err(|_| RedactError::Opaque)?;
                self.input.padded |= byte == b'=';
                self.input.ends_with = &[];
                self.input.column += 1;
                if self.input.column > LONGEST_LINE && matches!(self.lines, Lines::Unknown) {
                    self.lines = Lines::One;
                }
            }
        }
        Ok(())
    }

    /// Scans what was decoded, and encodes what comes out as soon as its lines are known.
    fn scan(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        self.lag = self.lag.saturating_sub(self.decoded.len());
        let start = sink.out.len();
        let written = if let Lines::Unknown = self.lines {
            sink.aside(&mut self.first).write(&self.decoded)
        } else {
            sink.out.append(&mut self.first);
            let written = sink.write(&self.decoded);
            self.output.encode(sink.out, start, self.lines);
            written
        };
        self.decoded.clear();
        written
    }
}

impl Output {
    /// Encodes what `out` holds from `start` on, in its place.
    fn encode(&mut self, out: &mut Vec<u8>, start: usize, lines: Lines) {
        self.encoder.encode(out, start);
        self.wrap(out, start, lines);
    }

    fn finish(&mut self, padded: bool, out: &mut Vec<u8>, lines: Lines) {
        let start = out.len();
        self.encoder.finish(padded, out);
        self.wrap(out, start, lines);
    }

    /// Breaks the digits from `start` on into lines. A line is broken only before a digit that does not fit.
    fn wrap(&mut self, out: &mut Vec<u8>, start: usize, lines: Lines) {
        let Lines::Many { width, line_break } = lines else {
            return;
        };
        let digits = out.len().saturating_sub(start);
        let column = self.column;
        let (Some(last), false) = ((column + digits).checked_sub(1), digits == 0) else {
            return;
        };
        self.column = last % width + 1;
        out.resize(out.len() + last / width * line_break.len(), 0);
        // From the end: what moves, moves to where later digits stood.
        for nth in (0..digits).rev() {
            let breaks = (column + nth) / width * line_break.len();
            let to = start + nth + breaks;
            if breaks == 0 {
                break;
            }
            out.copy_within(start + nth..=start + nth, to);
            if (column + nth).is_multiple_of(width)
                && let Some(place) = out.get_mut(to - line_break.len()..to)
            {
                place.copy_from_slice(line_break);
            }
        }
    }
}
