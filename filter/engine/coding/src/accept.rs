//! What a client accepts.

use crate::coding::{Coding, tokens};

/// The codings that a client accepts, as its `accept-encoding` says.
#[derive(Clone, Debug, Default)]
pub struct Accepted {
    /// Names in lower case, and whether each is accepted.
    named: Vec<(Vec<u8>, bool)>,
}

impl Accepted {
    /// Reads the values of `accept-encoding`.
    pub fn new<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Accepted {
        let named = tokens(values)
            .map(|item| {
                let (name, parameters) = split(item);
                (name.to_ascii_lowercase(), !is_refused(parameters))
            })
            .collect();
        Accepted { named }
    }

    /// Whether a body in this coding is accepted. A client that says nothing accepts none: it may know none.
    pub fn takes(&self, coding: Coding) -> bool {
        let alias: &[u8] = match coding {
            Coding::Gzip => b"x-gzip",
            _ => b"",
        };
        self.says(coding.name().as_bytes())
            .or_else(|| self.says(alias))
            .or_else(|| self.says(b"*"))
            .unwrap_or(false)
    }

    /// Whether a body that is not encoded is accepted: always, unless it is refused in so many words.
    pub fn takes_identity(&self) -> bool {
        self.says(b"identity")
            .or_else(|| self.says(b"*"))
            .unwrap_or(true)
    }

    fn says(&self, name: &[u8]) -> Option<bool> {
        self.named
            .iter()
            .find(|(named, _)| named == name)
            .map(|(_, taken)| *taken)
    }
}

/// The same wish without the codings that are not decoded here, as a value of `accept-encoding`; None when none is left.
pub fn decodable<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Option<Vec<u8>> {
    let kept: Vec<&[u8]> = tokens(values)
        .filter(|item| {
            let (name, _) = split(item);
            name.eq_ignore_ascii_case(b"identity") || Coding::named(name).is_some()
        })
        .collect();
    (!kept.is_empty()).then(|| kept.join(&b", "[..]))
}

fn split(item: &[u8]) -> (&[u8], &[u8]) {
    let at = item
        .iter()
        .position(|byte| *byte == b';')
        .unwrap_or(item.len());
    let (name, parameters) = item.split_at_checked(at).unwrap_or((item, b""));
    (name.trim_ascii(), parameters)
}

/// Whether parameters hold a weight of zero.
fn is_refused(parameters: &[u8]) -> bool {
    parameters
        .split(|byte| *byte == b';')
        .filter_map(|parameter| {
            let parameter = parameter.trim_ascii();
            parameter
                .strip_prefix(b"q=")
                .or_else(|| parameter.strip_prefix(b"Q="))
        })
        .any(|weight| !weight.is_empty() && weight.iter().all(|byte| matches!(byte, b'0' | b'.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &str) -> Accepted {
        Accepted::new([value.as_bytes()])
    }

    #[test]
    fn a_coding_is_taken_when_it_is_named_or_all_are() {
        assert!(accepted("br;q=0.5, GZIP").takes(Coding::Gzip));
        assert!(accepted("x-gzip").takes(Coding::Gzip));
        assert!(accepted("*").takes(Coding::Gzip));
        assert!(!accepted("gzip;q=0, *").takes(Coding::Gzip));
        assert!(!accepted("gzip ; q=0.000").takes(Coding::Gzip));
        assert!(accepted("gzip;q=0.001").takes(Coding::Gzip));
        assert!(!accepted("").takes(Coding::Gzip));
    }

    #[test]
    fn identity_is_taken_unless_it_is_refused() {
        for taken in ["", "gzip", "identity;q=0.1, *;q=0"] {
            assert!(accepted(taken).takes_identity(), "{taken}");
        }
        for refused in ["gzip, identity;q=0", "gzip, *;q=0"] {
            assert!(!accepted(refused).takes_identity(), "{refused}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_not_asked_for() {
        let values = [
            b"gzip;q=0.8, dcb, compress".as_slice(),
            b"*, identity;q=0, Deflate",
        ];
        assert_eq!(
            decodable(values).unwrap(),
            b"gzip;q=0.8, identity;q=0, Deflate"
        );
        assert_eq!(decodable([b"dcb, *".as_slice()]), None);
    }
}
