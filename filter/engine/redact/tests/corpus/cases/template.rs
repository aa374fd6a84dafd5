//! Inputs and outputs are templates: `${name}` stands for a value of the case, `${name|base64}` for its base64, and so on.

use std::collections::BTreeMap;

use super::encoding;

/// The values of one case.
pub(super) struct Template<'c> {
    case: &'c str,
    secrets: &'c BTreeMap<String, String>,
    values: &'c BTreeMap<String, String>,
}

/// Values may stand for values; deeper than this is a circle.
const DEPTH: usize = 16;

impl<'c> Template<'c> {
    pub(super) fn new(
        case: &'c str,
        secrets: &'c BTreeMap<String, String>,
        values: &'c BTreeMap<String, String>,
    ) -> Self {
        Self {
            case,
            secrets,
            values,
        }
    }

    pub(super) fn fill(&self, text: &str) -> Result<Vec<u8>, String> {
        self.fill_to(text, DEPTH)
    }

    fn fill_to(&self, text: &str, depth: usize) -> Result<Vec<u8>, String> {
        let depth = depth.checked_sub(1).ok_or("its values go in a circle")?;
        let (mut filled, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once("${") {
            let (reference, behind) = after
                .split_once('}')
                .ok_or_else(|| format!("`{after}` has no `}}`"))?;
            filled.extend_from_slice(before.as_bytes());
            let mut parts = reference.split('|');
            let name = parts.next().unwrap_or_default();
            let mut value = self.value(name, depth)?;
            for encoder in parts {
                value = encoding::apply(encoder, &value)
                    .ok_or_else(|| format!("`{encoder}` is no encoding, or not one of `{name}`"))?;
            }
            filled.extend(value);
            rest = behind;
        }
        filled.extend_from_slice(rest.as_bytes());
        Ok(filled)
    }

    fn value(&self, name: &str, depth: usize) -> Result<Vec<u8>, String> {
        let text = self
            .secrets
            .get(name)
            .or_else(|| self.values.get(name))
            .ok_or_else(|| format!("it has no value `{name}`"))?;
        self.fill_to(&self.made_up(name, text)?, depth)
    }

    /// Fills in `{{class:length}}` as the examples of rules do: the same on every run, and never a text that another scanner would take for a leak.
    fn made_up(&self, name: &str, text: &str) -> Result<String, String> {
        let mut noise = Noise::new(&format!("{}/{name}", self.case));
        let (mut made, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let (placeholder, behind) = after
                .split_once("}}")
                .ok_or_else(|| format!("`{after}` has no `}}}}`"))?;
            let (class, length) = placeholder.split_once(':').unwrap_or((placeholder, "36"));
            let alphabet = alphabet(class).ok_or_else(|| format!("`{class}` is no class"))?;
            let length: usize = length
                .parse()
                .map_err(|_| format!("`{placeholder}` has no length"))?;
            made.push_str(before);
            (0..length).for_each(|_| made.push(noise.pick(alphabet)));
            rest = behind;
        }
        made.push_str(rest);
        Ok(made)
    }
}

fn alphabet(class: &str) -> Option<&'static [u8]> {
    Some(match class {
        "dec" => b"0123456789",
        "hex" => b"0123456789abcdef",
        "HEX" => b"0123456789ABCDEF",
        "low" => b"0123456789abcdefghijklmnopqrstuvwxyz",
        "UP" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "b32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "b62" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "b64" => b"0123456789+ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz",
        "b64u" => b"0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz",
        _ => return None,
    })
}

/// Fixed pseudo-random numbers (SplitMix64).
struct Noise(u64);

impl Noise {
    fn new(seed: &str) -> Self {
        Self(seed.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        }))
    }

    fn pick(&mut self, alphabet: &[u8]) -> char {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let nth = usize::try_from(mixed % alphabet.len().max(1) as u64).unwrap_or(0);
        alphabet.get(nth).copied().map_or('0', char::from)
    }
}
