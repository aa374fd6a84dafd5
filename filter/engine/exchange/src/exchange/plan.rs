//! What happens to a body, decided when its headers are known.

use veilgate_redact::Framing;

use crate::{
    config::{Encoded, Redaction, Uninspected},
    exchange::recoding,
    headers,
    step::Headers,
};

/// What happens to a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// There is none.
    Empty,
    /// It goes through the redactor.
    Scan(Framing),
    /// It goes on uninspected; the reason is counted.
    Pass(&'static str),
    /// It does not go on.
    Withhold(&'static str),
}

/// Headers that describe bytes which will not be the ones that go on.
pub(crate) const OF_THE_OLD_BYTES: &[&str] = &[
    "content-length",
    "etag",
    "content-md5",
    "digest",
    "content-digest",
    "repr-digest",
    "accept-ranges",
];

/// Plans a response body. `roots` are the JSON pointers of a guarded secret, empty for any other response.
pub(crate) fn response(
    redaction: &Redaction,
    headers: &Headers,
    status: u16,
    end: bool,
    roots: &[String],
) -> Plan {
    if end || matches!(status, 204 | 304) {
        return Plan::Empty;
    }
    let holds_fields = !roots.is_empty() && (200..300).contains(&status);
    // What an operator lets pass uninspected are credentials that may turn up; the fields of a guarded secret are certain to be there.
    let choice = |choice| {
        if holds_fields {
            Uninspected::Withhold
        } else {
            choice
        }
    };
    if status == 206 || headers::first(headers, "content-range").is_some() {
        return uninspected(choice(redaction.partial), "partial");
    }
    if let Some(undecoded) = undecoded(redaction, headers) {
        return uninspected(choice(undecoded), "encoded");
    }
    if holds_fields {
        let media_type = headers::media_type(headers);
        return match media_type.as_str() {
            "" | "application/json" => Plan::Scan(Framing::Fields {
                roots: roots.to_vec(),
            }),
            _ => Plan::Withhold("not-json"),
        };
    }
    by_media_type(redaction, headers)
}

/// Plans a request body.
pub(crate) fn request(redaction: &Redaction, headers: &Headers, end: bool) -> Plan {
    if end {
        return Plan::Empty;
    }
    if let Some(undecoded) = undecoded(redaction, headers) {
        return uninspected(undecoded, "encoded");
    }
    by_media_type(redaction, headers)
}

fn by_media_type(redaction: &Redaction, headers: &Headers) -> Plan {
    if is_wide(headers) {
        return uninspected(redaction.opaque, "opaque");
    }
    let media_type = headers::media_type(headers);
    match media_type.as_str() {
        "text/event-stream" => Plan::Scan(Framing::Events),
        // The whole body is base64 of frames: nothing inside can be read as it flows.
        name if name.starts_with("application/grpc-web-text") => {
            uninspected(redaction.opaque, "opaque")
        }
        name if is_grpc(name) => Plan::Scan(Framing::Grpc {
            pass_compressed: redaction.opaque == Uninspected::Pass,
        }),
        _ => Plan::Scan(Framing::Plain),
    }
}

/// Whether the text is in a character set whose letters are not the bytes of ASCII, where no rule can find anything.
fn is_wide(headers: &Headers) -> bool {
    const WIDE: [&str; 8] = [
        "utf-16",
        "utf16",
        "utf-32",
        "utf32",
        "utf-7",
        "ucs-",
        "iso-10646",
        "unicode",
    ];
    let content_type = headers::first(headers, "content-type").unwrap_or_default();
    let content_type = String::from_utf8_lossy(content_type).to_ascii_lowercase();
    content_type
        .split(';')
        .skip(1)
        .filter_map(|parameter| parameter.trim().strip_prefix("charset"))
        .filter_map(|rest| rest.trim_start().strip_prefix('='))
        .map(|value| value.trim().trim_matches(['"', '\'']))
        .any(|charset| {
            WIDE.iter().any(|name| charset.starts_with(name)) || charset.contains("ebcdic")
        })
}

/// gRPC and gRPC-Web, whatever the message format.
pub(crate) fn is_grpc(media_type: &str) -> bool {
    ["application/grpc", "application/grpc-web"]
        .iter()
        .any(|name| {
            media_type
                .strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
        })
}

/// What happens to a body that is encoded and will not be decoded; None for any other.
fn undecoded(redaction: &Redaction, headers: &Headers) -> Option<Uninspected> {
    match (recoding::codings(headers), redaction.encoded) {
        (Some(codings), _) if codings.is_empty() => None,
        (Some(_), Encoded::Decode | Encoded::DecodeOrPass) => None,
        (_, Encoded::Pass) | (None, Encoded::DecodeOrPass) => Some(Uninspected::Pass),
        (_, Encoded::Withhold) | (None, Encoded::Decode) => Some(Uninspected::Withhold),
    }
}

fn uninspected(choice: Uninspected, reason: &'static str) -> Plan {
    match choice {
        Uninspected::Withhold => Plan::Withhold(reason),
        Uninspected::Pass => Plan::Pass(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pairs: &[(&str, &str)]) -> Headers {
        pairs
            .iter()
            .map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec()))
            .collect()
    }

    fn plan(status: u16, pairs: &[(&str, &str)]) -> Plan {
        response(&Redaction::default(), &list(pairs), status, false, &[])
    }

    #[test]
    fn what_cannot_be_read_is_withheld_until_an_operator_says_otherwise() {
        assert_eq!(
            plan(200, &[("content-encoding", "compress")]),
            Plan::Withhold("encoded")
        );
        assert_eq!(
            plan(200, &[("content-encoding", "gzip, aws-chunked")]),
            Plan::Withhold("encoded")
        );
        assert_eq!(
            plan(206, &[("content-range", "bytes 0-1/9")]),
            Plan::Withhold("partial")
        );
        assert_eq!(
            plan(200, &[("content-type", "application/grpc-web-text+proto")]),
            Plan::Withhold("opaque")
        );
        let open = Redaction {
            encoded: Encoded::Pass,
            ..Redaction::default()
        };
        assert_eq!(
            response(
                &open,
                &list(&[("content-encoding", "gzip")]),
                200,
                false,
                &[]
            ),
            Plan::Pass("encoded")
        );
    }

    #[test]
    fn text_in_wide_characters_cannot_be_read() {
        for charset in ["utf-16", "UTF-16LE", "\"utf-32\"", "UCS-2", "utf-7"] {
            let kind = format!("text/plain; x=1 ; Charset = {charset}");
            assert_eq!(
                plan(200, &[("content-type", &kind)]),
                Plan::Withhold("opaque"),
                "{charset}"
            );
        }
        for charset in ["utf-8", "iso-8859-1", "windows-1252", "shift_jis"] {
            let kind = format!("text/plain; charset={charset}");
            assert_eq!(
                plan(200, &[("content-type", &kind)]),
                Plan::Scan(Framing::Plain)
            );
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_withheld_or_passed_as_the_operator_says() {
        let known: &[_] = &[
            ("content-encoding", "identity, br"),
            ("content-encoding", "GZIP"),
        ];
        let unknown: &[_] = &[("content-encoding", "gzip, compress")];
        let plain: &[_] = &[("content-encoding", "identity, ,")];
        let scan = Plan::Scan(Framing::Plain);
        let (withhold, pass) = (Plan::Withhold("encoded"), Plan::Pass("encoded"));
        for (encoded, of_known, of_unknown) in [
            (Encoded::Decode, &scan, &withhold),
            (Encoded::DecodeOrPass, &scan, &pass),
            (Encoded::Withhold, &withhold, &withhold),
            (Encoded::Pass, &pass, &pass),
        ] {
            let redaction = Redaction {
                encoded,
                ..Redaction::default()
            };
            for (headers, expected) in [(known, of_known), (unknown, of_unknown), (plain, &scan)] {
                let headers = list(headers);
                assert_eq!(
                    response(&redaction, &headers, 200, false, &[]),
                    *expected,
                    "{encoded:?}"
                );
                assert_eq!(request(&redaction, &headers, false), *expected);
            }
        }
    }

    #[test]
    fn the_media_type_chooses_the_framing() {
        assert_eq!(
            plan(200, &[("content-type", "text/event-stream; charset=utf-8")]),
            Plan::Scan(Framing::Events)
        );
        assert_eq!(
            plan(200, &[("content-type", "application/grpc+proto")]),
            Plan::Scan(Framing::Grpc {
                pass_compressed: false
            })
        );
        assert_eq!(
            plan(200, &[("content-type", "application/grpcish")]),
            Plan::Scan(Framing::Plain)
        );
        assert_eq!(plan(200, &[]), Plan::Scan(Framing::Plain));
    }

    #[test]
    fn only_a_successful_answer_holds_the_fields_of_a_secret() {
        let roots = ["/data/data".to_owned()];
        let json = list(&[("content-type", "application/json")]);
        let plan = |status, headers: &Headers| {
            response(&Redaction::default(), headers, status, false, &roots)
        };
        assert_eq!(
            plan(200, &json),
            Plan::Scan(Framing::Fields {
                roots: roots.to_vec()
            })
        );
        assert_eq!(plan(404, &json), Plan::Scan(Framing::Plain));
        assert_eq!(
            plan(200, &list(&[("content-type", "text/html")])),
            Plan::Withhold("not-json")
        );
    }

    #[test]
    fn the_fields_of_a_secret_never_pass_uninspected() {
        let open = Redaction {
            encoded: Encoded::Pass,
            partial: Uninspected::Pass,
            ..Redaction::default()
        };
        let roots = ["/data".to_owned()];
        for (status, header, reason) in [
            (200, ("content-encoding", "gzip"), "encoded"),
            (206, ("content-range", "bytes 0-1/9"), "partial"),
        ] {
            let headers = list(&[header]);
            assert_eq!(
                response(&open, &headers, status, false, &roots),
                Plan::Withhold(reason)
            );
            assert_eq!(
                response(&open, &headers, status, false, &[]),
                Plan::Pass(reason)
            );
        }
    }

    #[test]
    fn no_body_is_no_plan() {
        for status in [204, 304] {
            assert_eq!(plan(status, &[("content-encoding", "gzip")]), Plan::Empty);
        }
        assert_eq!(
            response(
                &Redaction::default(),
                &list(&[("content-encoding", "gzip")]),
                200,
                true,
                &[]
            ),
            Plan::Empty
        );
    }
}
