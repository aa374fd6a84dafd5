//! The grammar of `x-forwarded-client-cert`: elements divided by commas, pairs by semicolons, values quoted where they hold either.

/// What one element says about one certificate.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// SHA-256 of the certificate in hexadecimal.
    pub(super) hash: Option<String>,
    /// URI SANs in order.
    pub(super) uris: Vec<String>,
}

/// The last element, which is the one that the nearest proxy wrote. `None` when any part of the header breaks the grammar, since then
/// it is not sure where the last element begins.
pub(super) fn last_element(header: &str) -> Option<Element> {
    let mut element = Element::default();
    let mut rest = header;
    loop {
        let (key, after) = rest.split_once('=')?;
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        let (value, after) = take_value(after)?;
        if key.eq_ignore_ascii_case("hash") {
            if element.hash.replace(value).is_some() {
                return None;
            }
        } else if key.eq_ignore_ascii_case("uri") && !value.is_empty() {
            element.uris.push(value);
        }
        let mut characters = after.chars();
        match characters.next() {
            None => return Some(element),
            Some(';') => rest = characters.as_str(),
            Some(',') => {
                element = Element::default();
                rest = characters.as_str().trim_start_matches([' ', '\t']);
            }
            Some(_) => return None,
        }
    }
}

/// A value and what follows it. Inside quotes a backslash takes the next character literally.
fn take_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ';']).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end)?;
        return (!value.contains('"')).then(|| (value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(hash: &str, uris: &[&str]) -> Element {
        Element {
            hash: (!hash.is_empty()).then(|| hash.to_owned()),
            uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        }
    }

    #[test]
    fn the_last_element_counts() {
        let table = [
            ("Hash=aa;URI=spiffe://a/b", element("aa", &["spiffe://a/b"])),
            ("hash=aa;uri=x;URI=y;DNS=z", element("aa", &["x", "y"])),
            ("Hash=aa;URI=x,Hash=bb;URI=y", element("bb", &["y"])),
            ("Hash=aa;URI=x, Hash=bb", element("bb", &[])),
            (
                r#"By=p;Hash=aa;Subject="CN=a,b;c=\"d\"";URI=x"#,
                element("aa", &["x"]),
            ),
            (
                r#"Hash=aa;Subject="CN=ends in backslash\\";URI=x"#,
                element("aa", &["x"]),
            ),
            (
                r#"Hash=aa;Subject="CN=evil,Hash=bb;URI=forged""#,
                element("aa", &[]),
            ),
            (r#"Hash=aa;URI="a;b,c""#, element("aa", &["a;b,c"])),
            ("Hash=aa;URI=", element("aa", &[])),
        ];
        for (header, expected) in table {
            assert_eq!(last_element(header).as_ref(), Some(&expected), "{header}");
        }
    }

    #[test]
    fn a_broken_header_has_no_last_element() {
        let table = [
            "",
            ",",
            "Hash",
            "Hash=aa;",
            "Hash=aa,",
            "=aa",
            "Hash=aa;Hash=bb",
            r#"Hash=aa;Subject="unterminated"#,
            r#"Hash=aa;Subject="CN=x"y;URI=z"#,
            r#"Hash=aa;Subject=CN"x"#,
            "Ha sh=aa",
        ];
        for header in table {
            assert_eq!(last_element(header), None, "{header}");
        }
    }
}
