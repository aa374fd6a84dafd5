//! Numbers as checksums write them.

/// The digits of both cases.
pub(super) const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
pub(super) const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// A number in the digits of an alphabet, the highest first, with zeros before it. Digits beyond `N` are lost.
pub(super) fn digits<const N: usize>(number: u32, alphabet: &[u8]) -> [u8; N] {
    let mut digits = [b'0'; N];
    fill(&mut digits, number, alphabet);
    digits
}

/// Once for all lengths, since the size of a module counts.
#[inline(never)]
fn fill(digits: &mut [u8], number: u32, alphabet: &[u8]) {
    let (mut left, base) = (number as usize, alphabet.len().max(1));
    for digit in digits.iter_mut().rev() {
        *digit = alphabet.get(left % base).copied().unwrap_or(b'0');
        left /= base;
    }
}

/// Whether all are letters, digits, or one of these. Once for all checks, likewise.
#[inline(never)]
pub(super) fn are_plain(bytes: &[u8], others: &[u8]) -> bool {
    let mut all = bytes.iter();
    all.all(|byte| byte.is_ascii_alphanumeric() || others.contains(byte))
}

/// Whether all are hexadecimal digits.
pub(super) fn are_hex(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_hexdigit)
}
/// A number in hexadecimal digits of small letters.
pub(super) fn hex(number: u32) -> [u8; 8] {
    digits(number, BASE36.get(..16).unwrap_or_default())
}
