//! The names that a mistyped one may have meant.

use std::collections::BTreeSet;

/// Most names that are suggested.
const MOST: usize = 5;

/// The names nearest to one that does not exist: those that hold it, then those that differ in the fewest letters.
pub(super) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let near = wanted.len() / 3 + 1;
    let ranked: BTreeSet<(usize, &str)> = names
        .filter_map(|name| {
            let holds = wanted.len() > 2 && name.contains(wanted);
            let distance = if holds { 0 } else { distance(wanted, name) };
            (distance <= near).then_some((distance, name))
        })
        .collect();
    ranked
        .into_iter()
        .take(MOST)
        .map(|(_, name)| name)
        .collect()
}

/// Letters to insert, remove or replace.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (nth, a) in one.bytes().enumerate() {
        let mut left = nth + 1;
        let mut next = vec![left];
        for (pair, b) in row.windows(2).zip(other.bytes()) {
            let (diagonal, above) = match pair {
                [diagonal, above] => (*diagonal, *above),
                _ => (0, 0),
            };
            left = (diagonal + usize::from(a != b))
                .min(above + 1)
                .min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_near() {
        let names = ["github-pat", "gitlab-pat", "github-oauth-token", "aws-key"];
        let near = |wanted| nearest(wanted, names.into_iter());
        assert_eq!(near("github-pta").first(), Some(&"github-pat"));
        assert_eq!(near("github"), ["github-oauth-token", "github-pat"]);
        assert_eq!(near("xyzzy"), Vec::<&str>::new());
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
