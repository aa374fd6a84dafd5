//! From bytes to an input.

use std::sync::LazyLock;

use veilgate_redact::Sample;

use crate::{Encoding, encode, rules};

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| rules().corpus());

/// An input, read from the bytes of the fuzzer.
pub struct Input {
    /// One byte for a target's own choices.
    pub choice: u8,
    cuts: Vec<u16>,
    /// What the fuzzer wrote, examples filled in.
    pub text: Vec<u8>,
    pub planted: Vec<Planted>,
}

/// An example of a rule inside a text.
pub struct Planted {
    pub kind: &'static str,
    pub encoding: Encoding,
    /// Bytes of the example before it was encoded.
    pub length: usize,
    /// What must not come out: the credential in clear, and as it was written.
    pub secrets: [Vec<u8>; 2],
}

/// Marks an example; no UTF-8 text holds it.
const MARK: u8 = 0xff;

impl Input {
    /// Examples are planted in one of `encodings`, between `before` and `after`; without encodings, none.
    pub fn new(data: &[u8], encodings: &[Encoding], before: &[u8], after: &[u8]) -> Option<Self> {
        let [choice, count, rest @ ..] = data else {
            return None;
        };
        let (cuts, mut rest) = rest.split_at_checked(usize::from(count % 8) * 2)?;
        let cuts = cuts
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        let (mut text, mut planted) = (Vec::new(), Vec::new());
        while let [first, after_first @ ..] = rest {
            rest = after_first;
            let (MARK, false, [low, high, encoding, behind @ ..]) =
                (*first, encodings.is_empty(), after_first)
            else {
                text.push(*first);
                continue;
            };
            rest = behind;
            let nth = usize::from(u16::from_le_bytes([*low, *high]));
            let sample = &SAMPLES[nth % SAMPLES.len()];
            let encoding = encodings[usize::from(*encoding) % encodings.len()];
            let (written, secret) = encode(encoding, sample);
            text.extend_from_slice(before);
            text.extend(written);
            text.extend_from_slice(after);
            planted.push(Planted {
                kind: &sample.kind,
                encoding,
                length: sample.text.len(),
                secrets: [sample.secret.clone().into_bytes(), secret],
            });
        }
        Some(Self {
            choice: *choice,
            cuts,
            text,
            planted,
        })
    }

    /// A body in the pieces the fuzzer chose.
    pub fn pieces<'t>(&self, body: &'t [u8]) -> Vec<&'t [u8]> {
        let mut cuts: Vec<usize> = self
            .cuts
            .iter()
            .map(|cut| usize::from(*cut) % (body.len() + 1))
            .chain([0, body.len()])
            .collect();
        cuts.sort_unstable();
        cuts.windows(2)
            .map(|pair| &body[pair[0]..pair[1]])
            .collect()
    }
}
