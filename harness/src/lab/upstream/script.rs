//! What an upstream answers.

use crate::lab::coding::encode_steps;
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
    /// Content codings of the body, in the order in which they are applied; every [`Step::Data`] is flushed, so that it can be decoded as soon as it
    /// arrives.
    pub encode: Vec<String>,
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
            encode: Vec::new(),
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
        encode_steps(&self.encode, plain)
    }
}

fn head_text(seen: &Seen) -> Vec<u8> {
    let mut text = [&seen.method, b" ".as_slice(), &seen.target, b"\n"].concat();
    for (name, value) in &seen.headers {
        text.extend_from_slice(&[name, b": ".as_slice(), value, b"\n"].concat());
    }
    text
}
