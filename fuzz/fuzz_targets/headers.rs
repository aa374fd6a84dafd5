//! Header values, by names that say what they hold and by any other name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, assert_survives_nothing, masker, rules};
use veilgate_redact::{MaskAll, Scrubber};

const NAMES: [&[u8]; 10] = [
    b"authorization",
    b"cookie",
    b"set-cookie",
    b"location",
    b"x-debug",
    b"X-API-Key",
    b"grpc-status-details-bin",
    b"link",
    b"www-authenticate",
    b"",
];

fuzz_target!(|data: &[u8]| {
    let encodings = [Encoding::Raw, Encoding::Percent];
    let Some(input) = Input::new(data, &encodings, b" ", b" ") else {
        return;
    };
    let (name, value) = match NAMES[usize::from(input.choice) % NAMES.len()] {
        b"" => {
            let colon = input.text.iter().position(|byte| *byte == b':');
            input.text.split_at(colon.unwrap_or(0))
        }
        name => (name, input.text.as_slice()),
    };
    let scrubber = Scrubber::new(rules(), masker());
    let scrubbed = scrubber
        .header(name, value, &mut MaskAll)
        .expect("nothing is blocked");
    let out = scrubbed.as_deref().unwrap_or(value);
    // Where the name is a part of the text, so may be what tells that a value is a credential.
    if name.is_empty() || value.len() == input.text.len() {
        assert_survives_nothing(&input.planted, value, out);
    }
    let breaks = |value: &[u8]| value.iter().filter(|byte| b"\r\n".contains(byte)).count();
    assert!(breaks(out) <= breaks(value), "a line break was added");
    assert!(scrubber.header(name, out, &mut MaskAll).is_ok());
});
