//! Entities of XML and HTML, around credentials and inside them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, check_stream};
use veilgate_redact::Framing;

fuzz_target!(|data: &[u8]| {
    let encodings = [Encoding::Xml, Encoding::XmlEscapes];
    let Some(input) = Input::new(data, &encodings, b"<b>", b"</b>") else {
        return;
    };
    let body = match input.choice % 3 {
        0 => input.text.clone(),
        1 => [b"<a>".as_slice(), &input.text, b"</a>"].concat(),
        _ => [b"<a b=\"".as_slice(), &input.text, b"\"/>"].concat(),
    };
    check_stream(&input, &Framing::Plain, &body);
});
