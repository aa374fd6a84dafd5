//! Examples are written with placeholders, `ghp_{{b62:36}}`, and filled in here.
//!
//! Why not written out: a text that looks like a credential trips every other scanner it passes, from push protection to a reader's
//! eye. The filling depends only on the kind, the place and the class, so tests are reproducible.

use std::sync::Arc;

use super::{Rule, RuleSet, Sample};
use crate::check::Method;
use crate::{Finding, Framing, Judge, Limits, MaskStyle, Masker, Redactor, Treatment};

/// Fills in the placeholders of all examples of one rule.
pub(super) fn expand_all(rule: &Rule, templates: &[impl AsRef<str>]) -> Vec<String> {
    templates
        .iter()
        .zip(0u64..)
        .map(|(template, nth)| {
            let mut noise = Noise::new(rule.kind(), nth);
            expand(template.as_ref(), rule.check, &mut noise)
        })
        .collect()
}

/// Finds the credential in an example of its rule; the whole text if the rule does not find it.
pub(super) fn sample(rules: &Arc<RuleSet>, rule: &Rule, text: String) -> Sample {
    let mut spans = Spans {
        kind: rule.kind(),
        found: None,
    };
    let mut redactor = Redactor::new(
        Arc::clone(rules),
        Arc::new(Masker::new(MaskStyle::Label, None)),
        Framing::Plain,
        Limits::default(),
    );
    let mut out = Vec::new();
    let _ = redactor
        .write(text.as_bytes(), &mut spans, &mut out)
        .and_then(|()| redactor.end(&mut spans, &mut out));
    let secret = spans
        .found
        .and_then(|(from, to)| text.get(from..to))
        .unwrap_or(&text)
        .to_owned();
    Sample {
        kind: rule.kind().to_owned(),
        text,
        secret,
    }
}

struct Spans<'a> {
    kind: &'a str,
    found: Option<(usize, usize)>,
}

impl Judge for Spans<'_> {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        if finding.kind == self.kind && self.found.is_none() {
            let from = usize::try_from(finding.offset).unwrap_or(usize::MAX);
            self.found = Some((
                from,
                from.saturating_add(usize::try_from(finding.length).unwrap_or(usize::MAX)),
            ));
        }
        Treatment::Mask
    }
}

fn expand(template: &str, check: Option<Method>, noise: &mut Noise) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((placeholder, behind)) = after.split_once("}}") else {
            break;
        };
        text.push_str(before);
        match placeholder.split_once(':').and_then(|(class, length)| {
            Some((
                alphabet(class)?,
                length.parse().ok().filter(|length| *length <= LONGEST)?,
            ))
        }) {
            Some((alphabet, length)) => (0..length).for_each(|_| text.push(noise.pick(alphabet))),
            None if placeholder == "uuid" => {
                for (nth, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
                    text.push_str(if nth == 0 { "" } else { "-" });
                    (0..length).for_each(|_| text.push(noise.pick(HEX)));
                }
            }
            None if placeholder == "check" => {
                let sum = check.and_then(|check| check.sum(last_word(&text).as_bytes()));
                text.push_str(&String::from_utf8(sum.unwrap_or_default()).unwrap_or_default());
            }
            None => {
                text.push_str("{{");
                text.push_str(placeholder);
                text.push_str("}}");
            }
        }
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// What stands behind the last blank or quote.
fn last_word(text: &str) -> &str {
    text.rsplit([' ', '\n', '"', '\'']).next().unwrap_or(text)
}

/// Longest filling of one placeholder; longer ones are taken for text.
const LONGEST: usize = 4096;
const HEX: &[u8] = b"0123456789abcdef";

fn alphabet(class: &str) -> Option<&'static [u8]> {
    Some(match class {
        "dec" => b"0123456789",
        "hex" => HEX,
        "HEX" => b"0123456789ABCDEF",
        "low" => b"0123456789abcdefghijklmnopqrstuvwxyz",
        "UP" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "alpha" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "b32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "bech32" => b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
        "b62" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "b64" => b"0123456789+ABCDEFGHIJKLMNOPQRSTUVWXYZ/abcdefghijklmnopqrstuvwxyz",
        "b64u" => b"0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz",
        _ => return None,
    })
}

/// Fixed pseudo-random numbers (SplitMix64), seeded by the rule's kind.
struct Noise(u64);

impl Noise {
    fn new(kind: &str, nth: u64) -> Self {
        Self(
            kind.bytes()
                .fold(0xcbf2_9ce4_8422_2325 ^ nth, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
                }),
        )
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
