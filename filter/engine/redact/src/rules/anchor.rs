//! Finds where a rule may start: the literals of all rules in one Aho-Corasick automaton, one transition per byte.
//!
//! Why not a ready-made one: searchers for streams keep a fixed window of the longest literal and report only the first of two literals that
//! overlap. Here the state is carried over, every literal is reported, and the state also tells how many of the last bytes can still become a
//! literal, which is all that must be held back. And every VM of a proxy builds this once for its own set of rules, so that has to be quick.

use std::collections::VecDeque;

use super::bytes::ByteSet;
use super::rule::Rule;
use crate::RuleError;

/// Where the anchor automaton is: the offset of a row in its table, [`MATCH`] set where a literal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnchorState(u32);

pub(crate) struct Anchors {
    /// For each byte its column; 0 for a byte of no literal. Both cases of a letter share one.
    classes: [u8; 256],
    width: usize,
    cells: Vec<AnchorState>,
    /// By row.
    nodes: Vec<Node>,
    literals: Vec<Literal>,
    /// The different demands of values on the byte before them.
    demands: Vec<Option<ByteSet>>,
}

/// One literal and the rules that start with it.
pub(crate) struct Literal {
    pub(crate) length: u64,
    pub(crate) rules: Vec<u16>,
}

/// The start of a literal, or all of it.
#[derive(Clone, Copy, Default)]
struct Node {
    /// Bytes of it.
    depth: u8,
    /// The longest other node that it ends with.
    suffix: usize,
    /// The literal that it is.
    literal: Option<usize>,
    /// If it is the start of a value and not of a lead: index of what must stand before it.
    demand: Option<usize>,
    /// Whether it or any of its suffixes is a literal.
    ends: bool,
}

const MATCH: u32 = 1 << 31;

impl Anchors {
    pub(super) fn compile(rules: &[Rule]) -> Result<Self, RuleError> {
        let classes = classes(rules);
        let mut anchors = Self {
            width: usize::from(classes.iter().copied().max().unwrap_or(0)) + 1,
            classes,
            cells: Vec::new(),
            nodes: Vec::new(),
            literals: Vec::new(),
            demands: Vec::new(),
        };
        anchors.add_node(0);
        for (id, rule) in (0u16..).zip(rules) {
            for anchor in &rule.matcher.anchors {
                anchors.insert(anchor, id, rule);
            }
        }
        if anchors.cells.len() >= MATCH as usize {
            return Err(RuleError::Anchors(format!(
                "{} states are too many",
                anchors.nodes.len()
            )));
        }
        anchors.link();
        Ok(anchors)
    }

    pub(crate) fn start(&self) -> AnchorState {
        AnchorState(0)
    }

    #[inline]
    pub(crate) fn step(&self, state: AnchorState, byte: u8) -> AnchorState {
        let class = self.classes.get(usize::from(byte)).copied().unwrap_or(0);
        let cell = (state.0 & !MATCH) as usize + usize::from(class);
        self.cells.get(cell).copied().unwrap_or(AnchorState(0))
    }

    #[inline]
    pub(crate) fn is_match(&self, state: AnchorState) -> bool {
        state.0 & MATCH != 0
    }

    /// The literals that end at this state.
    pub(crate) fn found(&self, state: AnchorState) -> impl Iterator<Item = &Literal> {
        self.suffixes(state)
            .take_while(|node| node.ends)
            .filter_map(|node| self.literals.get(node.literal?))
    }

    /// How many of the last bytes may be the start of a literal not complete yet.
    pub(crate) fn pending(&self, state: AnchorState) -> u64 {
        self.suffixes(state)
            .next()
            .map_or(0, |node| u64::from(node.depth))
    }

    /// The same, of literals that are part of a value: these bytes must not be given out yet. `allowed` says whether a value may start that many
    /// bytes back, given what must stand before it.
    pub(crate) fn pending_value(
        &self,
        state: AnchorState,
        allowed: impl Fn(u64, &ByteSet) -> bool,
    ) -> u64 {
        let held = self.suffixes(state).find(|node| {
            let demand = node.demand.and_then(|nth| self.demands.get(nth));
            demand.is_some_and(|before| {
                before
                    .as_ref()
                    .is_none_or(|before| allowed(u64::from(node.depth), before))
            })
        });
        held.map_or(0, |node| u64::from(node.depth))
    }

    /// What the bytes so far end with: every start of a literal, the longest first.
    fn suffixes(&self, state: AnchorState) -> impl Iterator<Item = &Node> {
        let node = (state.0 & !MATCH) as usize / self.width;
        let known = |index: usize| (index != 0).then(|| self.nodes.get(index)).flatten();
        std::iter::successors(known(node), move |node| known(node.suffix))
    }

    fn insert(&mut self, anchor: &[u8], id: u16, rule: &Rule) {
        let mut at = 0;
        for (byte, depth) in anchor.iter().zip(1..) {
            let cell = self.cell(at, *byte);
            at = match self.cells.get(cell) {
                Some(AnchorState(next)) if *next != 0 => *next as usize,
                _ => {
                    let next = self.add_node(depth);
                    if let Some(cell) = self.cells.get_mut(cell) {
                        *cell = AnchorState(u32::try_from(next).unwrap_or(0));
                    }
                    next
                }
            };
            if rule.matcher.lead.is_none() {
                self.demand(at, rule.matcher.before);
            }
        }
        let fresh = self.literals.len();
        let Some(node) = self.nodes.get_mut(at) else {
            return;
        };
        match self.literals.get_mut(*node.literal.get_or_insert(fresh)) {
            Some(literal) => literal.rules.push(id),
            None => self.literals.push(Literal {
                length: anchor.len() as u64,
                rules: vec![id],
            }),
        }
    }

    fn add_node(&mut self, depth: u8) -> usize {
        self.nodes.push(Node {
            depth,
            ..Node::default()
        });
        self.cells
            .resize(self.nodes.len() * self.width, AnchorState(0));
        self.nodes.len() - 1
    }

    /// Notes what must stand before a value that starts like this; nothing, if one of them does not care.
    fn demand(&mut self, at: usize, before: Option<ByteSet>) {
        let Some(node) = self.nodes.get_mut(at) else {
            return;
        };
        let demand = match node.demand.and_then(|nth| self.demands.get(nth)) {
            Some(other) => other.zip(before).map(|(one, other)| one.union(other)),
            None => before,
        };
        let known = self.demands.iter().position(|other| *other == demand);
        node.demand = Some(known.unwrap_or(self.demands.len()));
        if known.is_none() {
            self.demands.push(demand);
        }
    }

    /// Breadth first, fills in where a byte leads that no literal goes on with: where it leads from the longest suffix. Until then cells
    /// hold nodes, afterwards states.
    fn link(&mut self) {
        let mut queue = VecDeque::from([0]);
        while let Some(at) = queue.pop_front() {
            let suffix = self.nodes.get(at).map_or(0, |node| node.suffix);
            for class in 0..self.width {
                let from_suffix = match at {
                    0 => AnchorState(0),
                    _ => self.get(suffix * self.width + class),
                };
                let cell = at * self.width + class;
                let child = self.get(cell).0 as usize;
                let state = if child == 0 {
                    from_suffix
                } else {
                    queue.push_back(child);
                    self.adopt(child, from_suffix)
                };
                if let Some(cell) = self.cells.get_mut(cell) {
                    *cell = state;
                }
            }
        }
    }

    /// Gives a node its longest suffix.
    fn adopt(&mut self, child: usize, suffix: AnchorState) -> AnchorState {
        let row = u32::try_from(child * self.width).unwrap_or(0);
        let inherits = self.is_match(suffix);
        let Some(node) = self.nodes.get_mut(child) else {
            return AnchorState(0);
        };
        node.suffix = (suffix.0 & !MATCH) as usize / self.width;
        node.ends = inherits || node.literal.is_some();
        AnchorState(if node.ends { row | MATCH } else { row })
    }

    fn cell(&self, node: usize, byte: u8) -> usize {
        let class = self.classes.get(usize::from(byte)).copied().unwrap_or(0);
        node * self.width + usize::from(class)
    }

    fn get(&self, cell: usize) -> AnchorState {
        self.cells.get(cell).copied().unwrap_or(AnchorState(0))
    }
}

/// Numbers the bytes that literals consist of, from 1.
fn classes(rules: &[Rule]) -> [u8; 256] {
    let mut used = [false; 256];
    let anchors = rules.iter().flat_map(|rule| &rule.matcher.anchors);
    for byte in anchors.flatten() {
        if let Some(used) = used.get_mut(usize::from(byte.to_ascii_lowercase())) {
            *used = true;
        }
    }
    // Upper-case letters are never used themselves, so the numbers stay below 256.
    let mut count = 0;
    let numbers = used.map(|used| {
        count += u8::from(used);
        if used { count } else { 0 }
    });
    std::array::from_fn(|byte| {
        let lower = u8::try_from(byte).unwrap_or(0).to_ascii_lowercase();
        numbers.get(usize::from(lower)).copied().unwrap_or(0)
    })
}

#[cfg(test)]
mod tests {
    use crate::RuleSet;

    /// Literals that end, and starts of literals that the text ends with, found the slow way.
    #[test]
    fn every_literal_and_every_start_of_one_is_seen() {
        let rules = RuleSet::builtin().unwrap();
        let anchors = &rules.anchors;
        let literals: Vec<(&[u8], u16)> = (0..)
            .zip(&rules.rules)
            .flat_map(|(id, rule)| {
                rule.matcher
                    .anchors
                    .iter()
                    .map(move |it| (it.as_slice(), id))
            })
            .collect();
        let start_of = |text: &[u8]| {
            literals
                .iter()
                .filter(|(it, _)| it.starts_with(text))
                .count()
        };
        // Every ninth literal, cut, glued to the next and in changing case.
        let glued: Vec<u8> = literals
            .iter()
            .step_by(9)
            .enumerate()
            .flat_map(|(nth, (literal, _))| {
                let cut = literal.len() - (nth % 3).min(literal.len());
                let upper = nth % 2 == 0;
                let case = move |byte: &u8| {
                    if upper {
                        byte.to_ascii_uppercase()
                    } else {
                        *byte
                    }
                };
                literal[..cut]
                    .iter()
                    .map(case)
                    .chain((nth % 5 == 0).then_some(b'\xff'))
            })
            .collect();
        let mut state = anchors.start();
        for end in 1..=glued.len() {
            state = anchors.step(state, glued[end - 1]);
            let text = glued[end.saturating_sub(16)..end].to_ascii_lowercase();
            let mut expected: Vec<(u64, u16)> = literals
                .iter()
                .filter(|(literal, _)| text.ends_with(literal))
                .map(|(literal, id)| (literal.len() as u64, *id))
                .collect();
            let mut found: Vec<(u64, u16)> = anchors
                .found(state)
                .flat_map(|it| it.rules.iter().map(|id| (it.length, *id)))
                .collect();
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected, "at {end}");
            assert_eq!(anchors.is_match(state), !expected.is_empty());
            let pending = (0..text.len()).find(|from| start_of(&text[*from..]) > 0);
            let pending = pending.map_or(0, |from| (text.len() - from) as u64);
            assert_eq!(anchors.pending(state), pending, "at {end}");
        }
    }
}
