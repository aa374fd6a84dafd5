//! Which framing a body of a content type has.

use super::{Framing, multipart, parameters};

impl Framing {
    /// The framing of a body whose `content-type` is this; of an empty one, text.
    ///
    /// None if nothing in such a body can be found: a `multipart` type without a usable boundary, or text in a character set whose letters are not
    /// the bytes of ASCII (UTF-16, EBCDIC). `pass_opaque` says what becomes of single messages and parts that cannot be read; see the variants.
    /// O(length).
    pub fn for_content_type(content_type: &[u8], pass_opaque: bool) -> Option<Self> {
        if is_wide(content_type) {
            return None;
        }
        let essence = parameters::first(content_type);
        let (essence, suffix) = match essence.iter().position(|byte| *byte == b'+') {
            Some(at) => essence.split_at_checked(at).unwrap_or((&essence, &[])),
            None => (essence.as_slice(), &[][..]),
        };
        Some(match (essence, suffix) {
            (b"text/event-stream", _) => Self::Events,
            (b"application/grpc-web-text", _) => Self::GrpcWebText {
                pass_compressed: pass_opaque,
            },
            (b"application/grpc" | b"application/grpc-web", _) => Self::Grpc {
                pass_compressed: pass_opaque,
            },
            (b"application/connect", _) => Self::Connect {
                pass_compressed: pass_opaque,
            },
            (essence, _) if essence.starts_with(b"multipart/") => {
                return boundary(content_type).map(|boundary| Self::Multipart {
                    boundary,
                    pass_opaque,
                });
            }
            (essence, suffix) if is_lines(essence, suffix) => Self::Lines,
            (essence, suffix) if is_message(essence, suffix) => Self::Message,
            _ => Self::Plain,
        })
    }
}

/// Whether the text is in a character set whose letters are not the bytes of ASCII, where no rule can find anything.
pub(super) fn is_wide(content_type: &[u8]) -> bool {
    const WIDE: [&[u8]; 8] = [
        b"utf-16",
        b"utf16",
        b"utf-32",
        b"utf32",
        b"utf-7",
        b"ucs-",
        b"iso-10646",
        b"unicode",
    ];
    parameters::values(content_type, "charset")
        .iter()
        .map(|charset| charset.trim_ascii().to_ascii_lowercase())
        .any(|charset| {
            let charset = charset.strip_prefix(b"'").unwrap_or(&charset);
            WIDE.iter().any(|name| charset.starts_with(name))
                || charset.windows(6).any(|word| word == b"ebcdic")
        })
}

/// The boundary, if there is one and only one.
fn boundary(content_type: &[u8]) -> Option<Vec<u8>> {
    let mut boundaries = parameters::values(content_type, "boundary").into_iter();
    let boundary = boundaries.next()?;
    (multipart::is_valid(&boundary) && boundaries.all(|other| other == boundary))
        .then_some(boundary)
}

/// JSON texts, one to a line or record.
fn is_lines(essence: &[u8], suffix: &[u8]) -> bool {
    const LINES: [&[u8]; 12] = [
        b"application/x-ndjson",
        b"application/ndjson",
        b"application/jsonl",
        b"application/x-jsonl",
        b"application/jsonlines",
        b"application/x-jsonlines",
        b"application/json-lines",
        b"application/x-json-stream",
        b"application/json-seq",
        b"text/x-ndjson",
        b"text/ndjson",
        b"text/jsonl",
    ];
    LINES.contains(&essence)
        || matches!(suffix, b"+x-ndjson" | b"+ndjson" | b"+json-seq" | b"+jsonl")
        || (essence, suffix) == (b"application/stream", b"+json")
}

/// Binary encodings in which strings have a length before them.
fn is_message(essence: &[u8], suffix: &[u8]) -> bool {
    const MESSAGES: [&[u8]; 14] = [
        b"application/proto",
        b"application/protobuf",
        b"application/x-protobuf",
        b"application/x-protobuffer",
        b"application/vnd.google.protobuf",
        b"application/vnd.kubernetes.protobuf",
        b"application/cbor",
        b"application/msgpack",
        b"application/x-msgpack",
        b"application/vnd.msgpack",
        b"application/bson",
        b"application/x-thrift",
        b"application/vnd.apache.thrift.binary",
        b"avro/binary",
    ];
    MESSAGES.contains(&essence)
        || matches!(suffix, b"+proto" | b"+protobuf" | b"+cbor" | b"+msgpack")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(content_type: &str) -> Option<Framing> {
        Framing::for_content_type(content_type.as_bytes(), false)
    }

    #[test]
    fn the_content_type_chooses_the_framing() {
        let grpc = Framing::Grpc {
            pass_compressed: false,
        };
        let text = Framing::GrpcWebText {
            pass_compressed: false,
        };
        let connect = Framing::Connect {
            pass_compressed: false,
        };
        for (content_type, expected) in [
            ("", Framing::Plain),
            ("application/json", Framing::Plain),
            ("application/vnd.api+json", Framing::Plain),
            ("Text/Event-Stream; charset=utf-8", Framing::Events),
            ("application/x-ndjson", Framing::Lines),
            ("application/JSONL ;x=1", Framing::Lines),
            (
                "application/vnd.elasticsearch+x-ndjson; v=8",
                Framing::Lines,
            ),
            ("application/geo+json-seq", Framing::Lines),
            ("application/stream+json", Framing::Lines),
            ("application/grpc", grpc.clone()),
            ("application/grpc+json", grpc.clone()),
            ("application/grpc-web+proto", grpc),
            ("application/grpc-web-text", text.clone()),
            ("application/grpc-web-text+proto", text),
            ("application/grpcish", Framing::Plain),
            ("application/connect+json", connect),
            ("application/x-protobuf; proto=a.B", Framing::Message),
            ("application/senml+cbor", Framing::Message),
        ] {
            assert_eq!(framing(content_type), Some(expected), "{content_type}");
        }
    }

    #[test]
    fn a_multipart_body_needs_one_boundary() {
        let boundary = |boundary: &str| Framing::Multipart {
            boundary: boundary.into(),
            pass_opaque: false,
        };
        for (content_type, expected) in [
            ("multipart/form-data; boundary=a", Some(boundary("a"))),
            (
                "Multipart/Mixed;x=1;Boundary = \"a b\"",
                Some(boundary("a b")),
            ),
            (
                "multipart/mixed; boundary=-; boundary=\"-\"",
                Some(boundary("-")),
            ),
            ("multipart/mixed; boundary=a; boundary=b", None),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=\"a \"", None),
            ("multipart/form-data; boundary=\"a\nb\"", None),
        ] {
            assert_eq!(framing(content_type), expected, "{content_type}");
        }
        let long = format!("multipart/mixed; boundary={}", "b".repeat(201));
        assert_eq!(framing(&long), None);
    }

    #[test]
    fn text_in_wide_characters_cannot_be_read() {
        for charset in [
            "utf-16",
            "UTF-16LE",
            "\"utf-32\"",
            "'UCS-2'",
            "utf-7",
            "x-ebcdic-us",
        ] {
            let content_type = format!("text/plain; x=1 ; Charset = {charset}");
            assert_eq!(framing(&content_type), None, "{charset}");
        }
        for charset in ["utf-8", "iso-8859-1", "windows-1252", "shift_jis"] {
            let content_type = format!("text/plain; charset={charset}");
            assert_eq!(framing(&content_type), Some(Framing::Plain));
        }
    }
}
