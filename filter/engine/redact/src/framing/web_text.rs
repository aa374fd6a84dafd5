//! gRPC-Web as text: frames in base64, in one run or in several that are padded each.

use crate::RedactError;
use crate::base64::{Decoder, Encoder};

use super::{Frames, Sink};

/// Digits that are decoded before what came of them is encoded again: bounds the buffers.
const PIECE: usize = 1024;

/// Where in the text we are.
///
/// A frame that the sender let end with its digits ends with its digits here too, padded if need be, so that the reader has it at once. Elsewhere the
/// output is padded only at its end: readers have to cope with padding anywhere, but none needs it in the middle of a frame.
pub(crate) struct WebText {
    frames: Frames,
    decoder: Decoder,
    encoder: Encoder,
    decoded: Vec<u8>,
    scanned: Vec<u8>,
}

impl WebText {
    pub(crate) fn new(frames: Frames) -> Self {
        Self {
            frames,
            decoder: Decoder::default(),
            encoder: Encoder::default(),
            decoded: Vec::new(),
            scanned: Vec::new(),
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
        let ended = self.frames.end(&mut sink.aside(&mut self.scanned));
        self.encode(sink);
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
        let frames = &mut self.frames;
        let written = frames.write(&mut sink.aside(&mut self.scanned), &self.decoded);
        self.decoded.clear();
        self.encode(sink);
        written
    }

    fn encode(&mut self, sink: &mut Sink<'_>) {
        self.encoder
            .push(&self.scanned, |digit| sink.out.push(digit));
        self.scanned.clear();
    }

    fn pad(&mut self, sink: &mut Sink<'_>) {
        self.encoder.finish(true, |digit| sink.out.push(digit));
    }
}
