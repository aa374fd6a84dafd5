//! Numbers of payment cards: 12 to 19 digits, alone or in groups, of which the last makes the weighted sum a multiple of ten.
//!
//! Source: ISO/IEC 7812-1, annex B. One number in ten passes by chance.

pub(super) fn check(value: &[u8]) -> Option<bool> {
    let (mut count, mut sum) = (0, 0_u32);
    for byte in value.iter().rev() {
        let digit = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b' ' | b'-' => continue,
            _ => return None,
        };
        // Every second one counts twice, and the digits of that are added up.
        sum += match (count % 2, digit) {
            (0, _) => digit,
            (_, 0..=4) => 2 * digit,
            _ => 2 * digit - 9,
        };
        count += 1;
        if count > 19 {
            return None;
        }
    }
    (count >= 12).then_some(sum.is_multiple_of(10))
}

/// The digit that makes a number of these a right one.
pub(super) fn sum(begun: &[u8]) -> Option<u8> {
    (b'0'..=b'9').find(|digit| check(&[begun, &[*digit]].concat()) == Some(true))
}
