//! What other tools do on the same texts: run once, with their rules of early 2026, and written down. gitleaks is an emulation of its published patterns, keywords, entropies and
//! allowlists; noseyparker, titus and kingfisher are their regular expressions.

/// Macro recall by rule; a tool's own examples, and those of its kin, say little of it.
pub(super) fn by_rule(corpus: &str) -> Option<&'static str> {
    match corpus {
        "gitleaks" => Some(
            "others: gitleaks .991 (own), noseyparker .222, titus .523, kingfisher .388, detect-secrets .425, ripsecrets .162",
        ),
        "noseyparker" => Some(
            "others: gitleaks .596, noseyparker 1.0 (own), titus 1.0 (kin), kingfisher .691 (kin), detect-secrets .334, ripsecrets .327",
        ),
        "kingfisher" => Some(
            "others: gitleaks .477, noseyparker .332 (kin), titus .471 (kin), kingfisher .931 (own), detect-secrets .102, ripsecrets .268",
        ),
        _ => None,
    }
}

pub(super) const LABELLED: &str = "    others, on all of it, recall / precision: gitleaks .251 / .844, noseyparker .341 / .708, titus .348 / .683, kingfisher .227 / .596, detect-secrets .497 / .507, ripsecrets .205 / .809\n";

pub(super) const CLEAN: &str = "    others: gitleaks 1.60, noseyparker .43, kingfisher .43, detect-secrets 101, ripsecrets .96\n";
