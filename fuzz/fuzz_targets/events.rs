//! Server-sent events: each goes out with its blank line, and comes to what it would come to alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, assert_each_alone, check_stream};
use veilgate_redact::Framing;

fuzz_target!(|data: &[u8]| {
    let encodings = [Encoding::Raw, Encoding::Json];
    let Some(input) = Input::new(data, &encodings, b"\ndata: ", b"\n") else {
        return;
    };
    let whole = check_stream(&input, &Framing::Events, &input.text);
    assert_each_alone(&Framing::Events, &events(&input.text), ends_event, &whole);
});

/// The text, cut behind every blank line. The line feed behind a carriage return that ends an event is a text of its own.
fn events(text: &[u8]) -> Vec<&[u8]> {
    let (mut events, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let end = (1..=rest.len())
            .find(|end| ends_event(&rest[..*end]))
            .unwrap_or(rest.len());
        let (event, behind) = rest.split_at(end);
        events.push(event);
        rest = behind;
    }
    events
}

/// Whether a text that starts with a line ends with a blank one.
fn ends_event(text: &[u8]) -> bool {
    let (mut empty, mut after_cr, mut ends) = (true, false, false);
    for byte in text {
        ends = false;
        match byte {
            b'\n' if after_cr => {}
            b'\n' | b'\r' => ends = std::mem::replace(&mut empty, true),
            _ => empty = false,
        }
        after_cr = *byte == b'\r';
    }
    ends
}
