//! May they: the only module that names Cedar.
//!
//! The engine behind it is Cedar's own authorizer on its public interface, asked with the policies that can apply to the action. Three things
//! are ours, because Cedar leaves them to its caller: a policy that fails to evaluate is a refusal here, where Cedar would skip it
//! even if it forbids; whatever cannot be put into a question is a refusal; and texts are measured before they are parsed.

mod bundle;
mod depth;
mod directory;
mod entities;
mod error;
mod policies;
mod question;
mod vocabulary;

use std::collections::HashMap;
use std::sync::Arc;

use cedar_policy::{ActionConstraint, Decision, Entities, Policy, PolicySet, Request, Schema};

pub use bundle::{PolicyBundle, Texts};
pub use error::PolicyError;
pub use question::{Credential, Direction, Place, Question, Subject};

use self::directory::Directory;
use self::entities::{Builder, context};
use self::error::chain;
use self::policies::Source;
use self::vocabulary::{ActionEntity, AskedAction, Vocabulary};
use crate::embedded;
use crate::identity::{Identities, Identity, Reason};
use crate::request::{Facts, Head};
use crate::verdict::{Verdict, VerdictReason};

/// A validated policy bundle that answers questions.
pub struct Authorizer {
    engine: cedar_policy::Authorizer,
    vocabulary: Vocabulary,
    directory: Directory,
    /// For each action the policies whose scope can hold it. Actions with the same policies share them.
    slices: HashMap<AskedAction, Arc<PolicySet>>,
    policies: usize,
    /// Checks every request and entity against the schema in tests; too dear for every request, which is built from fixed parts.
    #[cfg(test)]
    schema: Schema,
}

impl Authorizer {
    /// Parses, validates and warms up a bundle. Takes milliseconds, and about 20 bytes of memory per byte of policy text.
    ///
    /// # Errors
    /// The first thing that is wrong with the bundle. A bundle is taken whole or not at all.
    pub fn new(bundle: &PolicyBundle) -> Result<Self, PolicyError> {
        let (schema, _warnings) = Schema::from_cedarschema_str(embedded::SCHEMA)
            .map_err(|error| PolicyError::new("schema", chain(&error)))?;
        let policies = policies::load(&sources(bundle), &schema)?;
        let vocabulary = Vocabulary::new(&schema)?;
        let authorizer = Self {
            engine: cedar_policy::Authorizer::new(),
            directory: Directory::new(&bundle.entities, &schema)?,
            slices: slices(&policies, &vocabulary)?,
            policies: policies.len(),
            vocabulary,
            #[cfg(test)]
            schema,
        };
        authorizer.warm_up();
        Ok(authorizer)
    }

    /// Number of policies in the bundle, the base set included.
    pub fn policies(&self) -> usize {
        self.policies
    }

    /// Answers a question. Never panics, and anything that goes wrong is a no.
    ///
    /// Cost: linear in the policies whose scope can hold the action, and in the depth of the resource.
    pub fn decide(&self, question: &Question<'_>) -> Verdict {
        let answers = question.identities.iter().map(|identity| {
            self.decide_for(identity, question).unwrap_or_else(|error| {
                Verdict::invalid(format!("the question cannot be put: {error}"))
            })
        });
        answers
            .reduce(Verdict::and)
            .unwrap_or_else(|| Verdict::invalid("the question names nobody".to_owned()))
    }

    fn decide_for(&self, identity: &Identity, question: &Question<'_>) -> Result<Verdict, String> {
        let asked = question.subject.action();
        let action = self
            .vocabulary
            .action(asked)
            .ok_or("the action is not known")?;
        let slice = self
            .slices
            .get(&asked)
            .ok_or("the action has no policies")?;
        let builder = Builder {
            vocabulary: &self.vocabulary,
            directory: &self.directory,
        };
        let principal = builder.principal(identity)?;
        let resource = builder.resource(&question.subject)?;
        let context = context(question.head, question.facts, identity, &question.subject)?;
        let request = Request::new(
            principal.uid(),
            action.uid.clone(),
            resource.uid(),
            context,
            self.runtime_schema(),
        )
        .map_err(|error| chain(&error))?;
        let entities = Entities::from_entities(
            [principal, resource, action.entity.clone()],
            self.runtime_schema(),
        )
        .map_err(|error| chain(&error))?;
        let response = self.engine.is_authorized(&request, slice, &entities);
        let mut policies: Vec<String> = response
            .diagnostics()
            .reason()
            .map(|id| id.to_string())
            .collect();
        policies.sort();
        let mut errors: Vec<String> = response
            .diagnostics()
            .errors()
            .map(|error| chain(error).replace('\n', " "))
            .collect();
        errors.sort();
        let reason = match response.decision() {
            _ if !errors.is_empty() => VerdictReason::PolicyError,
            Decision::Allow => VerdictReason::Permitted,
            Decision::Deny if policies.is_empty() => VerdictReason::NoPolicyPermits,
            Decision::Deny => VerdictReason::Forbidden,
        };
        Ok(Verdict {
            allowed: reason == VerdictReason::Permitted,
            policies,
            errors,
            reason,
        })
    }

    /// Cedar builds tables on first use; better while configuring than in the first request.
    fn warm_up(&self) {
        let identities = Identities::anonymous(Reason::NoCredential);
        let head = Head {
            method: b"GET",
            authority: b"",
            path: b"/",
            headers: &[],
        };
        let facts = Facts::default();
        let credential = Credential {
            kind: "",
            category: "",
            confidence: "",
            direction: Direction::Response,
            place: Place::Body,
            carrier: "",
            call: None,
        };
        let subject = Subject::Credential(credential);
        drop(self.decide(&Question {
            identities: &identities,
            subject,
            head: &head,
            facts: &facts,
        }));
    }

    #[cfg(test)]
    fn runtime_schema(&self) -> Option<&Schema> {
        Some(&self.schema)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the same call as in tests")]
    fn runtime_schema(&self) -> Option<&Schema> {
        None
    }
}

impl std::fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorizer")
            .field("policies", &self.policies)
            .finish_non_exhaustive()
    }
}

fn sources(bundle: &PolicyBundle) -> Vec<Source<'_>> {
    let base = embedded::BASE
        .iter()
        .filter(|_| bundle.base)
        .map(|(name, text)| Source {
            name: format!("base/{name}"),
            text,
        });
    let own = bundle
        .cedar
        .0
        .iter()
        .enumerate()
        .map(|(index, text)| Source {
            name: format!("cedar[{index}]"),
            text,
        });
    base.chain(own).collect()
}

/// Leaves out of each action's policies those whose scope cannot hold it. This changes no answer: such a policy does not apply, and its
/// conditions would not have been evaluated.
fn slices(
    policies: &[Policy],
    vocabulary: &Vocabulary,
) -> Result<HashMap<AskedAction, Arc<PolicySet>>, PolicyError> {
    let mut shared: HashMap<Vec<usize>, Arc<PolicySet>> = HashMap::new();
    let mut slices = HashMap::new();
    for asked in AskedAction::all() {
        let Some(action) = vocabulary.action(asked) else {
            continue;
        };
        let applying = policies
            .iter()
            .enumerate()
            .filter(|(_, policy)| can_apply(policy, action));
        let (indices, applying): (Vec<usize>, Vec<&Policy>) = applying.unzip();
        let slice = match shared.get(&indices) {
            Some(slice) => Arc::clone(slice),
            None => {
                let set = PolicySet::from_policies(applying.into_iter().cloned());
                let slice =
                    Arc::new(set.map_err(|error| PolicyError::new("policies", chain(&error)))?);
                shared.insert(indices, Arc::clone(&slice));
                slice
            }
        };
        slices.insert(asked, slice);
    }
    Ok(slices)
}

fn can_apply(policy: &Policy, action: &ActionEntity) -> bool {
    let holds =
        |wanted: &cedar_policy::EntityUid| *wanted == action.uid || action.groups.contains(wanted);
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(wanted) => wanted == action.uid,
        ActionConstraint::In(wanted) => wanted.iter().any(holds),
    }
}

#[cfg(test)]
mod tests;
