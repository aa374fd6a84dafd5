//! The content of a part in base64: decoded, scanned, and encoded again in lines as long as its first one.

use crate::RedactError;
use crate::base64::{Decoder, Encoder};
use crate::framing::Sink;

/// Digits that are decoded before what came of them is encoded again: bounds the buffers.
const PIECE: usize = 1024;
/// A first line longer than mail allows has no end.
const LONGEST_LINE: usize = 998;

/// Where in the content we are.
#[derive(Default)]
pub(super) struct Encoded {
    input: Input,
    lines: Lines,
    output: Output,
    decoded: Vec<u8>,
    scanned: Vec<u8>,
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
            for byte in piece {
                self.read(*byte)?;
            }
            self.lag += piece.len();
            self.scan(sink)?;
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
        sink.aside(&mut self.scanned).flush()?;
        let (input, lines) = (&self.input, self.lines);
        self.output.encode(&self.scanned, lines, sink.out);
        if !sink.scanner.is_muted() {
            self.output.finish(padded, lines, sink.out);
            sink.out.extend_from_slice(input.ends_with);
        }
        sink.skip(self.lag)
    }

    /// Bytes kept beside the scanner.
    pub(super) fn held(&self) -> usize {
        self.scanned.len()
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
        let written = sink.aside(&mut self.scanned).write(&self.decoded);
        self.decoded.clear();
        if !matches!(self.lines, Lines::Unknown) {
            self.output.encode(&self.scanned, self.lines, sink.out);
            self.scanned.clear();
        }
        written
    }
}

impl Output {
    fn encode(&mut self, bytes: &[u8], lines: Lines, out: &mut Vec<u8>) {
        let column = &mut self.column;
        self.encoder
            .push(bytes, |digit| set(digit, column, lines, out));
    }

    fn finish(&mut self, padded: bool, lines: Lines, out: &mut Vec<u8>) {
        let column = &mut self.column;
        self.encoder
            .finish(padded, |digit| set(digit, column, lines, out));
    }
}

/// A digit, on the next line if this one is full.
fn set(digit: u8, column: &mut usize, lines: Lines, out: &mut Vec<u8>) {
    if let Lines::Many { width, line_break } = lines
        && *column == width
    {
        out.extend_from_slice(line_break);
        *column = 0;
    }
    out.push(digit);
    *column += 1;
}
