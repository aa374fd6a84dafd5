//! HTTP messages as data, and how they are put on a connection and taken off it.
//!
//! Why not hyper: a test of a proxy must send what no library would (bodies cut at a given byte, duplicate and non-UTF-8 headers, a connection
//! that breaks in the middle) and must see what a library hides (which bytes came when, how a body was framed, how it ended). HTTP/1 is
//! therefore written and read here byte by byte; HTTP/2 frames are the `h2` crate's, one DATA frame for each step.

pub(crate) mod h1;
pub(crate) mod h2;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::coding::gunzip_prefix;

/// Header fields in wire order; names and values are bytes because HTTP does not promise UTF-8.
pub type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// One step of sending a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bytes sent by themselves: one write, one chunk under chunked framing, one DATA frame on HTTP/2.
    Data(Vec<u8>),
    /// The same bytes sent many times, each time by themselves. Keeps a script for a large body small.
    Repeat(Vec<u8>, u32),
    /// Let time pass.
    Wait(Duration),
    /// Send nothing more until the other side has received these bytes in its body, however they were cut, and also in `gzip`.
    ///
    /// This proves that a proxy does not withhold what it was given: one that does never gets the rest, and the exchange times out.
    Until(Vec<u8>),
    /// Break off: a TCP reset, or RST_STREAM on HTTP/2.
    Reset,
    /// End the connection without ending the message.
    Close,
}

/// How the end of an HTTP/1 body is marked. HTTP/2 has a mark of its own; there only `Length` makes a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// `content-length` with the true sum of all steps.
    #[default]
    Length,
    /// `transfer-encoding: chunked`, the only one that can carry trailers over HTTP/1.
    Chunked,
    /// The connection ends; responses only.
    Close,
    /// No framing header is added and the steps go out as they are: for `HEAD`, 204, 304 and for wrong framing on purpose.
    Bare,
    /// After the head the connection carries raw bytes both ways: upgrades and `CONNECT`.
    Tunnel,
}

/// How a message ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// As its framing promised.
    Complete,
    /// The connection closed before the promised end.
    Truncated,
    /// Reset, on HTTP/2 with the name of the error code.
    Reset(String),
    /// Not HTTP.
    Malformed(String),
    /// This side broke it off, as its script said.
    Aborted,
    /// Nothing more came in time.
    TimedOut,
}

/// What has arrived of one body, readable while it grows.
#[derive(Clone, Debug)]
pub struct Received {
    bytes: Arc<watch::Sender<Vec<u8>>>,
    arrivals: Arc<std::sync::Mutex<Vec<(Instant, usize)>>>,
    /// Gets everything as well: what somebody waits for, while several bodies arrive at once.
    mirror: Option<Box<Received>>,
}

impl Default for Received {
    fn default() -> Self {
        Self {
            bytes: Arc::new(watch::Sender::new(Vec::new())),
            arrivals: Arc::default(),
            mirror: None,
        }
    }
}

impl Received {
    /// An empty one whose bytes appear in `other` too.
    pub(crate) fn mirrored_to(other: &Self) -> Self {
        Self {
            mirror: Some(Box::new(other.clone())),
            ..Self::default()
        }
    }

    /// Forgets everything: a new exchange begins.
    pub fn clear(&self) {
        self.bytes.send_modify(Vec::clear);
        if let Ok(mut arrivals) = self.arrivals.lock() {
            arrivals.clear();
        }
    }

    /// All bytes so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.borrow().clone()
    }

    /// When each piece came, and how many bytes it had.
    pub fn arrivals(&self) -> Vec<(Instant, usize)> {
        self.arrivals
            .lock()
            .map(|arrivals| arrivals.clone())
            .unwrap_or_default()
    }

    pub(crate) fn push(&self, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        if let Ok(mut arrivals) = self.arrivals.lock() {
            arrivals.push((Instant::now(), data.len()));
        }
        self.bytes
            .send_modify(|bytes| bytes.extend_from_slice(data));
        if let Some(mirror) = &self.mirror {
            mirror.push(data);
        }
    }

    pub(crate) async fn contains(&self, needle: &[u8]) {
        let mut receiver = self.bytes.subscribe();
        // Fails only when the sender is gone, and we hold it.
        let _ = receiver
            .wait_for(|bytes| {
                find(bytes, needle).is_some() || find(&gunzip_prefix(bytes), needle).is_some()
            })
            .await;
    }
}

/// The number of body bytes that `steps` send.
pub(crate) fn length(steps: &[Step]) -> u64 {
    steps
        .iter()
        .map(|step| match step {
            Step::Data(data) => data.len() as u64,
            Step::Repeat(data, times) => data.len() as u64 * u64::from(*times),
            Step::Wait(_) | Step::Until(_) | Step::Reset | Step::Close => 0,
        })
        .sum()
}

/// The first value of a header, whatever the case of its name.
pub fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a [u8]> {
    fields
        .iter()
        .find(|(candidate, _)| candidate.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value.as_slice())
}

/// Where `needle` begins in `haystack`.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

/// What a script did in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Played {
    Whole,
    Reset,
    Close,
}
