//! A pattern, taken apart into what stands one behind the other.

use regex_syntax::ast::{Ast, Flag, Flags as Set, FlagsItemKind, GroupKind, parse::ParserBuilder};
use regex_syntax::hir::{Hir, translate::TranslatorBuilder};

/// The flags in force at a place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Flags {
    on: Vec<char>,
}

/// One part of a pattern.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Number of the group, if it is a capturing one.
    pub(super) group: Option<u32>,
    pub(super) ast: Ast,
    pub(super) flags: Flags,
    pub(super) hir: Hir,
}

pub(super) fn parse(pattern: &str) -> Result<Ast, String> {
    let mut parser = ParserBuilder::new().build();
    parser
        .parse(pattern)
        .map_err(|error| format!("has a pattern that cannot be read ({})", error.kind()))
}

impl Flags {
    fn apply(&mut self, set: &Set) {
        let mut negated = false;
        for item in &set.items {
            let flag = match item.kind {
                FlagsItemKind::Negation => {
                    negated = true;
                    continue;
                }
                FlagsItemKind::Flag(Flag::CaseInsensitive) => 'i',
                FlagsItemKind::Flag(Flag::MultiLine) => 'm',
                FlagsItemKind::Flag(Flag::DotMatchesNewLine) => 's',
                // Which of several matches is taken does not count here, nor Unicode.
                FlagsItemKind::Flag(_) => continue,
            };
            self.clear(flag);
            if !negated {
                self.on.push(flag);
            }
        }
    }

    pub(super) fn clear(&mut self, flag: char) {
        self.on.retain(|on| *on != flag);
    }

    /// A piece of pattern with these flags in force.
    pub(super) fn around(&self, text: &str) -> String {
        if self.on.is_empty() {
            return text.to_owned();
        }
        let on: String = self.on.iter().collect();
        format!("(?{on}:{text})")
    }

    pub(super) fn hir(&self, pattern: &str, ast: &Ast) -> Result<Hir, String> {
        let has = |flag| self.on.contains(&flag);
        let mut translator = TranslatorBuilder::new()
            .unicode(false)
            .utf8(false)
            .case_insensitive(has('i'))
            .multi_line(has('m'))
            .dot_matches_new_line(has('s'))
            .build();
        translator
            .translate(pattern, ast)
            .map_err(|error| format!("has a pattern that cannot be read ({})", error.kind()))
    }
}

/// The alternatives at the top of a pattern, each with the flags that are in force there.
pub(super) fn branches(pattern: &str, ast: &Ast, flags: &Flags) -> Result<Vec<Vec<Piece>>, String> {
    let mut flags = flags.clone();
    let all = match ast {
        Ast::Alternation(alternation) => alternation.asts.iter().collect(),
        other => vec![other],
    };
    all.into_iter()
        .map(|branch| {
            let mut pieces = Vec::new();
            flatten(pattern, branch, &mut flags, &mut pieces)?;
            Ok(pieces)
        })
        .collect()
}

fn flatten(
    pattern: &str,
    ast: &Ast,
    flags: &mut Flags,
    pieces: &mut Vec<Piece>,
) -> Result<(), String> {
    let mut piece = |group, ast: &Ast, flags: &Flags| {
        pieces.push(Piece {
            group,
            ast: ast.clone(),
            flags: flags.clone(),
            hir: flags.hir(pattern, ast)?,
        });
        Ok(())
    };
    match ast {
        Ast::Empty(_) => Ok(()),
        Ast::Flags(set) => {
            flags.apply(&set.flags);
            Ok(())
        }
        Ast::Concat(concat) => concat
            .asts
            .iter()
            .try_for_each(|part| flatten(pattern, part, flags, pieces)),
        Ast::Group(group) => {
            let mut inner = flags.clone();
            if let GroupKind::NonCapturing(set) = &group.kind {
                inner.apply(set);
                return match group.ast.as_ref() {
                    Ast::Alternation(_) => piece(None, &group.ast, &inner),
                    other => flatten(pattern, other, &mut inner, pieces),
                };
            }
            piece(ast_group(ast), &group.ast, &inner)
        }
        other => piece(None, other, flags),
    }
}

fn ast_group(ast: &Ast) -> Option<u32> {
    match ast {
        Ast::Group(group) => group.capture_index(),
        _ => None,
    }
}

/// What one behind the other say, as one pattern again. `edit` may put another text in the place of a part.
pub(super) fn join(
    pattern: &str,
    pieces: &[Piece],
    edit: &mut dyn FnMut(&Ast) -> Option<String>,
) -> String {
    let mut joined = String::new();
    let mut rest = pieces;
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|it| it.flags == first.flags).count();
        let (now, later) = rest.split_at_checked(same.max(1)).unwrap_or_default();
        let text: String = now
            .iter()
            .map(|piece| {
                let text = text(pattern, &piece.ast, edit);
                let alone = now.len() == 1 && pieces.len() == 1;
                match piece.ast {
                    // What the parentheses of a group held together.
                    Ast::Alternation(_) | Ast::Concat(_) if !alone => format!("(?:{text})"),
                    _ => text,
                }
            })
            .collect();
        joined.push_str(&first.flags.around(&text));
        rest = later;
    }
    joined
}

/// A part of a pattern as it is written, but for what is put in other words.
fn text(pattern: &str, ast: &Ast, edit: &mut dyn FnMut(&Ast) -> Option<String>) -> String {
    if let Some(other) = edit(ast) {
        return other;
    }
    let inside: Vec<&Ast> = match ast {
        Ast::Concat(concat) => concat.asts.iter().collect(),
        Ast::Alternation(alternation) => alternation.asts.iter().collect(),
        Ast::Group(group) => vec![&group.ast],
        Ast::Repetition(repetition) => vec![&repetition.ast],
        _ => Vec::new(),
    };
    let span = ast.span();
    let mut written = String::new();
    let mut at = span.start.offset;
    for part in inside {
        let part_span = part.span();
        written.push_str(pattern.get(at..part_span.start.offset).unwrap_or_default());
        written.push_str(&text(pattern, part, edit));
        at = part_span.end.offset;
    }
    written.push_str(pattern.get(at..span.end.offset).unwrap_or_default());
    written
}
