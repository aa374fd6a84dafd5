//! Credentials in ordinary traffic: one of the rules' own examples every so many bytes.

use veilgate_redact::Sample;

use super::random::Random;

/// The text with one whole example in every `distance` bytes, between two values.
pub(crate) fn plant(text: &[u8], samples: &[Sample], distance: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut planted = Vec::with_capacity(text.len() + text.len() / 4);
    for stretch in text.chunks(distance) {
        let at = random.size(0, stretch.len());
        let at = stretch
            .iter()
            .skip(at)
            .position(|byte| matches!(byte, b' ' | b',' | b'\n'))
            .map_or(stretch.len(), |distance| at + distance);
        let (before, behind) = stretch.split_at(at);
        planted.extend_from_slice(before);
        if let Some(sample) = samples.get(random.size(0, samples.len())) {
            planted.push(b' ');
            planted.extend_from_slice(sample.text.as_bytes());
            planted.push(b' ');
        }
        planted.extend_from_slice(behind);
    }
    planted
}

/// Examples that break off within the credential, back to back.
pub(crate) fn truncated(samples: &[Sample], length: usize, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = Vec::new();
    while text.len() < length {
        if let Some(sample) = samples.get(random.size(0, samples.len())) {
            let end = sample.text.find(&sample.secret).unwrap_or(0) + sample.secret.len();
            let missing = random.size(1, sample.secret.len() / 3 + 2);
            text.extend(sample.text.bytes().take(end.saturating_sub(missing)));
            text.push(b'\n');
        }
    }
    text.truncate(length);
    text
}
