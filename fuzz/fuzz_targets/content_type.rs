//! Content types: whatever one says, there is a framing for it or none, and a body in it comes to the same at every cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Input, check_stream};
use veilgate_redact::Framing;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[], b"", b"") else {
        return;
    };
    let line = input.text.iter().position(|byte| *byte == b'\n');
    let (content_type, body) = input.text.split_at(line.unwrap_or(input.text.len()));
    let Some(framing) = Framing::for_content_type(content_type, input.choice & 1 == 1) else {
        return;
    };
    check_stream(&input, &framing, body);
});
