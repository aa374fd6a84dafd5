//! Names of parts: fields of a form, some of them nested.

use crate::rules::{Holds, Name};
use crate::{RuleId, RuleSet};

/// The rule for values under this name, if it ends with the name of a secret field at the start of a word: `password`, `newPassword`,
/// `user[password]`, `users[0][password][]`.
pub(super) fn field(rules: &RuleSet, name: &[u8]) -> Option<RuleId> {
    let identifier = flat(name);
    // A name counts where a value may follow it.
    let assigned = [identifier.as_slice(), b"="].concat();
    let starts_word = |at: usize| {
        let mut bytes = identifier.iter().skip(at.saturating_sub(1));
        match (at, bytes.next(), bytes.next()) {
            (0, ..) => true,
            (_, Some(before), Some(byte)) => {
                !before.is_ascii_alphanumeric()
                    || byte.is_ascii_uppercase() && !before.is_ascii_uppercase()
            }
            _ => false,
        }
    };
    let mut starts = (0..identifier.len()).filter(|at| starts_word(*at));
    let found = starts.find_map(|at| {
        let rest = assigned.get(at..)?;
        rules.spellings.find(rest).find_map(|name| match name {
            // Of a name that says little the value has to be seen.
            Name::Known(name) if name.holds == Holds::Random => None,
            Name::Known(name) if name.length + 1 == rest.len() => Some(RuleId(name.rule)),
            _ => None,
        })
    });
    found.filter(|_| !rules.carriers.fields.excluded(&identifier))
}

/// The name as one identifier: `user[password]` is `user_password`.
fn flat(name: &[u8]) -> Vec<u8> {
    let mut flat: Vec<u8> = name
        .iter()
        .filter(|byte| **byte != b']')
        .map(|byte| if *byte == b'[' { b'_' } else { *byte })
        .collect();
    while flat.last() == Some(&b'_') {
        flat.pop();
    }
    flat
}
