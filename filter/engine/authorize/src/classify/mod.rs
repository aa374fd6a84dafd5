//! What is asked: from a request head to an action on a resource.
//!
//! A request is first brought into the one form that the server will give it, then split into namespace, mount and path, and then looked
//! up among the calls of the engine at that mount. Whatever fails on the way is a [`Refusal`]: a guarded service answers nothing that the
//! gate does not understand.

mod call;
mod canonical;
mod config;
mod definition;
mod matching;
mod pattern;
mod refusal;
mod service;

use std::collections::HashSet;
use std::sync::Arc;

pub use call::{Action, Call, Resource, Sensitivity};
pub use config::{Match, ServiceConfig};
pub use refusal::{Refusal, RefusalReason};

use self::definition::Definition;
use self::matching::Matcher;
use self::service::Service;
use crate::embedded;
use crate::request::{Facts, Head};

/// A configuration of services that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// A service definition cannot be read.
    #[error("service definition `{name}`: {message}")]
    Definition {
        /// File name.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// An entry of `services` cannot be used.
    #[error("services[{index}]: {message}")]
    Config {
        /// Which entry.
        index: usize,
        /// What is wrong.
        message: String,
    },
}

/// The guarded services of one configuration, compiled.
#[derive(Debug)]
pub struct Services {
    services: Vec<(Matcher, Service)>,
}

/// Which guarded service a request goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceId(usize);

impl Services {
    /// Compiles the configured services against the definitions that ship with the product.
    ///
    /// # Errors
    /// An unknown service or engine, a path that is not plain, two services of one name.
    pub fn new(config: &[ServiceConfig]) -> Result<Self, ServiceError> {
        if config.is_empty() {
            return Ok(Self {
                services: Vec::new(),
            });
        }
        let definitions = definitions()?;
        let mut names = HashSet::new();
        let mut services = Vec::new();
        for (index, entry) in config.iter().enumerate() {
            let wrong = |message| ServiceError::Config { index, message };
            let definition = definitions
                .iter()
                .find(|definition| definition.service == entry.service)
                .ok_or_else(|| {
                    let known: Vec<&str> = definitions
                        .iter()
                        .map(|definition| definition.service.as_str())
                        .collect();
                    wrong(format!(
                        "`{}` is not a known service; known are {}",
                        entry.service,
                        known.join(", ")
                    ))
                })?;
            let service = Service::new(entry, Arc::clone(definition)).map_err(wrong)?;
            if !names.insert(service.name.clone()) {
                return Err(wrong(format!(
                    "there are two services called `{}`: give each a `name` of its own",
                    service.name
                )));
            }
            services.push((Matcher::new(&entry.matches).map_err(wrong)?, service));
        }
        Ok(Self { services })
    }

    /// The first configured service whose `match` holds; `None` means ordinary traffic. O(number of services).
    pub fn guarding(&self, head: &Head<'_>, facts: &Facts) -> Option<ServiceId> {
        self.services
            .iter()
            .position(|(matcher, _)| matcher.matches(head, facts))
            .map(ServiceId)
    }

    /// Name of a service as it appears in resource ids, for audit records of refused requests.
    pub fn name(&self, service: ServiceId) -> &str {
        self.services
            .get(service.0)
            .map(|(_, service)| service.name.as_str())
            .unwrap_or_default()
    }

    /// Works out what a request asks of a service.
    ///
    /// Hostile input: a request that could mean two things is refused, never guessed. Cost: O(length of the head), and the square of the path's
    /// depth for its folders, which is at most 64.
    ///
    /// # Errors
    /// A [`Refusal`] when the request is not canonical, or no entry knows it.
    pub fn classify(&self, service: ServiceId, head: &Head<'_>) -> Result<Call, Refusal> {
        match self.services.get(service.0) {
            Some((_, service)) => service.classify(head),
            None => Err(RefusalReason::UnknownCall.into()),
        }
    }
}

fn definitions() -> Result<Vec<Arc<Definition>>, ServiceError> {
    let parse = |(name, text): &(&str, &str)| {
        let wrong = |message| ServiceError::Definition {
            name: (*name).to_owned(),
            message,
        };
        Definition::parse(text).map(Arc::new).map_err(wrong)
    };
    embedded::SERVICES.iter().map(parse).collect()
}

#[cfg(test)]
mod tests;
