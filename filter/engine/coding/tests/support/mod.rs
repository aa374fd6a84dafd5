//! The encoders of real servers, and samples to encode.
#![allow(
    clippy::allow_attributes,
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "code of tests, of which each test uses a part"
)]

use std::io::Write;

use proptest::prelude::*;
use veilgate_coding::{Budget, Coding, DecodeError, Decoder, Limits};

pub(crate) const CODINGS: [Coding; 4] =
    [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

/// One way in which a server encodes.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub coding: Coding,
    pub level: i32,
    /// `deflate` without zlib's wrapping; `br` and `zstd` with a large window.
    pub other: bool,
    /// Flushed every so many bytes.
    pub flush: Option<usize>,
}

pub(crate) fn variants() -> Vec<Variant> {
    let levels = |coding, levels: &[i32]| -> Vec<Variant> {
        let mut variants = Vec::new();
        for level in levels {
            for other in [false, true] {
                for flush in [None, Some(100)] {
                    let level = *level;
                    variants.push(Variant {
                        coding,
                        level,
                        other,
                        flush,
                    });
                }
            }
        }
        variants
    };
    let mut all = levels(Coding::Gzip, &[0, 1, 6, 9]);
    all.extend(levels(Coding::Deflate, &[0, 1, 6, 9]));
    all.extend(levels(Coding::Brotli, &[0, 1, 4, 9]));
    all.extend(levels(Coding::Zstd, &[-5, 1, 3, 7, 12, 19]));
    all
}

impl Variant {
    pub(crate) fn encode(&self, text: &[u8]) -> Vec<u8> {
        match self.coding {
            Coding::Gzip => {
                let level = flate2::Compression::new(self.level as u32);
                self.write(
                    flate2::write::GzEncoder::new(Vec::new(), level),
                    text,
                    |e| e.finish().unwrap(),
                )
            }
            Coding::Deflate if self.other => {
                let level = flate2::Compression::new(self.level as u32);
                self.write(
                    flate2::write::DeflateEncoder::new(Vec::new(), level),
                    text,
                    |e| e.finish().unwrap(),
                )
            }
            Coding::Deflate => {
                let level = flate2::Compression::new(self.level as u32);
                self.write(
                    flate2::write::ZlibEncoder::new(Vec::new(), level),
                    text,
                    |e| e.finish().unwrap(),
                )
            }
            Coding::Brotli => {
                let window = if self.other { 24 } else { 16 };
                let encoder =
                    brotli::CompressorWriter::new(Vec::new(), 4096, self.level as u32, window);
                self.write(encoder, text, |e| e.into_inner())
            }
            Coding::Zstd => {
                let mut encoder = zstd::Encoder::new(Vec::new(), self.level).unwrap();
                encoder.include_checksum(!self.other).unwrap();
                if self.other {
                    encoder.window_log(10).unwrap();
                }
                if self.flush.is_none() {
                    encoder
                        .set_pledged_src_size(Some(text.len() as u64))
                        .unwrap();
                }
                self.write(encoder, text, |e| e.finish().unwrap())
            }
        }
    }

    fn write<W: Write>(
        &self,
        mut encoder: W,
        text: &[u8],
        finish: impl FnOnce(W) -> Vec<u8>,
    ) -> Vec<u8> {
        match self.flush {
            None => encoder.write_all(text).unwrap(),
            Some(every) => {
                for piece in text.chunks(every.max(text.len() / 50)) {
                    encoder.write_all(piece).unwrap();
                    encoder.flush().unwrap();
                }
            }
        }
        finish(encoder)
    }
}

/// Encodes as most servers would.
pub(crate) fn encode(coding: Coding, text: &[u8]) -> Vec<u8> {
    let level = match coding {
        Coding::Gzip | Coding::Deflate => 6,
        Coding::Brotli => 5,
        Coding::Zstd => 3,
    };
    Variant {
        coding,
        level,
        other: false,
        flush: None,
    }
    .encode(text)
}

pub(crate) fn decode(codings: &[Coding], encoded: &[u8]) -> Result<Vec<u8>, DecodeError> {
    decode_pieces(codings, [encoded])
}

pub(crate) fn decode_pieces<'p>(
    codings: &[Coding],
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Result<Vec<u8>, DecodeError> {
    let limits = Limits {
        ratio: 10_000,
        ..Limits::default()
    };
    decode_within(limits, &Budget::new(64 << 20), codings, pieces)
}

pub(crate) fn decode_within<'p>(
    limits: Limits,
    budget: &Budget,
    codings: &[Coding],
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = Decoder::new(codings, limits, budget)?;
    let mut out = Vec::new();
    for piece in pieces {
        decoder.write(piece, &mut |decoded: &[u8]| {
            out.extend_from_slice(decoded);
            Ok::<(), DecodeError>(())
        })?;
    }
    assert_eq!(decoder.end().is_ok(), decoder.may_end());
    decoder.end()?;
    Ok(out)
}

pub(crate) fn cut<'b>(bytes: &'b [u8], cuts: &[prop::sample::Index]) -> Vec<&'b [u8]> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces.push(&bytes[from..]);
    pieces
}

/// Text of some regularity, the way bodies have it.
pub(crate) fn text() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just(b"the ".to_vec()),
        Just(b"\"name\": ".to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
        (any::<u8>(), 0_usize..400).prop_map(|(byte, count)| vec![byte; count]),
    ];
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

/// Bodies of several sorts and sizes.
pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let noise: Vec<u8> = (0..200_000).map(|_| random() as u8).collect();
    let json: Vec<u8> = (0..6000)
        .flat_map(|index| {
            format!(
                "{{\"id\":{index},\"name\":\"user-{}\",\"score\":{}}},\n",
                random() % 997,
                random() % 100_000
            )
            .into_bytes()
        })
        .collect();
    let skewed: Vec<u8> = (0..300_000)
        .map(|_| b"aaaaaaabbbc d\n"[(random() % 14) as usize])
        .collect();
    let far: Vec<u8> = {
        let mut far = noise[..100_000].to_vec();
        far.extend(vec![b' '; 150_000]);
        far.extend(&noise[..100_000]);
        far.extend(json.iter().take(100_000));
        far
    };
    vec![
        ("empty", Vec::new()),
        ("one", b"x".to_vec()),
        ("zeros", vec![0; 400_000]),
        ("noise", noise),
        ("json", json),
        ("skewed", skewed),
        ("far", far),
    ]
}
