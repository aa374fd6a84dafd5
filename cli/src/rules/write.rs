//! Writes texts as TOML has them, patterns without escapes where that can be.

/// One text in quotes.
pub(super) fn quoted(text: &str) -> String {
    let plain = !text.chars().any(|it| it.is_control());
    if plain && !text.contains('\'') {
        return format!("'{text}'");
    }
    if plain && !text.contains("'''") && !text.ends_with('\'') {
        return format!("'''{text}'''");
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// One text in the quotes that people use for names.
pub(super) fn named(text: &str) -> String {
    let plain = !text
        .chars()
        .any(|it| it.is_control() || matches!(it, '"' | '\\'));
    if plain {
        format!("\"{text}\"")
    } else {
        quoted(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_read_back() {
        for text in [
            "",
            "plain",
            r"[\w-]+",
            "it's",
            "ends with '",
            "'''",
            "a\nb\tc\u{1}",
            r#"both ' and ""#,
            "'",
        ] {
            for written in [quoted(text), named(text)] {
                let table: toml::Table = format!("a = {written}").parse().unwrap();
                assert_eq!(table["a"].as_str(), Some(text), "{written}");
            }
        }
        assert_eq!(named("Acme"), "\"Acme\"");
        assert_eq!(quoted("it's"), "'''it's'''");
    }
}
