//! Encodes a body that has been looked at.

mod stored;

use self::stored::{Brotli, Zstd};
use crate::{
    coding::Coding,
    deflate::Deflate,
    error::DecodeError,
    limits::{Budget, Reserved},
};

/// A body on its way into its codings. Sans-I/O: bytes in, encoded bytes out.
///
/// `gzip` and `deflate` are compressed, cheaply. `br` and `zstd` are only wrapped: what comes out is valid and a little longer than what went in.
/// That is for a receiver that takes nothing else.
pub struct Encoder {
    /// In the order in which they are applied.
    layers: Vec<Layer>,
    scratch: Vec<u8>,
}

enum Layer {
    Gzip {
        deflate: Deflate,
        begun: bool,
        checksum: crc32fast::Hasher,
        length: u32,
        _reserved: Reserved,
    },
    Deflate {
        deflate: Deflate,
        begun: bool,
        checksum: adler2::Adler32,
        _reserved: Reserved,
    },
    Brotli(Brotli),
    Zstd(Zstd),
}

impl Encoder {
    /// Applies `codings` in this order.
    ///
    /// # Errors
    ///
    /// The budget does not allow for another encoder.
    pub fn new(codings: &[Coding], budget: &Budget) -> Result<Encoder, DecodeError> {
        let layers = codings
            .iter()
            .map(|coding| Layer::new(*coding, budget))
            .collect::<Result<_, _>>()?;
        Ok(Encoder {
            layers,
            scratch: Vec::new(),
        })
    }

    /// Encodes the next bytes. Some of what they become may wait until [`Encoder::flush`] or [`Encoder::end`].
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.pass(Act::Write, bytes, out);
    }

    /// Lets the receiver decode everything that was written.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        self.pass(Act::Flush, b"", out);
    }

    /// Ends the body. Nothing may be written after that.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.pass(Act::End, b"", out);
    }

    fn pass(&mut self, act: Act, bytes: &[u8], out: &mut Vec<u8>) {
        let Some((last, before)) = self.layers.split_last_mut() else {
            out.extend_from_slice(bytes);
            return;
        };
        if before.is_empty() {
            last.pass(act, bytes, out);
            return;
        }
        let mut input = std::mem::take(&mut self.scratch);
        input.clear();
        input.extend_from_slice(bytes);
        for layer in before {
            let mut output = Vec::new();
            layer.pass(act, &input, &mut output);
            input = output;
        }
        last.pass(act, &input, out);
        self.scratch = input;
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Write,
    Flush,
    End,
}

impl Layer {
    fn new(coding: Coding, budget: &Budget) -> Result<Layer, DecodeError> {
        Ok(match coding {
            Coding::Gzip => Layer::Gzip {
                deflate: Deflate::new(),
                begun: false,
                checksum: crc32fast::Hasher::new(),
                length: 0,
                _reserved: budget.reserve(Deflate::MEMORY)?,
            },
            Coding::Deflate => Layer::Deflate {
                deflate: Deflate::new(),
                begun: false,
                checksum: adler2::Adler32::new(),
                _reserved: budget.reserve(Deflate::MEMORY)?,
            },
            Coding::Brotli => Layer::Brotli(Brotli::default()),
            Coding::Zstd => Layer::Zstd(Zstd::default()),
        })
    }

    fn pass(&mut self, act: Act, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Layer::Gzip {
                deflate,
                begun,
                checksum,
                length,
                ..
            } => {
                if !std::mem::replace(begun, true) {
                    // No time, no name, no particular system.
                    out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
                }
                checksum.update(bytes);
                #[expect(clippy::cast_possible_truncation, reason = "gzip counts modulo 2^32")]
                let count = bytes.len() as u32;
                *length = length.wrapping_add(count);
                compress(deflate, act, bytes, out);
                if act == Act::End {
                    out.extend_from_slice(&checksum.clone().finalize().to_le_bytes());
                    out.extend_from_slice(&length.to_le_bytes());
                }
            }
            Layer::Deflate {
                deflate,
                begun,
                checksum,
                ..
            } => {
                if !std::mem::replace(begun, true) {
                    out.extend_from_slice(&[0x78, 0x01]);
                }
                checksum.write_slice(bytes);
                compress(deflate, act, bytes, out);
                if act == Act::End {
                    out.extend_from_slice(&checksum.checksum().to_be_bytes());
                }
            }
            Layer::Brotli(brotli) => {
                brotli.write(bytes, out);
                if act == Act::End {
                    brotli.end(out);
                }
            }
            Layer::Zstd(zstd) => {
                zstd.write(bytes, out);
                if act == Act::End {
                    zstd.end(out);
                }
            }
        }
    }
}

/// In a stack the outer layers are written to by what ends the inner ones, so bytes come with every act.
fn compress(deflate: &mut Deflate, act: Act, bytes: &[u8], out: &mut Vec<u8>) {
    deflate.write(bytes, out);
    match act {
        Act::Write => {}
        Act::Flush => deflate.flush(out),
        Act::End => deflate.end(out),
    }
}
