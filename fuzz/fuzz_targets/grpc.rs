//! gRPC: frames stay frames, and credentials in fields are masked in their length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, NEXT_FIELD, check_stream, framed};
use veilgate_redact::Framing;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[Encoding::Raw], &[NEXT_FIELD], &[NEXT_FIELD]) else {
        return;
    };
    let framed = framed(&input);
    let framing = match input.choice >> 1 & 1 {
        0 => Framing::Grpc {
            pass_compressed: false,
        },
        _ => Framing::Connect {
            pass_compressed: false,
        },
    };
    let whole = check_stream(&input, &framing, &framed.body);
    assert_eq!(whole.result, Ok(()));
    framed.assert_same_frames(&whole.out);
});
