//! The request's verdict: who asks, for what, and may they.

use veilgate_authorize::{
    Call, Credential, Facts, Head, Identities, Place, Question, Subject, Verdict, VerdictReason,
    identify,
};

use crate::{engine::Engine, headers, step::Headers};

/// What the gate knows about a request, kept for the response's questions and the audit record.
pub(crate) struct Gate {
    headers: Headers,
    facts: Facts,
    pub(crate) identities: Identities,
    pub(crate) outcome: Outcome,
}

/// How a request stands.
pub(crate) enum Outcome {
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
        let identities = identify(&engine.identity, &head, &facts);
        let outcome = outcome(engine, &head, &facts, &identities);
        Gate {
            headers,
            facts,
            identities,
            outcome,
        }
    }

    /// The gate of a response whose request was never seen.
    pub(crate) fn unseen(engine: &Engine) -> Gate {
        let (headers, facts) = (Headers::new(), Facts::default());
        let identities = identify(&engine.identity, &head(&headers), &facts);
        Gate {
            headers,
            facts,
            identities,
            outcome: Outcome::Unseen,
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

    pub(crate) fn call(&self) -> Option<&Call> {
        match &self.outcome {
            Outcome::Decided(call, _) => Some(call),
            _ => None,
        }
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
        self.call()
            .is_some_and(|call| self.ask(engine, Subject::Field { call, pointer }))
    }

    /// Whether this caller may see a credential of this kind, here.
    pub(crate) fn reveals_credential(&self, engine: &Engine, credential: Credential<'_>) -> bool {
        self.ask(
            engine,
            Subject::Credential(Credential {
                call: self.call(),
                ..credential
            }),
        )
    }

    fn ask(&self, engine: &Engine, subject: Subject<'_>) -> bool {
        let head = head(&self.headers);
        let question = Question {
            identities: &self.identities,
            subject,
            head: &head,
            facts: &self.facts,
        };
        engine.authorizer.decide(&question).allowed
    }
}

fn outcome(engine: &Engine, head: &Head<'_>, facts: &Facts, identities: &Identities) -> Outcome {
    let Some(service) = engine.services.guarding(head, facts) else {
        return Outcome::Unguarded;
    };
    match engine.services.classify(service, head) {
        Err(refusal) => Outcome::Refused {
            service: engine.services.name(service).to_owned(),
            reason: refusal.reason.as_str(),
            message: refusal.message.to_string(),
        },
        Ok(call) => {
            let subject = Subject::Call(&call);
            let verdict = engine.authorizer.decide(&Question {
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

/// Where a part of a message is, as policies spell it.
pub(crate) fn place(place: crate::ledger::Place) -> Place {
    match place {
        crate::ledger::Place::Header => Place::Header,
        crate::ledger::Place::Body => Place::Body,
        crate::ledger::Place::Trailer => Place::Trailer,
        crate::ledger::Place::Target => Place::Query,
    }
}
