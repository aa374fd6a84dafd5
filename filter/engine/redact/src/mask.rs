//! What stands in the place of a credential.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base64;

/// How masks look, and the key of their fingerprints. Built once, shared by all streams.
#[derive(Clone, Default)]
pub struct Masker {
    style: MaskStyle,
    keyed: Option<Hmac<Sha256>>,
    shows_jose_headers: bool,
}

/// Longest JOSE header that is shown, in digits of base64.
pub(crate) const LONGEST_HEADER: usize = 1024;

/// The look of a mask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum MaskStyle {
    /// `[REDACTED:<kind>]`, or `[REDACTED:<kind>:<8 hex>]` when there is a key.
    #[default]
    Label,
    /// The same text for every credential. Bytes that could break JSON, a header, a form or a log line become `*`.
    Fixed(String),
    /// The label and the last four characters, where at least 16 bytes stay hidden and the four are letters, digits, `-` or `_`; else the label alone.
    KeepLast4,
    /// As many `*` as the credential has bytes: for framings with lengths of their own.
    SameLength,
}

/// Keyed hash of a credential. Its first four bytes are shown: enough to correlate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Whether it is of the value with this HMAC-SHA256, under the masker's key. In constant time.
    pub fn is_of(&self, hmac: &[u8; 32]) -> bool {
        let pairs = self.0.iter().zip(hmac);
        pairs.fold(0, |different, (a, b)| different | (a ^ b)) == 0
    }

    fn shown(&self) -> impl Iterator<Item = u8> {
        self.0.into_iter().take(4)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Masker {
    /// A masker; with a key, of any length, masks and findings carry fingerprints.
    pub fn new(style: MaskStyle, key: Option<&[u8]>) -> Self {
        let style = match style {
            MaskStyle::Fixed(text) => MaskStyle::Fixed(harmless(&text)),
            other => other,
        };
        Self {
            style,
            keyed: key.and_then(|key| Hmac::new_from_slice(key).ok()),
            shows_jose_headers: false,
        }
    }

    /// Keeps the header of JSON Web Tokens before their mask: `eyJhbGciOiJSUzI1NiJ9.[REDACTED:jwt]` still tells the algorithm and the key.
    ///
    /// Kept is the first segment and its dot, of any credential at hand as a whole whose first segment is at most 1 KiB of base64url of a JSON object
    /// with a member `alg`, which a JOSE header has and claims seldom do. All behind the dot is masked in the masker's style.
    #[must_use]
    pub fn showing_jose_headers(self) -> Self {
        Self {
            shows_jose_headers: true,
            ..self
        }
    }

    /// The same masker, with masks as long as what they hide.
    pub(crate) fn keeping_length(&self) -> Self {
        Self {
            style: MaskStyle::SameLength,
            ..self.clone()
        }
    }

    /// The fingerprint of a value: its HMAC-SHA256. O(length), no allocation.
    pub fn fingerprint(&self, value: &[u8]) -> Option<Fingerprint> {
        self.hash().map(|mut hash| {
            hash.update(value);
            hash.fingerprint()
        })
    }

    /// The mask of a complete value.
    pub(crate) fn mask(&self, kind: &str, value: &[u8], out: &mut Vec<u8>) {
        let shown = self.shown(value);
        let (shown, hidden) = value.split_at_checked(shown).unwrap_or((&[], value));
        out.extend_from_slice(shown);
        self.mask_written(kind, hidden, self.fingerprint(value), out);
    }

    /// The mask of a value that is written so, with the fingerprint of what is meant.
    pub(crate) fn mask_written(
        &self,
        kind: &str,
        written: &[u8],
        fingerprint: Option<Fingerprint>,
        out: &mut Vec<u8>,
    ) {
        let last = written.last_chunk::<4>().copied();
        self.mask_parts(kind, written.len() as u64, last, fingerprint, out);
    }

    /// The mask of a value of which nothing is known, not even its length.
    pub(crate) fn mask_unseen(&self, kind: &str, out: &mut Vec<u8>) {
        match &self.style {
            MaskStyle::Fixed(text) => out.extend_from_slice(text.as_bytes()),
            MaskStyle::SameLength => Self::stars(8, out),
            MaskStyle::Label | MaskStyle::KeepLast4 => label(kind, None, out),
        }
    }

    /// The mask of a JSON value that has no quotes, a number or a container: a string, with `quotes`, which are backslashes and the quote behind them. In the
    /// same length, if that is asked for, a value too short for quotes becomes zeros.
    pub(crate) fn mask_json_value(
        &self,
        kind: &str,
        value: &[u8],
        quotes: (u8, u8),
        keep_length: bool,
        out: &mut Vec<u8>,
    ) {
        let around = 2 * (u64::from(quotes.0) + 1);
        if self.keeps_length() || keep_length {
            match (value.len() as u64).checked_sub(around) {
                Some(length) => {
                    quote(quotes, out);
                    Self::stars(length, out);
                    quote(quotes, out);
                }
                None => out.extend(value.iter().map(|_| b'0')),
            }
            return;
        }
        quote(quotes, out);
        self.mask(kind, value, out);
        quote(quotes, out);
    }

    /// The mask of a value that was seen, but not kept.
    pub(crate) fn mask_parts(
        &self,
        kind: &str,
        length: u64,
        last: Option<[u8; 4]>,
        fingerprint: Option<Fingerprint>,
        out: &mut Vec<u8>,
    ) {
        let last = last.filter(|last| {
            length >= 20
                && last
                    .iter()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        });
        match (&self.style, last) {
            (MaskStyle::Fixed(text), _) => out.extend_from_slice(text.as_bytes()),
            (MaskStyle::SameLength, _) => Self::stars(length, out),
            (MaskStyle::KeepLast4, Some(last)) => {
                label(kind, None, out);
                out.extend_from_slice(&last);
            }
            (MaskStyle::Label | MaskStyle::KeepLast4, _) => label(kind, fingerprint, out),
        }
    }

    /// The mask of a field, as a JSON string. Its length says nothing about the value.
    pub(crate) fn mask_field(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        self.mask_unseen("field", out);
        out.push(b'"');
    }

    /// A mask of the same length, whatever the style.
    pub(crate) fn stars(length: u64, out: &mut Vec<u8>) {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        out.resize(out.len().saturating_add(length), b'*');
    }

    pub(crate) fn keeps_length(&self) -> bool {
        self.style == MaskStyle::SameLength
    }

    /// How many bytes at the start of a value stay.
    fn shown(&self, value: &[u8]) -> usize {
        let header = value
            .iter()
            .take(LONGEST_HEADER + 1)
            .position(|byte| *byte == b'.')
            .filter(|_| self.shows_jose_headers && value.starts_with(b"eyJ"));
        header
            .filter(|length| value.get(..*length).is_some_and(is_jose_header))
            .map_or(0, |length| length + 1)
    }

    pub(crate) fn hash(&self) -> Option<Hash> {
        self.keyed.clone().map(Hash)
    }
}

/// A quote, with the backslashes before it.
pub(crate) fn quote((backslashes, quote): (u8, u8), out: &mut Vec<u8>) {
    out.extend((0..backslashes).map(|_| b'\\'));
    out.push(quote);
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker")
            .field("style", &self.style)
            .field("keyed", &self.keyed.is_some())
            .field("shows_jose_headers", &self.shows_jose_headers)
            .finish()
    }
}

/// A fingerprint in the making, for values that are not stored.
#[derive(Clone)]
pub(crate) struct Hash(Hmac<Sha256>);

impl Hash {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn fingerprint(self) -> Fingerprint {
        let digest = self.0.finalize().into_bytes();
        Fingerprint(digest.into())
    }
}

/// Whether the digits of base64 are those of a JSON object with a member `alg`.
pub(crate) fn is_jose_header(digits: &[u8]) -> bool {
    let Some(header) = base64::decode(digits) else {
        return false;
    };
    header.starts_with(b"{")
        && header.ends_with(b"}")
        && header.windows(5).any(|name| name == b"\"alg\"")
        && header.iter().all(|byte| (b' '..0x7f).contains(byte))
}

fn label(kind: &str, fingerprint: Option<Fingerprint>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"[REDACTED:");
    out.extend_from_slice(kind.as_bytes());
    if let Some(fingerprint) = fingerprint {
        out.push(b':');
        for byte in fingerprint.shown() {
            out.extend([byte >> 4, byte & 15].map(|nibble| {
                if nibble < 10 {
                    b'0' + nibble
                } else {
                    b'a' + nibble - 10
                }
            }));
        }
    }
    out.push(b']');
}

/// A mask is set into JSON strings, header values, cookies, forms and log lines alike: only what is plain in all of them stays.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "[]():._-*#!".contains(c) {
                c
            } else {
                '*'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(style: MaskStyle, key: Option<&[u8]>, value: &str) -> String {
        let mut out = Vec::new();
        Masker::new(style, key).mask("kind", value.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_style_has_its_look() {
        assert_eq!(masked(MaskStyle::Label, None, "value"), "[REDACTED:kind]");
        assert_eq!(masked(MaskStyle::Fixed("***".into()), None, "value"), "***");
        assert_eq!(masked(MaskStyle::SameLength, None, "value"), "*****");
        assert_eq!(
            masked(MaskStyle::KeepLast4, None, "0123456789abcdefwxyz"),
            "[REDACTED:kind]wxyz"
        );
        assert_eq!(
            masked(MaskStyle::KeepLast4, None, "0123456789abcdefwxy"),
            "[REDACTED:kind]",
            "too short to show four"
        );
        assert_eq!(
            masked(MaskStyle::KeepLast4, None, "0123456789abcdefghij\\\"==\\n"),
            "[REDACTED:kind]",
            "four that could break a string"
        );
    }

    /// RFC 4231, test case 2.
    #[test]
    fn the_fingerprint_is_the_head_of_hmac_sha256() {
        let masker = Masker::new(MaskStyle::Label, Some(b"Jefe"));
        assert_eq!(
            masker
                .fingerprint(b"what do ya want for nothing?")
                .unwrap()
                .to_string(),
            "5bdcc146"
        );
        let print = masker.fingerprint(b"what do ya want for nothing?").unwrap();
        let mut hmac = *b"\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7\x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec\x58\xb9\x64\xec\x38\x43";
        assert!(print.is_of(&hmac));
        hmac[31] ^= 1;
        assert!(!print.is_of(&hmac));
        assert_eq!(format!("{print:?}"), "Fingerprint(5bdcc146)");
        assert_eq!(
            masked(
                MaskStyle::Label,
                Some(b"Jefe"),
                "what do ya want for nothing?"
            ),
            "[REDACTED:kind:5bdcc146]"
        );
    }

    #[test]
    fn a_fixed_text_cannot_break_what_it_is_set_into() {
        assert_eq!(
            masked(MaskStyle::Fixed("a\"b\\c\r\nd&e;f".into()), None, "value"),
            "a*b*c**d*e*f"
        );
    }

    #[test]
    fn a_jose_header_is_shown_where_that_was_asked_for() {
        const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
        let show = |style, value: &str| {
            let mut out = Vec::new();
            let masker = Masker::new(style, None).showing_jose_headers();
            masker.mask("jwt", value.as_bytes(), &mut out);
            String::from_utf8(out).unwrap()
        };
        let token = format!("{HEADER}.eyJzdWIiOiJhIn0.c2lnbmF0dXJl");
        assert_eq!(
            show(MaskStyle::Label, &token),
            format!("{HEADER}.[REDACTED:jwt]")
        );
        assert_eq!(masked(MaskStyle::Label, None, &token), "[REDACTED:kind]");
        assert_eq!(
            show(MaskStyle::Fixed("x".into()), &token),
            format!("{HEADER}.x")
        );
        let same = show(MaskStyle::SameLength, &token);
        assert_eq!(same, format!("{HEADER}.{}", "*".repeat(28)));
        // A JWE without an encrypted key.
        let jwe = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.dGV4dA.dGFn";
        assert_eq!(
            show(MaskStyle::Label, jwe),
            "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.[REDACTED:jwt]"
        );
        for value in [
            // Claims first; no dot; not base64; not an object; a line feed in it; text without `alg`.
            "eyJzdWIiOiJhIn0.eyJhbGciOiJIUzI1NiJ9.x",
            HEADER,
            "eyJhbGciOiJIUzI1NiJ9$.x.y",
            "eyJhbGciOiJIUzI1NiI.x.y",
            "eyJhbGciOiIKIn0.x.y",
            "ghp_0123.x.y",
            "",
        ] {
            assert_eq!(show(MaskStyle::Label, value), "[REDACTED:jwt]", "{value}");
        }
        let long = base64::encode(format!("{{\"alg\":\"{}\"}}", "a".repeat(800)).as_bytes());
        let long = format!("{}.x.y", String::from_utf8(long).unwrap());
        assert_eq!(show(MaskStyle::Label, &long), "[REDACTED:jwt]");
    }

    #[test]
    fn any_json_value_becomes_a_string() {
        let json = |style, value: &str| {
            let (mut out, quotes) = (Vec::new(), (0, b'"'));
            let masker = Masker::new(style, None);
            masker.mask_json_value("kind", value.as_bytes(), quotes, false, &mut out);
            serde_json::from_slice::<serde::de::IgnoredAny>(&out).unwrap();
            String::from_utf8(out).unwrap()
        };
        for value in ["12345", "[1,\"a\"]", "{\"a\":1}"] {
            assert_eq!(json(MaskStyle::Label, value), "\"[REDACTED:kind]\"");
            assert_eq!(json(MaskStyle::SameLength, value).len(), value.len());
        }
        assert_eq!(json(MaskStyle::SameLength, "12345"), "\"***\"");
        assert_eq!(json(MaskStyle::SameLength, "10"), "\"\"");
        assert_eq!(json(MaskStyle::SameLength, "7"), "0");
        assert_eq!(json(MaskStyle::Fixed("x".into()), "7"), "\"x\"");
    }

    #[test]
    fn json_within_a_json_string_keeps_its_backslashes() {
        let mut out = Vec::new();
        let masker = Masker::new(MaskStyle::Label, None);
        masker.mask_json_value("kind", b"12345", (1, b'"'), false, &mut out);
        assert_eq!(out, br#"\"[REDACTED:kind]\""#);
    }

    #[test]
    fn debug_does_not_print_the_key() {
        let text = format!(
            "{:?}",
            Masker::new(MaskStyle::Label, Some(b"hunter2-hunter2"))
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
}
