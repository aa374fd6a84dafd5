//! How much one stream may hold, and what happens at that bound.

/// Bounds of one [`Redactor`](crate::Redactor).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes held back at any moment because they may still turn out to be a credential.
    ///
    /// A value longer than this is still masked whole when its rule has a `tail`: it is judged once this much of it was seen,
    /// and from then on hashed, not stored. Values below 256 count as 256.
    ///
    /// ### Default
    /// 5 KiB: a quarter more than the longest `max_length` of the built-in rules, so that [`OnLimit`] never applies to them. A stream then takes at most
    /// 16 KiB of memory beside the chunks that pass through it, whatever they hold; usually 6. Header lines inside a body (of a part of `multipart`, or the
    /// trailers of gRPC-Web) may have 8 KiB, and take 24 KiB more while they are looked at.
    pub held: usize,
    /// What happens when something that may still become a credential outgrows `held`.
    ///
    /// ### Default
    /// [`OnLimit::Truncate`]
    pub on_limit: OnLimit,
}

/// The choice at the bound. Only the last one can leak, and it has to be asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnLimit {
    /// Emit nothing more and fail with [`RedactError::Limit`](crate::RedactError::Limit): the reader sees a body cut short.
    #[default]
    Truncate,
    /// Emit one mask and drop the rest of the stream.
    MaskRest,
    /// Give up on this candidate and let its bytes through, but for a credential that was complete by then.
    PassThrough,
}

impl Limits {
    /// Under this a single ordinary token would not fit.
    const LEAST_HELD: usize = 256;

    /// A value whose end is still open is judged by some bytes less than may be held: then all that starts where it does was followed as far, wherever a chunk ends.
    const MARGIN: u64 = 32;

    pub(crate) fn most_held(&self) -> u64 {
        self.held.max(Self::LEAST_HELD) as u64
    }

    /// Most bytes of a value whose end is not known.
    pub(crate) fn most_open(&self) -> u64 {
        self.most_held() - Self::MARGIN
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            held: 5 * 1024,
            on_limit: OnLimit::default(),
        }
    }
}
