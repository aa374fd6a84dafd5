//! The whole redactor: any bytes, any framing, any cuts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, check_stream};
use veilgate_redact::Framing;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[Encoding::Raw], b"\n", b"\n") else {
        return;
    };
    let framing = match input.choice % 6 {
        0 | 1 => Framing::Plain,
        2 => Framing::Events,
        3 => Framing::Fields {
            roots: vec![String::new()],
        },
        choice => Framing::Grpc {
            pass_compressed: choice == 5,
        },
    };
    check_stream(&input, &framing, &input.text);
});
