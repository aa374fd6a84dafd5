//! gRPC-Web as text: frames in base64, in one run or in several that are padded each.

use crate::RedactError;
use crate::base64::{Decoder, Encoder};

use super::{Frames, Sink};

/// Digits that are decoded before what comes of them is encoded again: bounds the buffer.
const PIECE: usize = 256;

/// Where in the text we are.
///
/// A frame that the sender let end with its digits ends with its digits here too, padded if need be, so that the reader has it at once. Elsewhere the
/// output is padded only at its end: readers have to cope with padding anywhere, but none needs it in the middle of a frame.
pub(crate) struct WebText {
    frames: Frames,
    decoder: Decoder,
    encoder: Encoder,
    decoded: Vec<u8>,
}

impl WebText {
    pub(crate) fn new(frames: Frames) -> Self {
        Self {
            frames,
            decoder: Decoder::default(),
            encoder: Encoder::default(),
            decoded: Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, sink: &mut Sink<'_>, chunk: &[u8]) -> Result<(), RedactError> {
        for piece in chunk.chunks(PIECE) {
            for byte in piece {
                let taken = self.decoder.push(*byte, &mut self.decoded);
                if taken.is_err() {
                    self.scan(sink)?;
                    return Err(RedactError::Opaque);
                }
                if self.decoder.is_aligned() && self.may_end_frame() {
                    self.scan(sink)?;
                    if self.frames.is_between() {
                        self.pad(sink);
                    }
                }
            }
            self.scan(sink)?;
        }
        Ok(())
    }

    /// The stream ends here.
    pub(crate) fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        let finished = self.decoder.finish(&mut self.decoded);
        finished.map_err(|_| RedactError::Opaque)?;
        self.scan(sink)?;
        let start = sink.out.len();
        let ended = self.frames.end(sink);
        self.encoder.encode(sink.out, start);
        self.pad(sink);
        ended
    }

    /// Bytes kept beside the scanner.
    pub(crate) fn held(&self) -> usize {
        let begun = usize::from(!self.decoder.is_aligned());
        self.frames.held() + self.encoder.held() + begun
    }

    /// Whether the frame being read may end with what was decoded; it may have been scanned before its padding was seen.
    fn may_end_frame(&self) -> bool {
        let decoded = self.decoded.len() as u64;
        decoded >= self.frames.left() || (decoded == 0 && self.frames.is_between())
    }

    /// Scans what was decoded, and encodes what comes out.
    fn scan(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        let start = sink.out.len();
        let written = self.frames.write(sink, &self.decoded);
        self.decoded.clear();
        self.encoder.encode(sink.out, start);
        written
    }

    fn pad(&mut self, sink: &mut Sink<'_>) {
        self.encoder.finish(true, sink.out);
    }
}
