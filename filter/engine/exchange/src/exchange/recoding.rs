//! A body taken out of its codings, inspected, and put into those that its receiver accepts.

use veilgate_coding::{Accepted, Coding, DecodeError, Decoder, Encoder};
use veilgate_redact::{Judge, RedactError};

use super::{inspector::Inspector, stream};
use crate::{config::Reencode, engine::Engine, headers, step::Headers};

/// The codings of one body, off and on again.
pub(crate) struct Recoding {
    decoder: Decoder,
    encoder: Encoder,
    /// Whether there was a byte. A body without one stays so, whatever its codings.
    begun: bool,
    ended: bool,
    compresses: bool,
}

/// Why a body does not go on: its stable name, also a metric label.
pub(crate) struct Stop(pub(crate) &'static str);

impl From<DecodeError> for Stop {
    fn from(error: DecodeError) -> Self {
        Stop(error.reason())
    }
}

impl From<RedactError> for Stop {
    fn from(error: RedactError) -> Self {
        Stop(stream::reason(&error))
    }
}

/// The codings of a body; None when one of them is not decoded here.
pub(crate) fn codings(headers: &Headers) -> Option<Vec<Coding>> {
    Coding::list(headers::all(headers, "content-encoding")).ok()
}

impl Recoding {
    /// For a response to a client that accepts what `request` says. Corrects the headers.
    pub(crate) fn response(
        engine: &Engine,
        codings: &[Coding],
        request: &Headers,
        headers: &mut Headers,
    ) -> Result<Recoding, Stop> {
        let accepted = Accepted::new(headers::all(request, "accept-encoding"));
        // What shadow mode makes is dropped.
        let identity = accepted.takes_identity() || !engine.enforces();
        let mut target = match (codings, engine.redaction.reencode) {
            _ if !engine.enforces() => vec![],
            (_, Reencode::Identity) if identity => vec![],
            ([Coding::Deflate], _) if accepted.takes(Coding::Deflate) => vec![Coding::Deflate],
            _ if accepted.takes(Coding::Gzip) => vec![Coding::Gzip],
            _ if identity => vec![],
            // It accepts what the upstream chose; in `br` and `zstd` it costs next to nothing.
            _ => codings.to_vec(),
        };
        let mut recoding = Recoding::new(engine, codings, &target);
        if recoding.is_err() && identity {
            target.clear();
            recoding = Recoding::new(engine, codings, &target);
        }
        announce(&target, codings, headers);
        recoding
    }

    /// For a request, whose receiver says nothing of what it accepts. Corrects the headers.
    pub(crate) fn request(
        engine: &Engine,
        codings: &[Coding],
        headers: &mut Headers,
    ) -> Result<Recoding, Stop> {
        let target = match engine.redaction.reencode {
            Reencode::Compressed => codings,
            Reencode::Identity => &[],
        };
        announce(target, codings, headers);
        Recoding::new(engine, codings, target)
    }

    fn new(engine: &Engine, from: &[Coding], to: &[Coding]) -> Result<Recoding, Stop> {
        Ok(Recoding {
            decoder: Decoder::new(from, engine.decoding, &engine.budget)?,
            encoder: Encoder::new(to, &engine.budget)?,
            begun: false,
            ended: false,
            compresses: to
                .iter()
                .any(|coding| matches!(coding, Coding::Gzip | Coding::Deflate)),
        })
    }

    /// Whether it may become many times as long.
    pub(crate) fn expands(&self) -> bool {
        !self.compresses
    }

    /// Whether the end of the body would add something. In the middle of a coding it would be an error, which adds nothing.
    pub(crate) fn is_waiting(&self) -> bool {
        self.begun && !self.ended && self.decoder.may_end()
    }

    /// Appends to `out` what may go on of `chunk`, and with `end` everything that was held. What is appended can be decoded by the receiver at once.
    pub(crate) fn pass(
        &mut self,
        chunk: &[u8],
        end: bool,
        inspector: &mut Inspector,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let Recoding {
            decoder, encoder, ..
        } = self;
        self.begun |= !chunk.is_empty();
        let mut passed = 0;
        let mut plain = Vec::new();
        decoder.write(chunk, &mut |piece: &[u8]| {
            plain.clear();
            inspector.write(piece, judge, &mut plain)?;
            if !plain.is_empty() {
                encoder.write(&plain, out);
                passed += plain.len();
            }
            Ok::<(), Stop>(())
        })?;
        if end {
            decoder.end()?;
            self.ended = true;
            plain.clear();
            inspector.end(judge, &mut plain)?;
            if self.begun {
                encoder.write(&plain, out);
                encoder.end(out);
            }
        } else if passed > 0 {
            encoder.flush(out);
        }
        Ok(())
    }
}

/// Says in the headers that the body is in `target`, unless they say so already.
fn announce(target: &[Coding], codings: &[Coding], headers: &mut Headers) {
    if target == codings {
        return;
    }
    headers::remove(headers, &["content-encoding"]);
    let names: Vec<&str> = target.iter().map(|coding| coding.name()).collect();
    if !names.is_empty() {
        headers.push((b"content-encoding".to_vec(), names.join(", ").into_bytes()));
    }
}
