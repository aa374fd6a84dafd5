//! Rewriting a body while it streams, with a tail held back until it cannot become part of a match any more.
//!
//! Why not simply keep the tail here and return `Continue`: when a message ends by trailers, no body callback says so,
//! and by the time the trailers arrive the host has closed the buffer. The tail would be lost. Behind a decompressor
//! every response ends like that. Why not pause until the end: behind a decompressor a paused response is never woken.
//!
//! So, while a tail is held, the body callback pauses. The host then keeps what was already rewritten, shows it again
//! with the next chunk, and keeps the buffer writable for the trailers callback. What the host keeps is released one
//! turn of the event loop later by a message the filter posts to itself, so nothing waits for the peer.
//!
//! None of this is needed when the length is known: the end is where the count says, whatever follows it. Such a body
//! never pauses, so it never counts against the host's buffer limit either.
//!
//! Some hosts have no queue to post to. There the tail is kept here after all: no body is paused, and one that turns out to
//! end by trailers while a tail is held is cut off.
//!
//! Three states follow from the two flags:
//!
//! | `paused` | `posted` | the host |
//! |---|---|---|
//! | no | no | passes on what a callback leaves in the buffer |
//! | yes | yes | keeps `released` bytes that are rewritten already; they come first in the next callback |
//! | yes | no | has passed those on, but believes itself not paused: returning `Continue` now would strand the chunk |

use crate::{
    abi::{Action, Direction, HostError},
    host,
    piecewise::Piecewise,
};

/// What rewrites a body: bytes in, bytes out, a tail kept back in between.
pub trait Rewrite {
    /// Why a body must not go on.
    type Refusal;

    /// Takes the next bytes and appends what can go on to `out`.
    fn write(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Self::Refusal>;
    /// Appends what was still held; the body is complete.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Self::Refusal>;
    /// How much was taken and not given back yet; 0 means `end` would append nothing.
    fn held(&self) -> usize;
    /// Whether what is given back may be many times as long as what was taken.
    fn expands(&self) -> bool;
}

/// Why a stream has to be cut off.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cut<R> {
    /// The rewriter refused.
    #[error("the body was refused")]
    Refused(R),
    /// The host did not do what the algorithm needs.
    #[error("host call failed: {0}")]
    Host(#[from] HostError),
    /// Bytes came after the host had said that the peer is done, so a tail has gone out that was not final.
    #[error("the body went on after its end")]
    AfterEnd,
    /// Something is still held, and there is no buffer to put it in.
    #[error("a held tail could not be delivered")]
    Stranded,
}

/// The state of one direction of one stream.
#[derive(Debug)]
pub struct HoldBack {
    direction: Direction,
    /// The stream and direction as an item of `queue`.
    wake: [u8; 5],
    queue: Option<u32>,
    paused: bool,
    posted: bool,
    ended: bool,
    released: usize,
    /// Bytes that are still to come, when the message's headers told its length.
    left: Option<u64>,
}

impl HoldBack {
    /// For a stream that wakes itself through `queue`, which must belong to its own root context, where the host has queues.
    pub fn new(stream: u32, direction: Direction, queue: Option<u32>) -> HoldBack {
        let [a, b, c, d] = stream.to_le_bytes();
        let wake = [a, b, c, d, direction as u8];
        HoldBack {
            direction,
            wake,
            queue,
            paused: false,
            posted: false,
            ended: false,
            released: 0,
            left: None,
        }
    }

    /// Tells the length of the body, as its `content-length` gives it. A host that lets a body of another length through
    /// has it cut off.
    pub fn expect(&mut self, length: Option<u64>) {
        self.left = length;
    }

    /// A body callback: the buffer holds `size` bytes, and `end` tells whether they are the last.
    ///
    /// # Errors
    ///
    /// The body must not go on; the buffer is in no defined state and the caller empties it.
    pub fn on_body<R: Rewrite>(
        &mut self,
        size: usize,
        end: bool,
        rewriter: &mut R,
    ) -> Result<Action, Cut<R::Refusal>> {
        let released = if self.paused && self.posted {
            self.released.min(size)
        } else {
            0
        };
        let fresh = size - released;
        if self.ended && fresh > 0 {
            return Err(Cut::AfterEnd);
        }
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(fresh as u64).ok_or(Cut::AfterEnd)?;
        }
        let mut buffer = Piecewise::new(self.direction.body(), size, rewriter.expands());
        buffer.keep(released)?;
        while let Some((piece, out)) = buffer.next()? {
            if !piece.is_empty() {
                rewriter.write(piece, out).map_err(Cut::Refused)?;
            }
        }
        let last = end
            || match self.left {
                Some(left) => left == 0,
                // Asking the host costs a call, so only when the answer matters.
                None => rewriter.held() > 0 && self.peer_is_done(),
            };
        if last && !self.ended {
            self.ended = true;
            rewriter.end(buffer.out()).map_err(Cut::Refused)?;
        }
        let length = buffer.finish()?;

        let may_continue = match (self.paused, self.posted) {
            (false, _) => true,
            (true, false) => false,
            // A request decompressor adds its trailers while it passes on the last chunk. Continuing now would send
            // them along with what the host keeps, and the trailers callback would then send them again.
            (true, true) => end || self.direction == Direction::Response,
        };
        let waits_here = self.left.is_some() || self.queue.is_none();
        if may_continue && (last || waits_here || rewriter.held() == 0) {
            self.paused = false;
            self.posted = false;
            return Ok(Action::Continue);
        }
        self.paused = true;
        self.released = length;
        self.post()?;
        Ok(Action::Pause)
    }

    /// The trailers callback. Trailers end a body that no body callback has ended.
    ///
    /// # Errors
    ///
    /// As for [`HoldBack::on_body`].
    pub fn on_trailers<R: Rewrite>(&mut self, rewriter: &mut R) -> Result<Action, Cut<R::Refusal>> {
        let mut tail = Vec::new();
        if !self.ended {
            self.ended = true;
            rewriter.end(&mut tail).map_err(Cut::Refused)?;
        }
        if tail.is_empty() {
            // Whatever the host keeps goes out together with the trailers, now or when a posted message arrives.
            self.posted = false;
            return Ok(Action::Continue);
        }
        if !self.paused {
            return Err(Cut::Stranded);
        }
        host::set_body(self.direction.body(), APPEND, 0, &tail)?;
        if std::mem::take(&mut self.posted) {
            return Ok(Action::Continue);
        }
        self.post()?;
        Ok(Action::Pause)
    }

    /// The posted message arrived: tells whether the host is to pass on what it keeps. A message of an earlier post,
    /// whose work was done by a callback since, finds nothing to do.
    pub fn on_wake(&mut self) -> bool {
        self.released = 0;
        std::mem::take(&mut self.posted)
    }

    fn post(&mut self) -> Result<(), HostError> {
        if let (false, Some(queue)) = (self.posted, self.queue) {
            host::enqueue(queue, &self.wake)?;
            self.posted = true;
        }
        Ok(())
    }

    /// Whether the upstream has sent everything, so that this is the last body callback even if it does not say so.
    ///
    /// Requests need no such hint: their trailers are always delivered.
    fn peer_is_done(&self) -> bool {
        self.direction == Direction::Response
            && host::property(b"response\0backend_latency").is_ok()
    }
}

/// Reads an item of the queue back into the stream and direction it wakes.
pub fn parse_wake(item: &[u8]) -> Option<(u32, Direction)> {
    let (stream, direction) = item.split_first_chunk::<4>()?;
    let direction = match direction {
        [0] => Direction::Request,
        [1] => Direction::Response,
        _ => return None,
    };
    Some((u32::from_le_bytes(*stream), direction))
}

/// A start beyond the end of any buffer.
pub(crate) const APPEND: usize = usize::MAX >> 1;

#[cfg(test)]
mod tests;
