//! What an adapter hands over: one request head, beside the facts of its host.

use std::fmt;

pub use veilgate_facts::Facts;

/// A request head exactly as it arrived: bytes, because a header need not be text.
///
/// `method`, `authority` and `path` repeat the pseudo headers, which adapters have at hand anyway.
/// `Debug` prints no header value and no query, since both may hold credentials.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// `:method`, as sent (methods are case-sensitive).
    pub method: &'a [u8],
    /// `:authority` or `Host`.
    pub authority: &'a [u8],
    /// The raw `:path` with its query.
    pub path: &'a [u8],
    /// Every header in order, duplicates and pseudo headers included.
    pub headers: &'a [(Vec<u8>, Vec<u8>)],
}

impl<'a> Head<'a> {
    /// All values of a header, in order. `name` must be lower case. O(number of headers).
    pub fn values(&self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let headers = self.headers;
        headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }
}

impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Head")
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
}
