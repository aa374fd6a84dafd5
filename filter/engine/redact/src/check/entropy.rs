//! How much the bytes of a value vary: Shannon's entropy of their frequencies, in bits per byte.
//!
//! A word of one's own has less than a generated token of the same length. A short value cannot have much: of N bytes at most log2 N bits each.
//! Everything is whole numbers, so that it comes out the same everywhere.

/// The least entropy that a rule asks for, in hundredths of a bit; none if it is not a number from 0 to 8 with at most two decimals.
pub(super) fn least(text: &str) -> Option<u32> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if whole.len() != 1 || decimals.len() > 2 || ![whole, decimals].into_iter().all(is_number) {
        return None;
    }
    let tenths = if decimals.len() == 1 { 10 } else { 1 };
    let least = whole.parse::<u32>().ok()? * 100 + decimals.parse::<u32>().ok()? * tenths;
    (least <= 800).then_some(least)
}

/// Never fails a value of less than eight bytes, which is too short for a statement.
pub(super) fn check(value: &[u8], least: u32) -> Option<bool> {
    let length = u32::try_from(value.len()).ok().filter(|it| *it >= 8)?;
    let mut counts = [0_u32; 256];
    for byte in value {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    // The entropy times the length: the sum over all bytes of the logarithm of how seldom each is.
    let of_one = |count: u32| u64::from(count) * (log2(length).saturating_sub(log2(count)));
    let all: u64 = counts.into_iter().map(of_one).sum();
    Some(all * 100 >= (u64::from(least) * u64::from(length)) << FRACTION)
}

/// Bits behind the point of a logarithm.
const FRACTION: u32 = 16;

/// The logarithm of a number, 0 of none. A bit of it comes with each squaring, of a number between one and two with 31 bits behind the point.
fn log2(number: u32) -> u64 {
    let whole = number.checked_ilog2().unwrap_or(0);
    let mut power = u64::from(number) << (31 - whole);
    let mut log = u64::from(whole);
    for _ in 0..FRACTION {
        power = (power * power) >> 31;
        let bit = power >> 32;
        power >>= bit;
        log = log << 1 | bit;
    }
    log
}
