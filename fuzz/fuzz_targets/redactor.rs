//! The whole redactor: any bytes, any framing, any limits, any cuts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, check_stream_within};
use veilgate_redact::{Framing, Limits, OnLimit};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[Encoding::Raw], b"\n", b"\n") else {
        return;
    };
    let pass = input.choice & 0x80 != 0;
    let framing = match input.choice % 10 {
        0 | 1 => Framing::Plain,
        2 => Framing::Events,
        3 => Framing::Lines,
        4 => Framing::Fields {
            roots: vec![String::new()],
        },
        5 => Framing::Multipart {
            boundary: b"edge".to_vec(),
            pass_opaque: pass,
        },
        6 => Framing::Message,
        7 => Framing::GrpcWebText {
            pass_compressed: pass,
        },
        8 => Framing::Connect {
            pass_compressed: pass,
        },
        _ => Framing::Grpc {
            pass_compressed: pass,
        },
    };
    let limits = match input.choice / 10 % 8 {
        0..=3 => Limits::default(),
        choice => Limits {
            held: 256,
            on_limit: match choice {
                4 => OnLimit::PassThrough,
                5 => OnLimit::MaskRest,
                _ => OnLimit::Truncate,
            },
        },
    };
    check_stream_within(limits, &input, &framing, &input.text);
});
