//! A response decompressor in front of the filter, with the habits of Envoy's.
//!
//! The habit that matters: a response it decompresses always ends with trailers (its byte counts), so a filter never sees the end in a body callback.

use std::io::Write;

use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};

use crate::vm::Headers;

/// Bytes one decompressed response may expand to, per compressed byte; beyond, Envoy cuts the body silently.
const RATIO: u64 = 100;

/// Decompresses one response body.
pub(super) struct Decompressor {
    decoder: Decoder,
    name: &'static str,
    compressed: u64,
    plain: u64,
    broken: bool,
}

enum Decoder {
    Gzip(Box<GzDecoder<Vec<u8>>>),
    Zlib(Box<ZlibDecoder<Vec<u8>>>),
    Raw(Box<DeflateDecoder<Vec<u8>>>),
    Undecided,
}

impl Decompressor {
    /// Takes the outermost encoding off the headers, or `None` where Envoy would leave the response alone.
    pub(super) fn start(headers: &mut Headers, encodings: &[String]) -> Option<Decompressor> {
        if headers
            .text(b"cache-control")
            .to_ascii_lowercase()
            .contains("no-transform")
        {
            return None;
        }
        let declared = headers.text(b"content-encoding").to_owned();
        let (first, rest) = declared
            .split_once(',')
            .map_or((declared.trim(), ""), |(first, rest)| {
                (first.trim(), rest.trim())
            });
        let (decoder, name) = match first.to_ascii_lowercase().as_str() {
            "gzip" => (Decoder::Gzip(Box::new(GzDecoder::new(Vec::new()))), "gzip"),
            "deflate" => (Decoder::Undecided, "deflate"),
            _ => return None,
        };
        if !encodings.iter().any(|encoding| encoding == name) {
            return None;
        }
        headers.remove(b"content-encoding");
        if !rest.is_empty() {
            headers.push(b"content-encoding", rest.as_bytes());
        }
        headers.remove(b"content-length");
        Some(Decompressor {
            decoder,
            name,
            compressed: 0,
            plain: 0,
            broken: false,
        })
    }

    /// Decompresses a chunk. Input that is not what the header said yields nothing, as in Envoy.
    pub(super) fn write(&mut self, chunk: &[u8]) -> Vec<u8> {
        self.compressed += chunk.len() as u64;
        if matches!(self.decoder, Decoder::Undecided)
            && let Some(first) = chunk.first()
        {
            // Both the zlib wrapper and bare deflate go by this name.
            self.decoder = if first & 0x0f == 8 {
                Decoder::Zlib(Box::new(ZlibDecoder::new(Vec::new())))
            } else {
                Decoder::Raw(Box::new(DeflateDecoder::new(Vec::new())))
            };
        }
        if self.broken {
            return Vec::new();
        }
        let (failed, out) = match &mut self.decoder {
            Decoder::Gzip(decoder) => (
                decoder
                    .write_all(chunk)
                    .and_then(|()| decoder.flush())
                    .is_err(),
                std::mem::take(decoder.get_mut()),
            ),
            Decoder::Zlib(decoder) => (
                decoder
                    .write_all(chunk)
                    .and_then(|()| decoder.flush())
                    .is_err(),
                std::mem::take(decoder.get_mut()),
            ),
            Decoder::Raw(decoder) => (
                decoder
                    .write_all(chunk)
                    .and_then(|()| decoder.flush())
                    .is_err(),
                std::mem::take(decoder.get_mut()),
            ),
            Decoder::Undecided => (false, Vec::new()),
        };
        self.plain += out.len() as u64;
        self.broken = failed || self.plain > self.compressed.saturating_mul(RATIO);
        out
    }

    /// Adds the byte counts to the trailers.
    pub(super) fn report(&self, trailers: &mut Headers) {
        trailers.push(
            format!("x-envoy-decompressor-{}-compressed-bytes", self.name).as_bytes(),
            self.compressed.to_string().as_bytes(),
        );
        trailers.push(
            format!("x-envoy-decompressor-{}-uncompressed-bytes", self.name).as_bytes(),
            self.plain.to_string().as_bytes(),
        );
    }
}
