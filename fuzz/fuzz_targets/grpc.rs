//! gRPC: frames stay frames, and credentials in fields are masked in their length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, check_stream};
use veilgate_redact::Framing;

const NEXT_FIELD: u8 = 0;
const NEXT_FRAME: u8 = 1;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[Encoding::Raw], &[NEXT_FIELD], &[NEXT_FIELD]) else {
        return;
    };
    let framing = Framing::Grpc {
        pass_compressed: false,
    };
    let (body, heads) = frames(&input);
    let whole = check_stream(&input, &framing, &body);
    assert_eq!(whole.result, Ok(()));
    assert_eq!(whole.out.len(), body.len());
    for at in heads {
        assert_eq!(
            whole.out[at..at + 5],
            body[at..at + 5],
            "the head of a frame changed"
        );
    }
});

/// The text as fields in frames, and where the heads of frames are. What is in a frame may be anything: a credential that starts at the end of a field can
/// go on in what looks like the head of the next, and is masked with it.
fn frames(input: &Input) -> (Vec<u8>, Vec<usize>) {
    let nested = input.choice & 1 == 1;
    let (mut body, mut heads) = (Vec::new(), Vec::new());
    for text in input.text.split(|byte| *byte == NEXT_FRAME) {
        let mut message = Vec::new();
        for (nth, content) in text.split(|byte| *byte == NEXT_FIELD).enumerate() {
            append(&mut message, nth, content);
        }
        if nested {
            let inner = std::mem::take(&mut message);
            append(&mut message, 2, b"id");
            append(&mut message, 3, &inner);
        }
        let length = u32::try_from(message.len()).expect("inputs are short");
        heads.push(body.len());
        body.push(0);
        body.extend(length.to_be_bytes());
        body.extend(message);
    }
    (body, heads)
}

/// Appends a field with a length.
fn append(message: &mut Vec<u8>, nth: usize, content: &[u8]) {
    message.push(((nth % 15 + 1) << 3 | 2) as u8);
    let mut length = content.len();
    while length > 0x7f {
        message.push(length as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend_from_slice(content);
}
