//! Percent-encoding: in request targets up to three layers, in forms and any other text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, assert_survives_nothing, check_stream, masker, rules};
use veilgate_redact::{Framing, MaskAll, Scrubber};

fuzz_target!(|data: &[u8]| {
    let encodings = [
        Encoding::Percent,
        Encoding::PercentAll,
        Encoding::PercentTwice,
    ];
    let Some(input) = Input::new(data, &encodings, b"&x=", b"&") else {
        return;
    };
    if input.choice & 1 == 1 {
        check_stream(&input, &Framing::Plain, &input.text);
        return;
    }
    let scrubber = Scrubber::new(rules(), masker());
    let out = scrubber
        .target(&input.text, &mut MaskAll)
        .expect("nothing is blocked");
    let out = out.as_deref().unwrap_or(&input.text);
    assert_survives_nothing(&input.planted, &input.text, out);
    let again = scrubber.target(out, &mut MaskAll);
    assert!(again.is_ok());
});
