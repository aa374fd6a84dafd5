//! gRPC-Web as text: frames in base64, in one run or padded wherever a sender likes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{
    Encoding, Input, NEXT_FIELD, assert_survives_nothing, base64, check_stream, decoded, framed,
};
use veilgate_redact::Framing;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[Encoding::Raw], &[NEXT_FIELD], &[NEXT_FIELD]) else {
        return;
    };
    let framing = Framing::GrpcWebText {
        pass_compressed: false,
    };
    if input.choice & 0x80 != 0 {
        check_stream(&input, &framing, &input.text);
        return;
    }
    let framed = framed(&input);
    let text = match input.choice >> 1 & 3 {
        0 => base64(&framed.body),
        // Each frame by itself.
        1 => {
            let mut ends = framed.heads.clone();
            ends.push(framed.body.len());
            let frames = ends.windows(2).map(|pair| &framed.body[pair[0]..pair[1]]);
            frames.flat_map(base64).collect()
        }
        _ => input
            .pieces(&framed.body)
            .into_iter()
            .flat_map(base64)
            .collect(),
    };
    let whole = check_stream(&input, &framing, &text);
    assert_eq!(whole.result, Ok(()));
    let out = decoded(&whole.out).expect("the output is base64");
    framed.assert_same_frames(&out);
    assert_survives_nothing(&input.planted, &framed.body, &out);
});
