//! Parameters of header values: `; name=value`, as `Content-Type` and `Content-Disposition` have them.

/// The value of every parameter of this name, in lower case, unquoted; those of `name*` too, decoded.
///
/// Readers differ in which of several they take, so a caller who looks for secrets looks at all.
pub(super) fn values(text: &[u8], name: &str) -> Vec<Vec<u8>> {
    parameters(text)
        .filter_map(|(key, value)| {
            let (key, extended) = match key.strip_suffix(b"*") {
                Some(key) => (key, true),
                None => (key, false),
            };
            if !key.eq_ignore_ascii_case(name.as_bytes()) {
                return None;
            }
            Some(if extended { decoded(&value) } else { value })
        })
        .collect()
}

/// What stands before the parameters, in lower case.
pub(super) fn first(text: &[u8]) -> Vec<u8> {
    let first = text.split(|byte| *byte == b';').next().unwrap_or_default();
    first.trim_ascii().to_ascii_lowercase()
}

fn parameters(text: &[u8]) -> impl Iterator<Item = (&[u8], Vec<u8>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            // A quoted text holds semicolons of its own, but only those of parameters are quoted.
            let from = rest.iter().position(|byte| *byte == b';')? + 1;
            rest = rest.get(from..).unwrap_or_default();
            let length = rest
                .iter()
                .position(|byte| matches!(byte, b'=' | b';'))
                .unwrap_or(rest.len());
            if rest.get(length) != Some(&b'=') {
                continue;
            }
            let name = rest.get(..length).unwrap_or_default().trim_ascii();
            let (value, after) = value(rest.get(length + 1..).unwrap_or_default());
            rest = after;
            return Some((name, value));
        }
    })
}

/// A value, and what stands behind it.
fn value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let text = text.trim_ascii_start();
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let length = text
            .iter()
            .position(|byte| *byte == b';')
            .unwrap_or(text.len());
        let (value, after) = text.split_at_checked(length).unwrap_or((text, &[]));
        return (value.trim_ascii().to_vec(), after);
    };
    let (mut value, mut rest) = (Vec::new(), quoted);
    loop {
        rest = match rest {
            // Browsers leave the backslashes of a path as they are.
            [b'\\', byte @ (b'"' | b'\\'), after @ ..] => {
                value.push(*byte);
                after
            }
            [] | [b'"', ..] => return (value, rest),
            [byte, after @ ..] => {
                value.push(*byte);
                after
            }
        };
    }
}

/// RFC 8187: a character set, a language, and percent encoding.
fn decoded(text: &[u8]) -> Vec<u8> {
    let text = text.rsplit(|byte| *byte == b'\'').next().unwrap_or(text);
    crate::scrub::percent_decoded(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unquoted_and_decoded() {
        for (text, expected) in [
            ("form-data; name=a", vec!["a"]),
            (
                "form-data; Name = \"a;b\\\"c\\\\d\\e\" ; x",
                vec!["a;b\"c\\d\\e"],
            ),
            ("form-data;name=a;name=\"b", vec!["a", "b"]),
            ("x; filename=n; name*=UTF-8'en'p%61ss", vec!["pass"]),
            ("x; other=\"; name=no\"; name=yes", vec!["yes"]),
            ("name=a", vec![]),
            ("x; name", vec![]),
            ("x; name;", vec![]),
            ("x; name=", vec![""]),
        ] {
            assert_eq!(
                values(text.as_bytes(), "name"),
                expected
                    .iter()
                    .map(|value| value.as_bytes())
                    .collect::<Vec<_>>(),
                "{text}"
            );
        }
        assert_eq!(first(b" Form-Data ; name=a"), b"form-data");
    }
}
