//! From texts to a policy set in which every policy is named, valid and shallow.

use std::collections::HashMap;
use std::str::FromStr;

use cedar_policy::{
    ActionConstraint, Effect, Policy, PolicyId, PolicySet, PrincipalConstraint, ResourceConstraint,
    Schema, ValidationMode, Validator,
};
use miette::Diagnostic;

use super::depth;
use super::error::{PolicyError, chain};

/// Most bytes of policy text, all texts together. Parsing takes some twenty times that in memory.
const MOST_BYTES: usize = 1 << 20;
/// Most policies, all texts together.
const MOST_POLICIES: usize = 2000;
/// The annotation that lets a policy permit everything to everyone.
const ALLOW_UNRESTRICTED: &str = "allow_unrestricted";

/// A text and the name under which errors speak of it.
pub(super) struct Source<'a> {
    pub(super) name: String,
    pub(super) text: &'a str,
}

/// Where a policy was written.
struct Origin {
    source: usize,
    start: usize,
}

/// Parses and validates all texts.
///
/// # Errors
/// The first thing that is wrong, with its place.
pub(super) fn load(sources: &[Source<'_>], schema: &Schema) -> Result<Vec<Policy>, PolicyError> {
    let total: usize = sources.iter().map(|source| source.text.len()).sum();
    if total > MOST_BYTES {
        return Err(PolicyError::new(
            "policies",
            format!("{total} bytes of policies are more than {MOST_BYTES}"),
        ));
    }
    let mut policies = Vec::new();
    let mut origins: HashMap<String, Origin> = HashMap::new();
    for (index, source) in sources.iter().enumerate() {
        for (policy, start) in parse(source)? {
            let id = policy_id(source, &policy, start)?;
            if let Some(first) = origins.get(&id) {
                let first = PolicyError::new(
                    sources.get(first.source).map_or("", |source| &source.name),
                    "",
                )
                .at(
                    sources.get(first.source).map_or("", |source| source.text),
                    first.start,
                );
                let (line, _) = first.position.unwrap_or_default();
                let message = format!(
                    "the id is taken by the policy at {}:{line}: ids are unique in a bundle",
                    first.source
                );
                return Err(PolicyError::new(&source.name, message)
                    .at(source.text, start)
                    .of(&id));
            }
            lint(&policy).map_err(|message| {
                PolicyError::new(&source.name, message)
                    .at(source.text, start)
                    .of(&id)
            })?;
            policies.push(policy.new_id(PolicyId::new(&id)));
            origins.insert(
                id,
                Origin {
                    source: index,
                    start,
                },
            );
        }
    }
    if policies.len() > MOST_POLICIES {
        return Err(PolicyError::new(
            "policies",
            format!("{} policies are more than {MOST_POLICIES}", policies.len()),
        ));
    }
    validate(&policies, &origins, sources, schema)?;
    Ok(policies)
}

/// The policies of one text with their offsets.
fn parse(source: &Source<'_>) -> Result<Vec<(Policy, usize)>, PolicyError> {
    let starts = depth::statements(source.text).map_err(|too_deep| {
        PolicyError::new(&source.name, too_deep.message).at(source.text, too_deep.offset)
    })?;
    let set = PolicySet::from_str(source.text).map_err(|errors| {
        let wrong = PolicyError::new(&source.name, describe(&errors));
        match offset(&errors) {
            Some(offset) => wrong.at(source.text, offset),
            None => wrong,
        }
    })?;
    if let Some(template) = set.templates().next() {
        let id = template
            .annotation("id")
            .unwrap_or("without @id")
            .to_owned();
        return Err(PolicyError::new(
            &source.name,
            "templates have nothing to link them here: write the principal and the resource out",
        )
        .of(&id));
    }
    let mut policies: Vec<Policy> = set.policies().cloned().collect();
    // The parser numbers policies in the order of the text: policy0, policy1, ...
    policies.sort_by_key(|policy| {
        policy
            .id()
            .to_string()
            .trim_start_matches("policy")
            .parse::<usize>()
            .unwrap_or(usize::MAX)
    });
    Ok(policies
        .into_iter()
        .zip(starts.into_iter().chain(std::iter::repeat(0)))
        .collect())
}

fn policy_id(source: &Source<'_>, policy: &Policy, start: usize) -> Result<String, PolicyError> {
    let id = policy.annotation("id").unwrap_or_default();
    let plain = !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte));
    if !plain {
        let message = "every policy needs an `@id(\"...\")` of letters, digits and `-_./:`, which verdicts and audit records name";
        return Err(PolicyError::new(&source.name, message).at(source.text, start));
    }
    Ok(id.to_owned())
}

fn lint(policy: &Policy) -> Result<(), String> {
    let unrestricted = policy.effect() == Effect::Permit
        && policy.principal_constraint() == PrincipalConstraint::Any
        && policy.action_constraint() == ActionConstraint::Any
        && policy.resource_constraint() == ResourceConstraint::Any
        && !policy.has_non_scope_constraint();
    if unrestricted && policy.annotation(ALLOW_UNRESTRICTED).is_none() {
        return Err(format!(
            "it permits everything to everyone; if that is meant, add `@{ALLOW_UNRESTRICTED}`"
        ));
    }
    Ok(())
}

/// Strict validation; what Cedar only warns of (a policy that can never apply, look-alike letters) is an error here.
fn validate(
    policies: &[Policy],
    origins: &HashMap<String, Origin>,
    sources: &[Source<'_>],
    schema: &Schema,
) -> Result<(), PolicyError> {
    let set = PolicySet::from_policies(policies.iter().cloned())
        .map_err(|error| PolicyError::new("policies", chain(&error)))?;
    // Level 1: policies look at attributes of the principal, the resource and the context, which is all that a question carries.
    let result =
        Validator::new(schema.clone()).validate_with_level(&set, ValidationMode::Strict, 1);
    let errors = result
        .validation_errors()
        .map(|error| (error.policy_id(), error as &dyn Diagnostic));
    let warnings = result
        .validation_warnings()
        .map(|warning| (warning.policy_id(), warning as &dyn Diagnostic));
    let Some((id, wrong)) = errors.chain(warnings).next() else {
        return Ok(());
    };
    let id: &str = id.as_ref();
    let origin = origins.get(id);
    let source = origin.and_then(|origin| sources.get(origin.source));
    let (name, text) = source.map_or(("policies", ""), |source| {
        (source.name.as_str(), source.text)
    });
    let start = origin.map_or(0, |origin| origin.start);
    // Cedar repeats the id, which the error says already.
    let message = describe(wrong).replace(&format!("for policy `{id}`, "), "");
    Err(PolicyError::new(name, message)
        .at(text, offset(wrong).unwrap_or(start))
        .of(id))
}

/// Message, and how to mend it, in one line.
fn describe(wrong: &dyn Diagnostic) -> String {
    let mut text = wrong.to_string().replace('\n', " ");
    if let Some(help) = wrong.help() {
        text.push_str("; ");
        text.push_str(&help.to_string().replace('\n', " "));
    }
    text
}

fn offset(wrong: &dyn Diagnostic) -> Option<usize> {
    wrong.labels()?.next().map(|label| label.offset())
}
