//! Content codings, by the libraries that servers and clients have.

use std::io::{Read, Write};

use anyhow::{Context as _, bail};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::wire::Step;

/// Encodes the data of a body, in `codings` one after the other. Every piece is flushed, so that it can be decoded as soon as it arrives.
pub(crate) fn encode_steps(
    codings: &[String],
    steps: impl IntoIterator<Item = Step>,
) -> std::io::Result<Vec<Step>> {
    if codings.is_empty() {
        return Ok(steps.into_iter().collect());
    }
    let mut encoders = codings
        .iter()
        .map(|coding| encoder(coding))
        .collect::<std::io::Result<Vec<_>>>()?;
    let mut encoded = Vec::new();
    for step in steps {
        let (data, times) = match step {
            Step::Data(data) => (data, 1),
            Step::Repeat(data, times) => (data, times),
            other => {
                encoded.push(other);
                continue;
            }
        };
        for _ in 0..times {
            let mut piece = data.clone();
            for encoder in &mut encoders {
                piece = encoder.piece(&piece)?;
            }
            encoded.push(Step::Data(piece));
        }
    }
    let mut last = Vec::new();
    for mut encoder in encoders {
        let mut piece = encoder.piece(&last)?;
        piece.extend(encoder.finish()?);
        last = piece;
    }
    encoded.push(Step::Data(last));
    Ok(encoded)
}

/// Decodes a body that went through the codings of a `content-encoding`.
pub(crate) fn decode(codings: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut body = body.to_vec();
    for coding in codings.rsplit(',').map(str::trim) {
        let mut decoded = Vec::new();
        let mut decoder: Box<dyn Read + '_> = match coding {
            "gzip" => Box::new(flate2::read::MultiGzDecoder::new(body.as_slice())),
            "deflate" => Box::new(flate2::read::ZlibDecoder::new(body.as_slice())),
            "br" => Box::new(brotli::Decompressor::new(body.as_slice(), 4096)),
            "zstd" => Box::new(zstd::Decoder::new(body.as_slice())?),
            other => bail!("`{other}` is not a coding that is known here"),
        };
        decoder
            .read_to_end(&mut decoded)
            .with_context(|| format!("the body is not valid {coding}"))?;
        drop(decoder);
        body = decoded;
    }
    Ok(body)
}

/// As much of a gzip body as has arrived; nothing of any other.
pub(crate) fn gunzip_prefix(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let _the_rest_is_still_to_come = flate2::read::GzDecoder::new(body).read_to_end(&mut text);
    text
}

trait Encoder {
    /// Encodes a piece and flushes it.
    fn piece(&mut self, data: &[u8]) -> std::io::Result<Vec<u8>>;
    /// What ends the body.
    fn finish(self: Box<Self>) -> std::io::Result<Vec<u8>>;
}

fn encoder(coding: &str) -> std::io::Result<Box<dyn Encoder>> {
    let level = Compression::default();
    Ok(match coding {
        "gzip" => Box::new(GzEncoder::new(Vec::new(), level)),
        "deflate" => Box::new(ZlibEncoder::new(Vec::new(), level)),
        "br" => Box::new(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 18)),
        "zstd" => Box::new(zstd::Encoder::new(Vec::new(), 3)?),
        other => {
            let unknown = format!("`{other}` is not a coding that is known here");
            return Err(std::io::Error::other(unknown));
        }
    })
}

macro_rules! encoder {
    ($type:ty, $encoder:ident => $finish:expr) => {
        impl Encoder for $type {
            fn piece(&mut self, data: &[u8]) -> std::io::Result<Vec<u8>> {
                self.write_all(data)?;
                self.flush()?;
                Ok(std::mem::take(self.get_mut()))
            }

            fn finish(self: Box<Self>) -> std::io::Result<Vec<u8>> {
                let $encoder = *self;
                $finish
            }
        }
    };
}

encoder!(GzEncoder<Vec<u8>>, encoder => encoder.finish());
encoder!(ZlibEncoder<Vec<u8>>, encoder => encoder.finish());
encoder!(brotli::CompressorWriter<Vec<u8>>, encoder => Ok(encoder.into_inner()));
encoder!(zstd::Encoder<'static, Vec<u8>>, encoder => encoder.finish());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_body_can_be_read_up_to_every_piece() {
        let steps = encode_steps(
            &["gzip".to_owned()],
            [Step::Data(b"one".to_vec()), Step::Data(b"two".to_vec())],
        )
        .unwrap();
        let Some(Step::Data(first)) = steps.first() else {
            panic!("{steps:?}")
        };
        assert_eq!(gunzip_prefix(first), b"one");
    }

    #[test]
    fn every_stack_is_taken_apart_again() {
        let names = ["gzip", "deflate", "br", "zstd"];
        for first in names {
            for second in names {
                let codings = [first.to_owned(), second.to_owned()];
                let steps = [Step::Data(b"one".to_vec()), Step::Repeat(b"-".to_vec(), 3)];
                let steps = encode_steps(&codings, steps).unwrap();
                let body = steps.into_iter().flat_map(|step| match step {
                    Step::Data(data) => data,
                    other => panic!("{other:?}"),
                });
                let decoded = decode(&codings.join(", "), &body.collect::<Vec<_>>());
                assert_eq!(decoded.unwrap(), b"one---");
            }
        }
    }
}
