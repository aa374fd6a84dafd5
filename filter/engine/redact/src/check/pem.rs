//! Private keys in PEM: the text between the two lines is base64, of a DER sequence or of an OpenSSH key.
//!
//! Source: RFC 7468, section 2; RFC 5958, section 2; `PROTOCOL.key` of OpenSSH. White space is skipped, also where JSON or a URL escapes it. What is encrypted in the
//! old way has headers before its base64, what is OpenPGP another structure: of both it cannot tell, and neither of a key without its last line.

use crate::base64;

pub(super) fn check(value: &[u8]) -> Option<bool> {
    let body = value.strip_prefix(b"-----BEGIN")?;
    let end = find(body, b"-----")?;
    let (label, body) = body.split_at_checked(end)?;
    if find(label, b"BLOCK").is_some() {
        return None;
    }
    let body = body.strip_prefix(b"-----")?;
    let (body, _) = body.split_at_checked(find(body, b"-----END")?)?;
    let read = Read::new(body)?;
    let head = base64::decode(&read.head);
    Some(
        read.is_whole()
            && head.is_some_and(|head| head.starts_with(SEQUENCE) || head.starts_with(OPENSSH)),
    )
}

/// The tag of a DER sequence.
const SEQUENCE: &[u8] = &[0x30];
const OPENSSH: &[u8] = b"openssh-key-v1\0";

/// What is kept of the base64, however long it is.
#[derive(Default)]
struct Read {
    /// The first digits: those of as many bytes as [`OPENSSH`] has.
    head: [u8; 20],
    digits: usize,
    padding: usize,
    /// Whether there are digits behind padding.
    disordered: bool,
}

impl Read {
    /// Skips what stands between the digits; none where that is anything but white space.
    fn new(mut body: &[u8]) -> Option<Self> {
        let mut read = Self {
            head: [b'A'; 20],
            ..Self::default()
        };
        while let [byte, rest @ ..] = body {
            body = rest;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b'\\' => body = without_escape(rest)?,
                b'=' => read.padding += 1,
                byte if base64::is_digit(*byte) => read.push(*byte),
                _ => return None,
            }
        }
        Some(read)
    }

    fn push(&mut self, digit: u8) {
        if let Some(place) = self.head.get_mut(self.digits) {
            *place = digit;
        }
        self.digits += 1;
        self.disordered |= self.padding > 0;
    }

    /// Whether the digits are those of whole bytes, padded rightly or not at all.
    fn is_whole(&self) -> bool {
        let padded = self.padding == 0
            || self.padding <= 2 && (self.digits + self.padding).is_multiple_of(4);
        self.digits > 0 && self.digits % 4 != 1 && padded && !self.disordered
    }
}

/// What follows an escape of white space, behind its first backslash.
fn without_escape(rest: &[u8]) -> Option<&[u8]> {
    let at = rest.iter().position(|byte| *byte != b'\\')?;
    match rest.get(at..)? {
        [b'n' | b'r' | b't', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// O(length), as what is looked for has a few bytes.
#[inline(never)]
fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let mut places = text.windows(what.len());
    places.position(|place| place == what)
}
