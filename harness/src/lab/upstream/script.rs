//! What an upstream answers.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::lab::wire::{Fields, Framing, Step};

use super::Seen;

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Informational responses before it; HTTP/1 only.
    pub interim: Vec<Interim>,
    /// The status code.
    pub status: u16,
    /// Header fields in order; framing headers are added by `framing`.
    pub headers: Fields,
    /// The body.
    pub body: Vec<Part>,
    /// How the end of an HTTP/1 body is marked.
    pub framing: Framing,
    /// Trailers: over HTTP/1 these need [`Framing::Chunked`].
    pub trailers: Fields,
    /// Compress the body; every [`Step::Data`] is flushed, so that it can be decoded as soon as it arrives.
    pub gzip: bool,
    /// Answer when the request's head has come, without waiting for its body.
    pub early: bool,
}

/// An informational response (1xx).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interim {
    /// The status code.
    pub status: u16,
    /// Header fields in order.
    pub headers: Fields,
}

/// A part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Known beforehand.
    Step(Step),
    /// Taken from the request.
    Echo(Echo),
}

/// What of a request is sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// The request line and header fields, one per line.
    Head,
    /// The body.
    Body,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            interim: Vec::new(),
            status: 200,
            headers: Fields::new(),
            body: Vec::new(),
            framing: Framing::Length,
            trailers: Fields::new(),
            gzip: false,
            early: false,
        }
    }
}

impl Reply {
    /// Status 200 with a whole body.
    pub fn text(content_type: &str, body: &str) -> Self {
        Self {
            headers: vec![(b"content-type".to_vec(), content_type.as_bytes().to_vec())],
            body: vec![Part::Step(Step::Data(body.as_bytes().to_vec()))],
            ..Self::default()
        }
    }

    /// The steps that answer `seen`.
    pub(super) fn steps(&self, seen: &Seen) -> std::io::Result<Vec<Step>> {
        let plain = self.body.iter().map(|part| match part {
            Part::Step(step) => step.clone(),
            Part::Echo(Echo::Body) => Step::Data(seen.body.clone()),
            Part::Echo(Echo::Head) => Step::Data(head_text(seen)),
        });
        if self.gzip {
            gzip(plain)
        } else {
            Ok(plain.collect())
        }
    }
}

fn head_text(seen: &Seen) -> Vec<u8> {
    let mut text = [&seen.method, b" ".as_slice(), &seen.target, b"\n"].concat();
    for (name, value) in &seen.headers {
        text.extend_from_slice(&[name, b": ".as_slice(), value, b"\n"].concat());
    }
    text
}

fn gzip(steps: impl Iterator<Item = Step>) -> std::io::Result<Vec<Step>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
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
            encoder.write_all(&data)?;
            encoder.flush()?;
            encoded.push(Step::Data(std::mem::take(encoder.get_mut())));
        }
    }
    encoded.push(Step::Data(encoder.finish()?));
    Ok(encoded)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_compressed_body_can_be_read_up_to_every_flush() {
        let steps =
            gzip([Step::Data(b"one".to_vec()), Step::Data(b"two".to_vec())].into_iter()).unwrap();
        let Step::Data(first) = &steps[0] else {
            panic!("{steps:?}")
        };
        let mut decoder = flate2::read::GzDecoder::new(first.as_slice());
        let mut text = [0; 3];
        decoder.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"one");
    }
}
