//! multipart/form-data: parts stay parts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, check_stream};
use veilgate_redact::Framing;

const BOUNDARY: &[u8] = b"\r\n--edge";
const NEXT_PART: u8 = 0;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[Encoding::Raw], &[NEXT_PART], &[NEXT_PART]) else {
        return;
    };
    let names = ["note", "password", "token_type", "file\"; filename=\"x"];
    let mut body = Vec::new();
    for (nth, part) in input.text.split(|byte| *byte == NEXT_PART).enumerate() {
        let name = names[(nth + usize::from(input.choice)) % names.len()];
        body.extend_from_slice(BOUNDARY);
        body.extend_from_slice(
            format!("\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(part);
    }
    body.extend_from_slice(BOUNDARY);
    body.extend_from_slice(b"--\r\n");
    let whole = check_stream(&input, &Framing::Plain, &body);
    assert_eq!(
        boundaries(&whole.out),
        boundaries(&body),
        "a boundary is gone"
    );
});

fn boundaries(body: &[u8]) -> usize {
    body.windows(BOUNDARY.len())
        .filter(|window| *window == BOUNDARY)
        .count()
}
