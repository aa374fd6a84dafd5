//! multipart/form-data: parts stay parts, in clear and in base64.
#![no_main]

use libfuzzer_sys::fuzz_target;
use veilgate_fuzz::{Encoding, Input, assert_survives_nothing, base64, check_stream, decoded};
use veilgate_redact::Framing;

const BOUNDARY: &[u8] = b"\r\n--edge";
const NEXT_PART: u8 = 0;
const NAMES: [&str; 5] = [
    "note",
    "password",
    "token_type",
    "file\"; filename=\"x",
    "api_key",
];

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::new(data, &[Encoding::Raw], &[NEXT_PART], &[NEXT_PART]) else {
        return;
    };
    let framing = Framing::Multipart {
        boundary: b"edge".to_vec(),
        pass_opaque: input.choice & 0x40 != 0,
    };
    if input.choice & 0x80 != 0 {
        check_stream(&input, &framing, &input.text);
        return;
    }
    let body = body(&input);
    let whole = check_stream(&input, &framing, &body);
    // A boundary that the fuzzer wrote may stand where none is one.
    if memchr::memmem::find(&input.text, b"--edge").is_some() || whole.result.is_err() {
        return;
    }
    assert_eq!(count(&whole.out), count(&body), "a boundary is gone");
    assert_survives_nothing(&input.planted, &contents(&body), &contents(&whole.out));
});

/// The parts of a text, every other one in base64.
fn body(input: &Input) -> Vec<u8> {
    let mut body = Vec::new();
    for (nth, part) in input.text.split(|byte| *byte == NEXT_PART).enumerate() {
        let nth = nth + usize::from(input.choice & 0x3f);
        let name = NAMES[nth % NAMES.len()];
        let encoding = if nth % 2 == 0 { "8bit" } else { "base64" };
        let head = format!(
            "\r\nContent-Disposition: form-data; name=\"{name}\"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        body.extend_from_slice(BOUNDARY);
        body.extend_from_slice(head.as_bytes());
        match encoding {
            "base64" => body.extend(
                base64(part)
                    .chunks(76)
                    .collect::<Vec<_>>()
                    .join(&b"\r\n"[..]),
            ),
            _ => body.extend_from_slice(part),
        }
    }
    body.extend_from_slice(BOUNDARY);
    body.extend_from_slice(b"--\r\n");
    body
}

/// What the parts of a body decode to, one after the other.
fn contents(body: &[u8]) -> Vec<u8> {
    let mut contents = Vec::new();
    let mut ends = memchr::memmem::find_iter(body, BOUNDARY).peekable();
    while let (Some(from), Some(to)) = (ends.next(), ends.peek()) {
        let part = &body[from..*to];
        let blank = memchr::memmem::find(part, b"\r\n\r\n").expect("a part has a head");
        let (head, content) = part.split_at(blank);
        if memchr::memmem::find(head, b"base64").is_some() {
            let digits: Vec<u8> = content
                .iter()
                .filter(|byte| !byte.is_ascii_whitespace())
                .copied()
                .collect();
            // A part that is masked whole is none.
            contents.extend(decoded(&digits).unwrap_or(digits));
        } else {
            contents.extend_from_slice(content);
        }
    }
    contents
}

fn count(body: &[u8]) -> usize {
    memchr::memmem::find_iter(body, BOUNDARY).count()
}
