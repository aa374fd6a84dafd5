//! Messages that are compressed one by one, inside a body that is not: gRPC, gRPC-Web and Connect.
//!
//! A message is preceded by its length, and how long a compressed one becomes is known only once it has been decoded. So it is kept until it is complete,
//! and decoded twice: first to count, then to hand it on, uncompressed, which every receiver takes.

use veilgate_coding::{Budget, Coding, DecodeError, Decoder, Limits, Reserved};

use super::recoding::Stop;
use crate::{engine::Engine, headers, step::Headers};

/// Most bytes of a compressed message: what gRPC's implementations take unless they are told otherwise.
const MAX_MESSAGE: usize = 4 << 20;

/// The marks of a message: compressed, the last of a stream (Connect), trailers (gRPC-Web).
const COMPRESSED: u8 = 0x01;
const KNOWN: u8 = COMPRESSED | 0x02 | 0x80;

/// A body of messages, on its way to being one of uncompressed messages.
pub(crate) struct Messages {
    coding: Coding,
    limits: Limits,
    budget: Budget,
    state: State,
}

enum State {
    Head(Vec<u8>),
    Plain {
        left: usize,
    },
    Compressed {
        flags: u8,
        length: usize,
        message: Vec<u8>,
        reserved: Option<Reserved>,
    },
}

/// The coding of single messages, as the headers name it; None when they name none, or one that is not known here.
pub(crate) fn coding(headers: &Headers) -> Option<Coding> {
    ["grpc-encoding", "connect-content-encoding"]
        .iter()
        .find_map(|name| headers::first(headers, name))
        .and_then(|value| Coding::named(value.trim_ascii()))
}

impl Messages {
    pub(crate) fn new(engine: &Engine, coding: Coding) -> Messages {
        Messages {
            coding,
            limits: engine.decoding,
            budget: engine.budget.clone(),
            state: State::Head(Vec::new()),
        }
    }

    /// Bytes that the end of the body would hand on.
    pub(crate) fn held(&self) -> usize {
        match &self.state {
            State::Head(head) => head.len(),
            State::Plain { .. } | State::Compressed { .. } => 0,
        }
    }

    /// Takes the next bytes of the body and hands on what they come to.
    pub(crate) fn write(
        &mut self,
        mut bytes: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        while !bytes.is_empty() {
            match &mut self.state {
                State::Head(head) => {
                    head.extend_from_slice(take(&mut bytes, 5 - head.len().min(5)));
                    if let [flags, length @ ..] = head.as_slice()
                        && let Ok(length) = <[u8; 4]>::try_from(length)
                    {
                        let (flags, length) = (*flags, u32::from_be_bytes(length));
                        self.begin(flags, length, sink)?;
                    }
                }
                State::Plain { left } => {
                    let piece = take(&mut bytes, *left);
                    *left -= piece.len();
                    if *left == 0 {
                        self.state = State::Head(Vec::new());
                    }
                    sink(piece)?;
                }
                State::Compressed {
                    length,
                    message,
                    reserved,
                    ..
                } => {
                    let piece = take(&mut bytes, *length - message.len());
                    // What it had goes back before more is taken.
                    drop(reserved.take());
                    *reserved = Some(self.budget.reserve(message.len() + piece.len())?);
                    message.extend_from_slice(piece);
                    if message.len() == *length {
                        self.hand_on(sink)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends the body. The beginning of a head is handed on as it is; the beginning of a compressed message is an error.
    pub(crate) fn end(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        match &mut self.state {
            State::Head(head) if head.is_empty() => Ok(()),
            State::Head(head) => sink(&std::mem::take(head)),
            State::Plain { .. } => Ok(()),
            State::Compressed { .. } => Err(DecodeError::Truncated(self.coding).into()),
        }
    }

    fn begin(
        &mut self,
        flags: u8,
        length: u32,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let left = usize::try_from(length).unwrap_or(usize::MAX);
        // Marks that nobody knows are left to the redactor, and so is what is no message at all.
        if flags & COMPRESSED == 0 || flags & !KNOWN != 0 || length == 0 {
            let flags = if length == 0 {
                flags & !COMPRESSED
            } else {
                flags
            };
            self.state = match left {
                0 => State::Head(Vec::new()),
                left => State::Plain { left },
            };
            return sink(&head(flags, length));
        }
        if left > MAX_MESSAGE {
            return Err(DecodeError::Expands.into());
        }
        self.state = State::Compressed {
            flags,
            length: left,
            message: Vec::new(),
            reserved: None,
        };
        Ok(())
    }

    /// Hands on a message that is complete.
    fn hand_on(&mut self, sink: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        let state = std::mem::replace(&mut self.state, State::Head(Vec::new()));
        let State::Compressed { flags, message, .. } = &state else {
            return Ok(());
        };
        let mut length = 0_u64;
        self.decode(message, &mut |piece| {
            length += piece.len() as u64;
            Ok(())
        })?;
        let length = u32::try_from(length).map_err(|_| DecodeError::Expands)?;
        sink(&head(flags & !COMPRESSED, length))?;
        self.decode(message, sink)
    }

    fn decode(
        &self,
        message: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let mut decoder = Decoder::new(&[self.coding], self.limits, &self.budget)?;
        decoder.write(message, sink)?;
        Ok(decoder.end()?)
    }
}

fn head(flags: u8, length: u32) -> [u8; 5] {
    let [a, b, c, d] = length.to_be_bytes();
    [flags, a, b, c, d]
}

/// Takes up to `count` bytes off the front.
fn take<'b>(bytes: &mut &'b [u8], count: usize) -> &'b [u8] {
    let (taken, rest) = bytes.split_at_checked(count).unwrap_or((*bytes, &[]));
    *bytes = rest;
    taken
}
