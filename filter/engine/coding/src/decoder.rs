//! Decodes a body, whatever codings it went through.

use crate::{
    coding::Coding,
    error::DecodeError,
    inflate::{Gzip, Zlib},
    limits::{Budget, Limits},
    stage::{Stage, Step},
};

/// A body on its way out of its codings. Sans-I/O: bytes in, decoded pieces out.
///
/// Memory: see the crate's documentation. Output is never collected: each piece (at most 128 KiB) is handed on before the next is made.
pub struct Decoder {
    /// The coding that was applied last comes first.
    layers: Vec<Layer>,
    meter: Meter,
    stopped: bool,
}

impl Decoder {
    /// For a body to which `codings` were applied in this order.
    ///
    /// # Errors
    ///
    /// The budget does not allow for another decoder.
    pub fn new(
        codings: &[Coding],
        limits: Limits,
        budget: &Budget,
    ) -> Result<Decoder, DecodeError> {
        let layers = codings
            .iter()
            .rev()
            .map(|coding| Layer::new(*coding, limits, budget))
            .collect::<Result<_, _>>()?;
        Ok(Decoder {
            layers,
            meter: Meter { limits, encoded: 0 },
            stopped: false,
        })
    }

    /// Takes the next bytes of the body, cut anywhere, and hands on what they decode to.
    ///
    /// Time is linear in what comes in and goes out, and what goes out is bounded by [`Limits`].
    ///
    /// # Errors
    ///
    /// The body is not valid, or becomes too large; or what the sink says, which ends the body as well. After an error every call gives one.
    pub fn write<E: From<DecodeError>>(
        &mut self,
        input: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.stopped {
            return Err(DecodeError::Stopped.into());
        }
        let passed = match self.layers.split_first_mut() {
            None => sink(input),
            Some((outermost, inner)) => outermost.drive(inner, &mut self.meter, true, input, sink),
        };
        self.stopped = passed.is_err();
        passed
    }

    /// Ends the body. Everything it decodes to has been handed on by then.
    ///
    /// # Errors
    ///
    /// The body is not complete. One without a single byte is, whatever its codings.
    pub fn end(&mut self) -> Result<(), DecodeError> {
        if self.stopped {
            return Err(DecodeError::Stopped);
        }
        match self.layers.iter().find(|layer| !layer.stage.may_end()) {
            Some(layer) => Err(DecodeError::Truncated(layer.coding)),
            None => Ok(()),
        }
    }

    /// Whether the body is complete as it is, so that [`Decoder::end`] would be no error.
    pub fn may_end(&self) -> bool {
        !self.stopped && self.layers.iter().all(|layer| layer.stage.may_end())
    }
}

struct Meter {
    limits: Limits,
    /// Bytes of the body taken so far.
    encoded: u64,
}

struct Layer {
    coding: Coding,
    stage: Box<dyn Stage>,
    decoded: u64,
}

impl Layer {
    fn new(coding: Coding, limits: Limits, budget: &Budget) -> Result<Layer, DecodeError> {
        let stage: Box<dyn Stage> = match coding {
            Coding::Gzip => Box::new(Gzip::new(budget)?),
            Coding::Deflate => Box::new(Zlib::new(budget)?),
            #[cfg(feature = "brotli")]
            Coding::Brotli => Box::new(crate::brotli::Brotli::new(limits.window, budget)?),
            #[cfg(feature = "zstd")]
            Coding::Zstd => Box::new(crate::zstd::Zstd::new(limits.window, budget)),
            // `Coding::named` knows only what is built in; this is for a caller that names one all the same.
            #[cfg(not(all(feature = "brotli", feature = "zstd")))]
            other => return Err(DecodeError::Corrupt(other)),
        };
        #[cfg(not(any(feature = "brotli", feature = "zstd")))]
        let _no_window = limits;
        Ok(Layer {
            coding,
            stage,
            decoded: 0,
        })
    }

    /// Decodes `input` and drives what comes out through the layers within.
    fn drive<E: From<DecodeError>>(
        &mut self,
        inner: &mut [Layer],
        meter: &mut Meter,
        outermost: bool,
        mut input: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut inner = inner.split_first_mut();
        loop {
            let before = input.len();
            let step = self.stage.step(&mut input)?;
            if outermost {
                let taken = before.saturating_sub(input.len());
                meter.encoded = meter.encoded.saturating_add(taken as u64);
            }
            if step == Step::NeedsInput {
                return Ok(());
            }
            let piece = self.stage.piece();
            if piece.is_empty() {
                continue;
            }
            self.decoded = self.decoded.saturating_add(piece.len() as u64);
            meter.limits.check(meter.encoded, self.decoded)?;
            match &mut inner {
                None => sink(piece)?,
                Some((next, rest)) => next.drive(rest, meter, false, piece, sink)?,
            }
        }
    }
}
