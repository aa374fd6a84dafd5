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
    let pass_opaque = redaction.opaque == Uninspected::Pass;
    let mut framings = headers::all(headers, "content-type")
        .map(|content_type| Framing::for_content_type(content_type, pass_opaque));
    let framing = framings.next().unwrap_or(Some(Framing::Plain));
    match framing {
        // Readers differ in which of several headers they believe.
        Some(framing) if framings.all(|other| other.as_ref() == Some(&framing)) => {
            Plan::Scan(framing)
        }
        _ => uninspected(redaction.opaque, "opaque"),
    }
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
        for kind in ["multipart/form-data", "text/plain; charset=utf-16"] {
            let headers = [("content-type", kind)];
            assert_eq!(plan(200, &headers), Plan::Withhold("opaque"));
        }
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
    fn the_content_type_chooses_the_framing() {
        assert_eq!(
            plan(200, &[("content-type", "text/event-stream; charset=utf-8")]),
            Plan::Scan(Framing::Events)
        );
        assert_eq!(plan(200, &[]), Plan::Scan(Framing::Plain));
        for (opaque, pass_opaque) in [(Uninspected::Withhold, false), (Uninspected::Pass, true)] {
            let redaction = Redaction {
                opaque,
                ..Redaction::default()
            };
            let headers = list(&[("content-type", "multipart/form-data; boundary=b")]);
            assert_eq!(
                request(&redaction, &headers, false),
                Plan::Scan(Framing::Multipart {
                    boundary: b"b".to_vec(),
                    pass_opaque
                })
            );
        }
    }

    #[test]
    fn content_types_that_contradict_each_other_cannot_be_read() {
        let kind = |kind| ("content-type", kind);
        let same = [
            kind("application/json"),
            kind("application/json; charset=utf-8"),
        ];
        assert_eq!(plan(200, &same), Plan::Scan(Framing::Plain));
        for other in [
            "multipart/form-data; boundary=b",
            "text/plain; charset=utf-16",
        ] {
            let headers = [kind("application/json"), kind(other)];
            assert_eq!(plan(200, &headers), Plan::Withhold("opaque"));
        }
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
