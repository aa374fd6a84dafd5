//! JSON Web Tokens: three parts of base64url with dots between them, the first of which is a JSON object with `alg`.
//!
//! Source: RFC 7515, sections 3.1 and 4.1.1. It does not read the claims, and cannot know whether the signature is right. At most 1 KiB of the first part is decoded;
//! of a longer one it cannot tell.

use super::digits::are_plain;
use crate::mask::{LONGEST_HEADER, is_jose_header};

pub(super) fn check(value: &[u8]) -> Option<bool> {
    if !are_plain(value, b"_-.") {
        return None;
    }
    let mut parts = value.split(|byte| *byte == b'.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || header.len() > LONGEST_HEADER {
        return None;
    }
    // One digit more than whole bytes need is no base64.
    let is_whole = |part: &[u8]| part.len() % 4 != 1;
    Some(is_whole(claims) && is_whole(signature) && is_jose_header(header))
}
