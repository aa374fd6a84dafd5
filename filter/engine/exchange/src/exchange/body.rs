//! The beginning of a body that is to be inspected: what it has to be taken out of.

use veilgate_redact::Framing;

use super::{
    Exchange,
    messages::{self, Messages},
    recoding::{self, Recoding, Stop},
    stream::Stream,
};
use crate::{
    config::Encoded,
    step::{Direction, Headers},
};

impl Exchange {
    /// Begins a body that is to be inspected; tells whether its headers had to be corrected.
    pub(super) fn begin(
        &mut self,
        direction: Direction,
        framing: Framing,
        headers: &mut Headers,
    ) -> Result<(Stream, bool), &'static str> {
        let recoding = self.recode(direction, headers)?;
        let recoded = recoding.is_some();
        let messages = self.unpack(direction, &framing, headers);
        let stream = Stream::new(&self.engine, framing, recoding, messages);
        Ok((stream, recoded))
    }

    /// Readies the coding of single messages, in a body of messages that has one.
    fn unpack(
        &mut self,
        direction: Direction,
        framing: &Framing,
        headers: &Headers,
    ) -> Option<Messages> {
        let engine = &self.engine;
        let decodes = matches!(
            engine.redaction.encoded,
            Encoded::Decode | Encoded::DecodeOrPass
        );
        let frames = matches!(framing, Framing::Grpc { .. } | Framing::Connect { .. });
        let coding = messages::coding(headers).filter(|_| decodes && frames)?;
        self.ledger.decoded(direction, coding.name());
        Some(Messages::new(engine, coding))
    }

    /// Readies the codings of a body that is encoded, and corrects its headers.
    fn recode(
        &mut self,
        direction: Direction,
        headers: &mut Headers,
    ) -> Result<Option<Recoding>, &'static str> {
        let codings = recoding::codings(headers).unwrap_or_default();
        if codings.is_empty() {
            return Ok(None);
        }
        for coding in &codings {
            self.ledger.decoded(direction, coding.name());
        }
        let engine = &self.engine;
        match direction {
            Direction::Request => Recoding::request(engine, &codings, headers),
            Direction::Response => {
                Recoding::response(engine, &codings, self.gate.headers(), headers)
            }
        }
        .map(Some)
        .map_err(|Stop(reason)| reason)
    }
}
