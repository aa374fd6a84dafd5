//! How deep a policy text nests, found without parsing it.
//!
//! The parser, the validator and the evaluator all recurse once per level of an expression, and a chain `a || b || c` is as deep as it is
//! long. On the stack of a WebAssembly module a few hundred levels end the whole module, so the text is measured before anything recurses.

/// Deepest nesting of brackets.
pub(super) const DEEPEST: usize = 40;
/// Most operators in one policy, each of which can be one more level.
pub(super) const MOST_OPERATORS: usize = 240;

/// Where one policy statement begins, as a byte offset.
pub(super) type Start = usize;

/// What is too deep, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooDeep {
    pub(super) offset: usize,
    pub(super) message: String,
}

/// The beginnings of all statements, in order.
///
/// # Errors
/// The first place that is nested too deep.
pub(super) fn statements(text: &str) -> Result<Vec<Start>, TooDeep> {
    let mut starts = Vec::new();
    let (mut open, mut operators, mut inside, mut after_word) = (0_usize, 0_usize, false, false);
    let mut characters = text.char_indices().peekable();
    while let Some((offset, character)) = characters.next() {
        if character.is_whitespace() {
            after_word = false;
            continue;
        }
        if character == '/' && characters.next_if(|(_, next)| *next == '/').is_some() {
            while characters
                .next_if(|(_, next)| !matches!(next, '\n' | '\r'))
                .is_some()
            {}
            after_word = false;
            continue;
        }
        if !inside {
            starts.push(offset);
            inside = true;
        }
        let is_word = character.is_alphanumeric() || character == '_';
        let starts_word = is_word && !after_word;
        after_word = is_word;
        match character {
            '"' => {
                while let Some((_, next)) = characters.next() {
                    match next {
                        '\\' => drop(characters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open = open.saturating_sub(1),
            ';' => (open, operators, inside) = (0, 0, false),
            // Two-character operators count twice, which errs on the safe side, except that `::` in names is no operator at all.
            '|' | '&' | '!' | '+' | '-' | '*' | '<' | '>' | '=' | '.' => {
                operators += 1;
                characters.next_if(|(_, next)| *next == character || *next == '=');
            }
            _ if starts_word && is_operator(text.get(offset..).unwrap_or_default()) => {
                operators += 1;
            }
            _ => {}
        }
        if open > DEEPEST {
            return Err(TooDeep {
                offset,
                message: format!(
                    "brackets are nested deeper than {DEEPEST} levels: split the policy"
                ),
            });
        }
        if operators > MOST_OPERATORS {
            return Err(TooDeep {
                offset,
                message: format!(
                    "a policy has more than {MOST_OPERATORS} operators: split it, or write `[\"a\", \"b\"].contains(x)`"
                ),
            });
        }
    }
    Ok(starts)
}

/// Whether a text begins with an operator that is a word.
fn is_operator(text: &str) -> bool {
    let end = text
        .find(|character: char| !character.is_alphanumeric() && character != '_')
        .unwrap_or(text.len());
    matches!(
        text.get(..end),
        Some("if" | "then" | "else" | "in" | "has" | "like" | "is")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_begin_where_they_begin() {
        let text = "// a comment; with a semicolon\npermit (principal, action, resource);\n  @id(\"a;b\\\"(\")\nforbid (principal, action, resource);";
        let starts = statements(text).expect("shallow");
        assert_eq!(
            starts,
            [
                text.find("permit").expect("there"),
                text.find("@id").expect("there")
            ]
        );
    }

    #[test]
    fn depth_is_refused_before_it_is_parsed() {
        let deep = format!(
            "permit (principal, action, resource) when {{ {}true{} }};",
            "(".repeat(50),
            ")".repeat(50)
        );
        assert!(
            statements(&deep)
                .expect_err("too deep")
                .message
                .contains("brackets")
        );
        for operator in ["||", "&&", "+", "-", "*"] {
            let long = format!(
                "permit (principal, action, resource) when {{ {} true }};",
                format!("true {operator} ").repeat(300)
            );
            assert!(
                statements(&long)
                    .expect_err("too long")
                    .message
                    .contains("operators"),
                "{operator}"
            );
        }
        let negations = format!(
            "permit (principal, action, resource) when {{ {}true }};",
            "!".repeat(600)
        );
        assert!(statements(&negations).is_err());
        let conditionals = format!(
            "permit (principal, action, resource) when {{ {} true }};",
            "if true then true else ".repeat(100)
        );
        assert!(statements(&conditionals).is_err());
        let members = format!(
            "permit (principal, action, resource) when {{ context{} }};",
            ".a".repeat(300)
        );
        assert!(statements(&members).is_err());
    }

    #[test]
    fn text_in_strings_and_comments_does_not_count() {
        let text = format!(
            "permit (principal, action, resource) when {{ \"{}\" == \"x\" }}; // {}",
            "(||".repeat(500),
            "((".repeat(500)
        );
        assert!(statements(&text).is_ok());
    }
}
