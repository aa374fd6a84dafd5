//! What must be true of every decoder of content codings.

use std::io::Read;

use veilgate_coding::{Budget, Coding, DecodeError, Decoder, Limits};

use crate::Input;

const BUDGET: usize = 16 << 20;
const LIMITS: Limits = Limits {
    ratio: 100,
    allowance: 1 << 16,
    decoded: Some(1 << 20),
    window: 8 << 20,
};

/// Decodes what an encoder in use makes of the text of an input, or the text itself as if it were that: whole, in pieces and byte by byte the same, and of a
/// body that is wrong the same as far as it goes.
///
/// What was encoded comes back. What only looks like it comes to what the reference makes of it, if both can read it: a decoder may be stricter.
pub fn check_decoder(
    input: &Input,
    coding: Coding,
    encode: impl FnOnce(&[u8]) -> Vec<u8>,
    reference: impl FnOnce(&[u8]) -> Box<dyn Read + '_>,
) {
    let encoded = input.choice & 0x80 != 0;
    let body = if encoded {
        encode(&input.text)
    } else {
        input.text.clone()
    };
    let whole = decode(coding, &[&body]);
    assert_same(&decode(coding, &input.pieces(&body)), &whole);
    if body.len() <= 512 {
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_same(&decode(coding, &bytes), &whole);
    }
    let (out, result) = whole;
    if encoded {
        assert_eq!(result, Ok(()));
        assert!(out == input.text, "{coding} decodes to something else");
    } else if let (Ok(()), Some(expected)) = (result, read(reference(&body))) {
        assert!(
            out == expected,
            "{coding} decodes to something else: {}",
            body.escape_ascii()
        );
    }
}

type Decoded = (Vec<u8>, Result<(), DecodeError>);

fn assert_same(pieces: &Decoded, whole: &Decoded) {
    assert_eq!(pieces.1, whole.1, "cut up it ends otherwise");
    let (shorter, longer) = if pieces.0.len() < whole.0.len() {
        (&pieces.0, &whole.0)
    } else {
        (&whole.0, &pieces.0)
    };
    assert!(
        longer.starts_with(shorter),
        "cut up it comes to something else"
    );
    assert!(
        whole.1.is_err() || shorter == longer,
        "cut up it comes to less"
    );
}

fn decode(coding: Coding, pieces: &[&[u8]]) -> Decoded {
    let budget = Budget::new(BUDGET);
    let (mut out, mut given) = (Vec::new(), 0);
    let result = (|| {
        let mut decoder = Decoder::new(&[coding], LIMITS, &budget)?;
        for piece in pieces {
            given += piece.len() as u64;
            decoder.write(piece, &mut |decoded: &[u8]| {
                out.extend_from_slice(decoded);
                Ok::<(), DecodeError>(())
            })?;
            let bound = LIMITS.allowance + given * LIMITS.ratio;
            assert!(
                out.len() as u64 <= bound,
                "{given} bytes became {}",
                out.len()
            );
        }
        decoder.end()
    })();
    assert_eq!(budget.left(), BUDGET, "memory is not given back");
    (out, result)
}

/// All of it, if it can be read and is not too much.
fn read(reference: Box<dyn Read + '_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let most = LIMITS.decoded.unwrap_or(0);
    reference.take(most).read_to_end(&mut out).ok()?;
    (!out.is_empty() && (out.len() as u64) < most).then_some(out)
}
