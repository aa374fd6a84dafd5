//! The gate of a build that only redacts: every request passes, and nobody sees a credential unmasked.

use serde::{Deserialize, Deserializer, de};
use veilgate_facts::Facts;
use veilgate_redact::Finding;

use crate::{
    audit,
    config::ConfigError,
    engine::Engine,
    ledger::Place,
    step::{Direction, Headers},
};

/// What the gate would be configured with.
pub(crate) type PolicyBundle = Absent;
pub(crate) type ServiceConfigs = Absent;
pub(crate) type IdentityConfig = Absent;

/// A field of the configuration that means nothing here. Ignoring it would leave a service open that its operator believes guarded.
#[derive(Debug, Default)]
pub struct Absent;

impl<'de> Deserialize<'de> for Absent {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(de::Error::custom(
            "this module only redacts: policies, services and identities need `veilgate.wasm` in place of `veilgate-redact.wasm`",
        ))
    }
}

/// No policies.
pub(crate) struct Policies;

impl Policies {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the same face as the gate that can be configured wrongly"
    )]
    pub(crate) fn new(
        _: &PolicyBundle,
        _: &ServiceConfigs,
        _: IdentityConfig,
    ) -> Result<Policies, ConfigError> {
        Ok(Policies)
    }
}

/// The request's headers, for records.
pub(crate) struct Gate {
    headers: Headers,
    verdict: &'static str,
}

impl Gate {
    pub(crate) fn new(_: &Engine, headers: Headers, _: Facts) -> Gate {
        Gate {
            headers,
            verdict: "none",
        }
    }

    pub(crate) fn unseen(_: &Engine) -> Gate {
        Gate {
            headers: Headers::new(),
            verdict: "unseen",
        }
    }

    pub(crate) fn recall(&mut self, headers: Headers) {
        self.headers = headers;
    }

    pub(crate) fn headers(&self) -> &Headers {
        &self.headers
    }

    pub(crate) fn verdict(&self) -> &'static str {
        self.verdict
    }

    pub(crate) fn denies(&self) -> bool {
        false
    }

    pub(crate) fn is_guarded(&self) -> bool {
        false
    }

    pub(crate) fn fields(&self) -> &[String] {
        &[]
    }

    pub(crate) fn policies(&self) -> &[String] {
        &[]
    }

    pub(crate) fn errors(&self) -> &[String] {
        &[]
    }

    pub(crate) fn reason(&self) -> Option<&'static str> {
        None
    }

    pub(crate) fn message(&self) -> &'static str {
        ""
    }

    pub(crate) fn reveals_field(&self, _: &Engine, _: &str) -> bool {
        false
    }

    pub(crate) fn reveals_credential(
        &mut self,
        _: &Engine,
        _: &Finding<'_>,
        _: Direction,
        _: Place,
        _: &str,
    ) -> bool {
        false
    }

    pub(crate) fn identities(&self, _: &Engine) -> Vec<audit::Identity<'static>> {
        Vec::new()
    }

    pub(crate) fn call(&self, _: &Engine) -> Option<audit::Call<'_>> {
        None
    }
}
