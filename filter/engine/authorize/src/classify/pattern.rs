//! Path templates: `keys/{key}/rotate`, `data/{path+}`, `metadata/{path*}`.

/// A compiled path template with at most one variable of many segments.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    before: Vec<Part>,
    many: Option<Many>,
    after: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    One(String),
}

#[derive(Clone, Debug)]
struct Many {
    name: String,
    least: usize,
}

impl Pattern {
    /// Compiles a template. The empty template is the mount itself.
    pub(super) fn compile(template: &str) -> Result<Self, String> {
        let mut pattern = Self {
            before: Vec::new(),
            many: None,
            after: Vec::new(),
        };
        if template.is_empty() {
            return Ok(pattern);
        }
        for segment in template.split('/') {
            let variable = segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            let Some(variable) = variable else {
                if segment.is_empty() || segment.contains(['{', '}']) {
                    return Err(format!(
                        "`{template}` has a segment `{segment}` that is neither a name nor a `{{variable}}`"
                    ));
                }
                pattern.push(Part::Literal(segment.to_owned()));
                continue;
            };
            let (name, least) = match (variable.strip_suffix('+'), variable.strip_suffix('*')) {
                (Some(name), _) => (name, Some(1)),
                (_, Some(name)) => (name, Some(0)),
                _ => (variable, None),
            };
            match least {
                None => pattern.push(Part::One(name.to_owned())),
                Some(_) if pattern.many.is_some() => {
                    return Err(format!(
                        "`{template}` has more than one variable of many segments"
                    ));
                }
                Some(least) => {
                    pattern.many = Some(Many {
                        name: name.to_owned(),
                        least,
                    });
                }
            }
        }
        Ok(pattern)
    }

    /// The literal that a path must begin with, if there is one.
    pub(super) fn first_literal(&self) -> Option<&str> {
        match self.before.first() {
            Some(Part::Literal(literal)) => Some(literal),
            _ => None,
        }
    }

    /// Whether the number of segments is fixed, as a resource's template must have it.
    pub(super) fn is_fixed(&self) -> bool {
        self.many.is_none()
    }

    /// Names of the variables.
    pub(super) fn variables(&self) -> impl Iterator<Item = &str> {
        let ones = self
            .before
            .iter()
            .chain(&self.after)
            .filter_map(|part| match part {
                Part::One(name) => Some(name.as_str()),
                Part::Literal(_) => None,
            });
        ones.chain(self.many.iter().map(|many| many.name.as_str()))
    }

    /// Matches a path and returns what its variables stand for.
    pub(super) fn matches<'a>(&'a self, segments: &'a [String]) -> Option<Bindings<'a>> {
        let (head, rest) = segments.split_at_checked(self.before.len())?;
        let (middle, tail) = rest.split_at_checked(rest.len().checked_sub(self.after.len())?)?;
        let fits = match &self.many {
            Some(many) => middle.len() >= many.least,
            None => middle.is_empty(),
        };
        if !fits || !all_match(&self.before, head) || !all_match(&self.after, tail) {
            return None;
        }
        Some(Bindings {
            pattern: self,
            head,
            middle,
            tail,
        })
    }

    fn push(&mut self, part: Part) {
        if self.many.is_some() {
            self.after.push(part);
        } else {
            self.before.push(part);
        }
    }
}

fn all_match(parts: &[Part], segments: &[String]) -> bool {
    parts
        .iter()
        .zip(segments)
        .all(|(part, segment)| match part {
            Part::Literal(literal) => literal == segment,
            Part::One(_) => true,
        })
}

/// What the variables of a pattern stand for in one path.
pub(super) struct Bindings<'a> {
    pattern: &'a Pattern,
    head: &'a [String],
    middle: &'a [String],
    tail: &'a [String],
}

impl<'a> Bindings<'a> {
    /// The segments of another template, in which `{x}` stands for all segments of this pattern's `x`.
    pub(super) fn fill(&self, template: &'a Pattern) -> Vec<&'a str> {
        let mut segments = Vec::new();
        for part in &template.before {
            match part {
                Part::Literal(literal) => segments.push(literal.as_str()),
                Part::One(name) => segments.extend(self.value(name).iter().map(String::as_str)),
            }
        }
        segments
    }

    fn value(&self, wanted: &str) -> &'a [String] {
        if self
            .pattern
            .many
            .as_ref()
            .is_some_and(|many| many.name == wanted)
        {
            return self.middle;
        }
        let before = self.pattern.before.iter().zip(self.head);
        let after = self.pattern.after.iter().zip(self.tail);
        let found = before
            .chain(after)
            .find(|(part, _)| matches!(part, Part::One(name) if name == wanted));
        found
            .map(|(_, segment)| std::slice::from_ref(segment))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(path: &str) -> Vec<String> {
        path.split('/')
            .filter(|segment| !segment.is_empty())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn templates_match_what_they_say() {
        let table = [
            ("data/{path+}", "data/a/b", true),
            ("data/{path+}", "data", false),
            ("metadata/{path*}", "metadata", true),
            ("metadata/{path*}", "metadata/a/b", true),
            ("keys/{key}/rotate", "keys/k/rotate", true),
            ("keys/{key}/rotate", "keys/rotate", false),
            ("keys/{key}/rotate", "keys/a/b/rotate", false),
            (
                "{scope+}/acme/order/{order}/cert",
                "issuer/x/acme/order/1/cert",
                true,
            ),
            (
                "{scope+}/acme/order/{order}/cert",
                "acme/order/1/cert",
                false,
            ),
            ("", "", true),
            ("", "x", false),
        ];
        for (template, path, expected) in table {
            let pattern = Pattern::compile(template).expect(template);
            assert_eq!(
                pattern.matches(&split(path)).is_some(),
                expected,
                "{template} on {path}"
            );
        }
    }

    #[test]
    fn variables_move_into_the_resource() {
        let table = [
            ("data/{path+}", "{path}", "data/a/b", "a/b"),
            ("sign/{key}/{alg}", "keys/{key}", "sign/k/sha2", "keys/k"),
            (
                "{scope+}/acme/order/{order}/cert",
                "orders/{order}",
                "issuer/x/acme/order/1/cert",
                "orders/1",
            ),
            ("metadata/{path*}", "{path}", "metadata", ""),
        ];
        for (template, resource, path, expected) in table {
            let (pattern, resource) = (
                Pattern::compile(template).expect(template),
                Pattern::compile(resource).expect(resource),
            );
            let path = split(path);
            assert_eq!(
                pattern
                    .matches(&path)
                    .expect(template)
                    .fill(&resource)
                    .join("/"),
                expected,
                "{template}"
            );
        }
    }

    #[test]
    fn a_template_that_could_match_in_two_ways_is_refused() {
        for template in ["{a+}/{b*}", "a//b", "a/{b", "a/b}c"] {
            assert!(Pattern::compile(template).is_err(), "{template}");
        }
    }
}
