//! Short values that come whole: headers and URLs, where often the name tells that the value is a credential.
//!
//! Why not the stream scanner alone: `authorization: Bearer x7f...` has no shape that a rule could know, and a URL hides a token behind
//! percent encoding. Here names count first, then the rules look at every value, decoded.

mod binary;
mod carriers;
mod cookie;
mod decode;
mod header;
mod lines;
mod names;
mod rules;
mod span;
mod target;

use std::sync::Arc;

pub(crate) use carriers::{Carrier, Carriers};
pub(crate) use decode::decoded as percent_decoded;
pub(crate) use lines::lines;

use crate::{Judge, Masker, RedactError, RuleSet};

/// Masks credentials in header values and request targets. Cheap to make: it borrows rules and masker.
pub struct Scrubber<'r> {
    rules: &'r Arc<RuleSet>,
    masker: &'r Masker,
}

impl<'r> Scrubber<'r> {
    /// A scrubber over these rules.
    pub fn new(rules: &'r Arc<RuleSet>, masker: &'r Masker) -> Self {
        Self { rules, masker }
    }

    /// The header's value with its credentials masked; none if nothing is to be changed.
    ///
    /// `Authorization` and its kin keep the scheme, `Cookie` and `Set-Cookie` keep names and attributes, URLs keep all but secret values. What the
    /// rules know is found anywhere, also up to three layers of percent encoding deep. `Basic` credentials are found in any header, as is what base64 or hexadecimal hides; in binary gRPC metadata (`-bin`) that is
    /// masked in its length, so that the message stays valid. Bytes that are no credential pass untouched, whatever they are. The name is compared without case. O(length).
    ///
    /// # Errors
    /// [`RedactError::Blocked`] if the judge says so.
    pub fn header(
        &self,
        name: &[u8],
        value: &[u8],
        judge: &mut dyn Judge,
    ) -> Result<Option<Vec<u8>>, RedactError> {
        let is_binary = name
            .last_chunk::<4>()
            .is_some_and(|end| end.eq_ignore_ascii_case(b"-bin"));
        let binary = if is_binary {
            binary::masked(self.rules, self.masker, value, judge)?
        } else {
            None
        };
        let value = binary.as_deref().unwrap_or(value);
        let mut spans = header::spans(self.rules, name, value);
        if is_binary && binary::is_base64(value) {
            // Its base64 was looked behind already, and the judge asked.
            spans.retain(|span| span.encoded.is_none());
        }
        let masked = span::apply(spans, value, self.masker, judge)?;
        Ok(masked.or(binary))
    }

    /// The request target or URL with its credentials masked; none if nothing is to be changed.
    ///
    /// The password before an `@`, the values of secret-bearing parameters in query, path and fragment, and whatever the rules find, also up to
    /// three layers of percent encoding deep. O(length).
    ///
    /// # Errors
    /// [`RedactError::Blocked`] if the judge says so.
    pub fn target(
        &self,
        path_and_query: &[u8],
        judge: &mut dyn Judge,
    ) -> Result<Option<Vec<u8>>, RedactError> {
        let mut spans = Vec::new();
        target::find(self.rules, path_and_query, &mut spans);
        span::apply(spans, path_and_query, self.masker, judge)
    }
}

impl std::fmt::Debug for Scrubber<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scrubber").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
