//! Values that go on: what they have to have, and what goes on behind it.

use regex_syntax::ast::Ast;
use regex_syntax::hir::{Hir, HirKind};

use super::bytes::{Bytes, class as class_of};
use super::pieces::{Piece, join};

/// A value in what it has to have and what goes on behind.
pub(super) struct Tail {
    pub(super) pattern: String,
    pub(super) tail: String,
    /// What it consists of.
    pub(super) class: Bytes,
}

impl Tail {
    /// None if anything but the last part, and what may be missing behind it, is longer than `most`.
    pub(super) fn of(pattern: &str, value: &[Piece], most: usize) -> Option<Self> {
        let is_open = |piece: &Piece| {
            let longest = piece.hir.properties().maximum_len();
            longest.is_none_or(|it| it > most)
        };
        let at = value.iter().position(is_open)?;
        let (head, rest) = value.split_at_checked(at)?;
        let (open, padding) = rest.split_first()?;
        let optional = |it: &Piece| it.hir.properties().minimum_len() == Some(0) && !is_open(it);
        let Ast::Repetition(repetition) = &open.ast else {
            return None;
        };
        if !padding.iter().all(optional) {
            return None;
        }
        let set = class_of(&repeated(&open.hir)?)?;
        let plain = &mut |_: &Ast| None;
        let class = Piece {
            ast: (*repetition.ast).clone(),
            ..open.clone()
        };
        let class = join(pattern, &[class], plain);
        let least = match open.hir.properties().minimum_len().unwrap_or(0) {
            0 => String::new(),
            least => format!("{class}{{{least}}}"),
        };
        Some(Self {
            pattern: format!("{}{least}", join(pattern, head, plain)),
            tail: format!("{class}*{}", join(pattern, padding, plain)),
            class: set,
        })
    }
}

fn repeated(hir: &Hir) -> Option<Hir> {
    match hir.kind() {
        HirKind::Repetition(repetition) => Some((*repetition.sub).clone()),
        _ => None,
    }
}
