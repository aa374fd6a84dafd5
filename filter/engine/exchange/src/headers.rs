//! Reading and editing header lists.

use crate::step::Headers;

/// The first value of `name`, which must be in lower case.
pub(crate) fn first<'h>(headers: &'h Headers, name: &str) -> Option<&'h [u8]> {
    all(headers, name).next()
}

/// Every value of `name`, in order.
pub(crate) fn all<'h>(headers: &'h Headers, name: &str) -> impl Iterator<Item = &'h [u8]> {
    headers
        .iter()
        .filter(move |(key, _)| key.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value.as_slice())
}

/// Drops every header named in `names`; tells whether any was there.
pub(crate) fn remove(headers: &mut Headers, names: &[&str]) -> bool {
    let before = headers.len();
    headers.retain(|(key, _)| {
        !names
            .iter()
            .any(|name| key.eq_ignore_ascii_case(name.as_bytes()))
    });
    headers.len() != before
}

/// Whether a comma-separated header lists `token`, whatever its case.
pub(crate) fn lists_token(headers: &Headers, name: &str, token: &str) -> bool {
    all(headers, name)
        .flat_map(|value| value.split(|byte| *byte == b','))
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
}

/// A media type without its parameters, in lower case; empty when there is none.
pub(crate) fn media_type(headers: &Headers) -> String {
    let value = first(headers, "content-type").unwrap_or_default();
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
    String::from_utf8_lossy(essence.trim_ascii()).to_ascii_lowercase()
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

    #[test]
    fn every_duplicate_is_found_and_removed() {
        let mut headers = list(&[("set-cookie", "a=1"), ("etag", "x"), ("Set-Cookie", "b=2")]);
        assert_eq!(all(&headers, "set-cookie").count(), 2);
        assert!(remove(&mut headers, &["set-cookie"]));
        assert_eq!(headers, list(&[("etag", "x")]));
        assert!(!remove(&mut headers, &["set-cookie"]));
    }

    #[test]
    fn tokens_are_found_in_any_value_and_case() {
        let headers = list(&[
            ("connection", "keep-alive"),
            ("connection", "close, UPGRADE"),
        ]);
        assert!(lists_token(&headers, "connection", "upgrade"));
        assert!(!lists_token(&headers, "connection", "te"));
    }

    #[test]
    fn a_media_type_loses_its_parameters() {
        assert_eq!(
            media_type(&list(&[(
                "content-type",
                "Application/JSON ; charset=utf-8"
            )])),
            "application/json"
        );
        assert_eq!(media_type(&list(&[])), "");
    }
}
