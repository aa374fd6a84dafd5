//! The gate that asks the policies. Each question is asked once per exchange.

use std::collections::HashMap;

use veilgate_authorize::{
    Authorizer, Call, Credential, Head, Identities, Identity, Question, ServiceConfig, Services,
    Subject, Verdict, VerdictReason, identify,
};
pub(crate) use veilgate_authorize::{IdentityConfig, PolicyBundle};
use veilgate_facts::Facts;
use veilgate_redact::{Confidence, Finding};

use crate::{
    audit,
    config::ConfigError,
    engine::Engine,
    headers,
    judge::{for_records, masked_target},
    ledger::Place,
    step::{Direction, Headers},
};

/// Which requests are calls to a secret service.
pub(crate) type ServiceConfigs = Vec<ServiceConfig>;

/// What decides: policies validated, services loaded, and how callers are identified.
pub(crate) struct Policies {
    authorizer: Authorizer,
    services: Services,
    identity: IdentityConfig,
}

impl Policies {
    pub(crate) fn new(
        policy: &PolicyBundle,
        services: &ServiceConfigs,
        identity: IdentityConfig,
    ) -> Result<Policies, ConfigError> {
        Ok(Policies {
            authorizer: Authorizer::new(policy)
                .map_err(|error| ConfigError::at("policy", error))?,
            services: Services::new(services)
                .map_err(|error| ConfigError::at("services", error))?,
            identity,
        })
    }
}

/// What the gate knows about a request, kept for the response's questions and the audit record.
pub(crate) struct Gate {
    headers: Headers,
    facts: Facts,
    identities: Identities,
    outcome: Outcome,
    memo: Memo,
}

/// Answers already given in this exchange. Kinds come from rule files, names of headers from the message. Fields are not
/// remembered: each is asked about once.
type Memo = HashMap<(String, Confidence, Direction, Place, String), bool>;

/// A message with more kinds and headers than this is asked again for the rest: slower, never larger.
const MEMO: usize = 512;

/// How a request stands.
enum Outcome {
    /// No guarded service: nothing to decide.
    Unguarded,
    /// The request never came here; another filter of the host answered it.
    Unseen,
    /// A call, and what the policies say.
    Decided(Box<Call>, Verdict),
    /// A request to a guarded service that is refused before any policy is asked.
    Refused {
        /// The guarded service's name.
        service: String,
        /// A stable name.
        reason: &'static str,
        /// What is wrong with the request.
        message: String,
    },
}

impl Gate {
    pub(crate) fn new(engine: &Engine, headers: Headers, facts: Facts) -> Gate {
        let head = head(&headers);
        let identities = identify(&engine.policies.identity, &head, &facts);
        let outcome = outcome(engine, &head, &facts, &identities);
        Gate {
            headers,
            facts,
            identities,
            outcome,
            memo: Memo::new(),
        }
    }

    /// The gate of a response whose request was never seen.
    pub(crate) fn unseen(engine: &Engine) -> Gate {
        let (headers, facts) = (Headers::new(), Facts::default());
        let identities = identify(&engine.policies.identity, &head(&headers), &facts);
        Gate {
            headers,
            facts,
            identities,
            outcome: Outcome::Unseen,
            memo: Memo::new(),
        }
    }

    /// What the host still knows of an unseen request, for its records.
    pub(crate) fn recall(&mut self, headers: Headers) {
        self.headers = headers;
    }

    pub(crate) fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The verdict's name in metrics, filter state and audit records.
    pub(crate) fn verdict(&self) -> &'static str {
        match &self.outcome {
            Outcome::Unguarded => "none",
            Outcome::Unseen => "unseen",
            Outcome::Decided(_, verdict) if verdict.allowed => "allow",
            Outcome::Decided(..) | Outcome::Refused { .. } => "deny",
        }
    }

    pub(crate) fn denies(&self) -> bool {
        self.verdict() == "deny"
    }

    /// JSON pointers of the fields that the answer to this call holds.
    pub(crate) fn fields(&self) -> &[String] {
        self.decided().map_or(&[], |call| &call.fields)
    }

    pub(crate) fn is_guarded(&self) -> bool {
        matches!(self.outcome, Outcome::Decided(..) | Outcome::Refused { .. })
    }

    pub(crate) fn policies(&self) -> &[String] {
        match &self.outcome {
            Outcome::Decided(_, verdict) => &verdict.policies,
            _ => &[],
        }
    }

    pub(crate) fn errors(&self) -> &[String] {
        match &self.outcome {
            Outcome::Decided(_, verdict) => &verdict.errors,
            _ => &[],
        }
    }

    pub(crate) fn reason(&self) -> Option<&'static str> {
        match &self.outcome {
            Outcome::Unguarded | Outcome::Unseen => None,
            Outcome::Decided(_, verdict) => Some(verdict.reason.as_str()),
            Outcome::Refused { reason, .. } => Some(reason),
        }
    }

    /// One sentence for the client.
    pub(crate) fn message(&self) -> &str {
        match &self.outcome {
            Outcome::Refused { message, .. } => message,
            Outcome::Decided(_, verdict) => match verdict.reason {
                VerdictReason::Forbidden => "a policy forbids this request",
                VerdictReason::NoPolicyPermits => "no policy permits this request",
                VerdictReason::PolicyError => {
                    "a policy could not be evaluated, so the request is denied"
                }
                _ => "the request could not be put to the policies, so it is denied",
            },
            Outcome::Unguarded | Outcome::Unseen => "",
        }
    }

    /// Whether this caller may see this field of the secret that its call reads.
    pub(crate) fn reveals_field(&self, engine: &Engine, pointer: &str) -> bool {
        self.decided()
            .is_some_and(|call| self.ask(engine, Subject::Field { call, pointer }))
    }

    /// Whether this caller may see a credential of this kind, here. `carrier` is the header's name; empty in a body.
    pub(crate) fn reveals_credential(
        &mut self,
        engine: &Engine,
        finding: &Finding<'_>,
        direction: Direction,
        place: Place,
        carrier: &str,
    ) -> bool {
        let key = (
            finding.kind.to_owned(),
            finding.confidence,
            direction,
            place,
            carrier.to_owned(),
        );
        if let Some(known) = self.memo.get(&key) {
            return *known;
        }
        let credential = Credential {
            kind: finding.kind,
            category: finding.category,
            confidence: &finding.confidence.to_string(),
            direction: match direction {
                Direction::Request => veilgate_authorize::Direction::Request,
                Direction::Response => veilgate_authorize::Direction::Response,
            },
            place: match place {
                Place::Header => veilgate_authorize::Place::Header,
                Place::Body => veilgate_authorize::Place::Body,
                Place::Trailer => veilgate_authorize::Place::Trailer,
                Place::Target => veilgate_authorize::Place::Query,
            },
            carrier,
            call: self.decided(),
        };
        let answer = self.ask(engine, Subject::Credential(credential));
        if self.memo.len() < MEMO {
            self.memo.insert(key, answer);
        }
        answer
    }

    /// Who asked, for the audit record.
    pub(crate) fn identities(&self, engine: &Engine) -> Vec<audit::Identity<'static>> {
        self.identities
            .iter()
            .map(|identity| who(engine, identity))
            .collect()
    }

    /// What was asked of which service, for the audit record.
    pub(crate) fn call(&self, engine: &Engine) -> Option<audit::Call<'_>> {
        match &self.outcome {
            Outcome::Unguarded | Outcome::Unseen => None,
            Outcome::Refused { service, .. } => Some(audit::Call {
                service,
                entry: "",
                action: "",
                sub_action: None,
                resource: String::new(),
            }),
            Outcome::Decided(call, _) => Some(audit::Call {
                service: &call.service,
                entry: &call.entry,
                action: call.action.as_str(),
                sub_action: call.sub_action.as_deref(),
                resource: masked_target(engine, call.resource.id.as_bytes(), None),
            }),
        }
    }

    fn decided(&self) -> Option<&Call> {
        match &self.outcome {
            Outcome::Decided(call, _) => Some(call),
            _ => None,
        }
    }

    fn ask(&self, engine: &Engine, subject: Subject<'_>) -> bool {
        let head = head(&self.headers);
        let question = Question {
            identities: &self.identities,
            subject,
            head: &head,
            facts: &self.facts,
        };
        engine.policies.authorizer.decide(&question).allowed
    }
}

fn outcome(engine: &Engine, head: &Head<'_>, facts: &Facts, identities: &Identities) -> Outcome {
    let Policies {
        authorizer,
        services,
        ..
    } = &engine.policies;
    let Some(service) = services.guarding(head, facts) else {
        return Outcome::Unguarded;
    };
    match services.classify(service, head) {
        Err(refusal) => Outcome::Refused {
            service: services.name(service).to_owned(),
            reason: refusal.reason.as_str(),
            message: refusal.message.to_string(),
        },
        Ok(call) => {
            let subject = Subject::Call(&call);
            let verdict = authorizer.decide(&Question {
                identities,
                subject,
                head,
                facts,
            });
            Outcome::Decided(Box::new(call), verdict)
        }
    }
}

fn head(headers: &Headers) -> Head<'_> {
    let pseudo = |name| headers::first(headers, name).unwrap_or_default();
    Head {
        method: pseudo(":method"),
        authority: headers::first(headers, ":authority")
            .or_else(|| headers::first(headers, "host"))
            .unwrap_or_default(),
        path: pseudo(":path"),
        headers,
    }
}

fn who(engine: &Engine, identity: &Identity) -> audit::Identity<'static> {
    let (kind, reason) = match identity {
        Identity::Workload(_) => ("workload", None),
        Identity::User(_) => ("user", None),
        Identity::ApiClient(_) => ("api-client", None),
        Identity::Anonymous(reason) => ("anonymous", Some(reason.as_str())),
    };
    let id = match reason {
        Some(_) => String::new(),
        None => for_records(engine, identity.id().as_bytes()),
    };
    audit::Identity { kind, id, reason }
}
