//! What stands in for a field with a mistake, so that the next mistake of the same rule can be found.

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// The fields of a table, each with its place in the text.
pub(super) type Fields<'a> = Vec<Field<'a>>;
type Field<'a> = (Spanned<DeString<'a>>, Spanned<DeValue<'a>>);

/// A rule with nothing wrong, whose fields stand in for those that have to be there.
const SOUND: &str = r#"
kind = "x"
title = "x"
category = "saas"
confidence = "high"
lead = "xxxx="
context = ["xxxx"]
pattern = "xxxx0000"
examples = ["x"]
"#;

/// Takes a field that was reported out of a rule, and puts a sound one in its place where the rule needs one. False if that changes nothing.
pub(super) fn repair(rule: &mut Fields<'_>, field: &str) -> bool {
    // Of two that exclude each other the one that was not reported stays.
    let replaced = match field {
        "context" if has(rule, "lead") => None,
        // What a lead provides is missed by the pattern.
        "lead" | "context" => sound(field),
        "kind" | "title" | "category" | "confidence" | "pattern" | "examples" => sound(field),
        _ => None,
    };
    if field == "pattern" {
        remove(rule, "max_length");
    }
    let removed = remove(rule, field);
    let mends = replaced.is_some();
    rule.extend(replaced);
    removed || mends
}

fn has(rule: &Fields<'_>, field: &str) -> bool {
    rule.iter().any(|(key, _)| key.get_ref() == field)
}

fn remove(rule: &mut Fields<'_>, field: &str) -> bool {
    let known = rule.len();
    rule.retain(|(key, _)| key.get_ref() != field);
    rule.len() < known
}

fn sound(field: &str) -> Option<Field<'static>> {
    let (fields, _) = DeTable::parse_recoverable(SOUND);
    let mut fields = fields.into_inner().into_iter();
    fields.find(|(key, _)| key.get_ref() == field)
}
