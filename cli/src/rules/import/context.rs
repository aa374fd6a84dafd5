//! The usual shape of a rule of gitleaks for values that are plain: a word, the rest of a name, an operator, a quote.

use regex_syntax::hir::{Hir, HirKind};

use super::bytes::{class, first};
use super::pieces::{Flags, Piece};

/// The words that stand before a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) usable: Vec<String>,
    /// Too short, or with bytes that no name has.
    pub(super) dropped: Vec<String>,
}

/// Most words that one expression may stand for.
const MOST: usize = 256;
/// Shorter words are a part of too many names.
const SHORTEST: usize = 4;
/// A class of more bytes is any of them.
const FEW: usize = 8;

/// The words, if this is what stands before the value: optional parts, a word, optional parts, an operator, optional parts.
pub(super) fn words(pattern: &str, before: &[Piece]) -> Option<Words> {
    let required = |piece: &Piece| {
        piece
            .hir
            .properties()
            .minimum_len()
            .is_some_and(|it| it > 0)
    };
    let operator = before.iter().rposition(required)?;
    let set = first(before.get(operator).map(|it| &it.hir)).bytes;
    if !(set.has(b'=') && set.has(b':')) {
        return None;
    }
    let name = before.get(..operator)?;
    let (from, to) = (
        name.iter().position(required)?,
        name.iter().rposition(required)?,
    );
    let mut all = vec![Vec::new()];
    for piece in name.get(from..=to)? {
        // Words are compared without case: each is wanted once.
        let hir = piece.flags.without_case().hir(pattern, &piece.ast).ok()?;
        all = product(&all, &expand(&hir)?)?;
    }
    let all = all.into_iter().map(|word| String::from_utf8(word).ok());
    Some(Words::of(all.collect::<Option<Vec<String>>>()?))
}

impl Words {
    /// Sorts out what can be a word of a context.
    pub(super) fn of(all: impl IntoIterator<Item = String>) -> Self {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let mut all: Vec<String> = all
            .into_iter()
            .map(|word| word.to_ascii_lowercase())
            .collect();
        all.sort();
        all.dedup();
        let fits = |word: &String| word.len() >= SHORTEST && word.bytes().all(is_part);
        let (mut usable, dropped): (Vec<String>, _) = all.into_iter().partition(fits);
        // A word that starts with another one is found by that.
        usable.dedup_by(|later, earlier| later.starts_with(earlier.as_str()));
        Self { usable, dropped }
    }
}

impl Flags {
    fn without_case(&self) -> Self {
        let mut flags = self.clone();
        flags.clear('i');
        flags
    }
}

/// All texts that this matches, if they are few.
fn expand(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        HirKind::Empty => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Class(_) => {
            let set = class(hir)?;
            match set.iter().count() {
                count if count <= FEW => Some(set.iter().map(|byte| vec![byte]).collect()),
                // A dot that was meant as one.
                count if count > 250 => Some(vec![b".".to_vec()]),
                _ => None,
            }
        }
        HirKind::Look(_) => None,
        HirKind::Capture(capture) => expand(&capture.sub),
        HirKind::Concat(parts) => parts
            .iter()
            .try_fold(vec![Vec::new()], |all, part| product(&all, &expand(part)?)),
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(expand(branch)?);
            }
            (all.len() <= MOST).then_some(all)
        }
        HirKind::Repetition(repetition) => {
            let one = expand(&repetition.sub)?;
            let mut longest = vec![Vec::new()];
            let mut all = if repetition.min == 0 {
                longest.clone()
            } else {
                Vec::new()
            };
            for count in 1..=repetition.max.filter(|most| *most <= 4)? {
                longest = product(&longest, &one)?;
                if count >= repetition.min {
                    all.extend(longest.iter().cloned());
                }
            }
            (all.len() <= MOST).then_some(all)
        }
    }
}

fn product(one: &[Vec<u8>], other: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let join = |a: &Vec<u8>, b: &Vec<u8>| a.iter().chain(b).copied().collect();
    (one.len() * other.len() <= MOST).then(|| {
        let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
        pairs.map(|(a, b)| join(a, b)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::pieces::{branches, parse};
    use super::*;

    fn found(pattern: &str) -> Option<Words> {
        let ast = parse(pattern).unwrap();
        let pieces = branches(pattern, &ast, &Flags::default()).unwrap();
        words(pattern, &pieces[0])
    }

    #[test]
    fn the_words_are_told_from_what_stands_around_them() {
        let behind =
            r#"(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}"#;
        for (word, usable, dropped) in [
            ("(?:acme)", vec!["acme"], vec![]),
            (
                "(?:acme|Other_Soft|acmekey)",
                vec!["acme", "other_soft"],
                vec![],
            ),
            ("(?:acme|key)", vec!["acme"], vec!["key"]),
            ("(?:a[_-]?cme)", vec!["a-cme", "a_cme", "acme"], vec![]),
            ("(?:(?-i:ACME|[Aa]cme))", vec!["acme"], vec![]),
            ("(?:Acme.init)", vec!["acme.init"], vec![]),
        ] {
            let words = found(&format!("(?i)[\\w.-]{{0,50}}?{word}{behind}")).unwrap();
            assert_eq!(words.usable, usable, "{word}");
            assert_eq!(words.dropped, dropped, "{word}");
        }
        assert_eq!(found(r"\bacme_"), None);
        assert_eq!(found(r#""secret"\s*=>\s*""#), None);
    }
}
