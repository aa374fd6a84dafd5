//! Runs scenarios: those that agree in their proxy share one engine, and only the filter's configuration changes between them.

mod scenario;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _};

use crate::lab::setup::{Cluster, Configuration, Filter, Jwt, ServerTls, Setup};
use crate::lab::upstream::Reply;
use crate::lab::{Authority, TokenIssuer, Upstream};
use crate::vm::ByteSize;

use super::engine::{Engine, Running};
use super::format::{Proxy, Scenario, Tls};

/// A folder of scenarios and the module they test.
#[derive(Debug)]
pub struct Suite {
    scenarios: Vec<(String, Scenario)>,
    module: PathBuf,
    others: BTreeMap<String, PathBuf>,
}

/// How one scenario went on one engine.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The file's name without its extension.
    pub scenario: String,
    /// The engine's name.
    pub engine: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took, starting the engine not counted.
    pub time: Duration,
}

/// What came of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything was as expected.
    Passed,
    /// What was different, one line each.
    Failed(Vec<String>),
    /// It was not run, and why.
    Skipped(String),
}

/// Scenarios that can share an engine.
struct Group<'s> {
    proxy: &'s Proxy,
    filtered: bool,
    scenarios: Vec<&'s (String, Scenario)>,
}

/// What all groups share.
struct Lab {
    authority: Authority,
    tokens: TokenIssuer,
}

/// So many engines run at once.
const ENGINES_AT_ONCE: usize = 2;

impl Suite {
    /// Reads every `*.toml` below `folder` whose name holds `only`. `module` is the WebAssembly file under test.
    ///
    /// # Errors
    /// When a file cannot be read or is not a scenario; the message names it.
    pub fn read(folder: &Path, module: &Path, only: &str) -> anyhow::Result<Self> {
        let mut scenarios = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in
                std::fs::read_dir(&next).with_context(|| format!("`{}`", next.display()))?
            {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path
                    .strip_prefix(folder)
                    .unwrap_or(&path)
                    .with_extension("")
                    .display()
                    .to_string();
                if path
                    .extension()
                    .is_some_and(|extension| extension == "toml")
                    && name.contains(only)
                {
                    let text = std::fs::read_to_string(&path)
                        .with_context(|| format!("`{}`", path.display()))?;
                    let scenario =
                        Scenario::parse(&text).with_context(|| format!("`{}`", path.display()))?;
                    scenarios.push((name, scenario));
                }
            }
        }
        scenarios.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self {
            scenarios,
            module: module.to_owned(),
            others: BTreeMap::new(),
        })
    }

    /// Lets scenarios name another module.
    #[must_use]
    pub fn with_module(mut self, name: &str, module: PathBuf) -> Self {
        self.others.insert(name.to_owned(), module);
        self
    }

    /// The scenarios of which `wanted` is true, on another module and with no more than `memory`. Those that name a module
    /// themselves stay with it, and so out.
    #[must_use]
    pub fn on(
        &self,
        module: &Path,
        memory: ByteSize,
        wanted: impl Fn(&str, &Scenario) -> bool,
    ) -> Self {
        let mut scenarios = self.scenarios.clone();
        scenarios.retain(|(name, scenario)| {
            scenario.filter.is_some() && scenario.proxy.module.is_none() && wanted(name, scenario)
        });
        for (_, scenario) in &mut scenarios {
            scenario.proxy.memory = Some(memory);
        }
        Self {
            scenarios,
            module: module.to_owned(),
            others: BTreeMap::new(),
        }
    }

    /// How many scenarios there are.
    pub fn len(&self) -> usize {
        self.scenarios.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.scenarios.is_empty()
    }

    /// Whether any scenario needs the module.
    pub fn needs_module(&self) -> bool {
        self.scenarios
            .iter()
            .any(|(_, scenario)| scenario.filter.is_some())
    }

    /// Runs all scenarios on `engine`; `report` hears of each as soon as it is done.
    ///
    /// # Errors
    /// When the lab cannot be set up. A scenario that fails is an [`Outcome`], not an error.
    pub async fn run(
        &self,
        engine: &Engine,
        report: &(dyn Fn(&Outcome) + Sync),
    ) -> anyhow::Result<Vec<Outcome>> {
        let lab = Lab {
            authority: Authority::new()?,
            tokens: TokenIssuer::new("https://issuer.test")?,
        };
        let mut outcomes = Vec::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        for named in &self.scenarios {
            let (name, scenario) = named;
            if let Some(reason) = scenario.skip.get(engine.name()) {
                let verdict = Verdict::Skipped(reason.clone());
                let outcome = Outcome {
                    scenario: name.clone(),
                    engine: engine.name(),
                    verdict,
                    time: Duration::ZERO,
                };
                report(&outcome);
                outcomes.push(outcome);
                continue;
            }
            let filtered = scenario.filter.is_some();
            let shared = groups.iter_mut().find(|group| {
                group.filtered == filtered
                    && *group.proxy == scenario.proxy
                    && !scenario.proxy.fresh
            });
            match shared {
                Some(group) => group.scenarios.push(named),
                None => groups.push(Group {
                    proxy: &scenario.proxy,
                    filtered,
                    scenarios: vec![named],
                }),
            }
        }
        // The longest first, so that no engine is left working alone at the end.
        groups.sort_by_key(|group| std::cmp::Reverse(group.scenarios.len()));
        let finished: Vec<Vec<Outcome>> = stream::iter(&groups)
            .map(|group| self.run_group(group, engine, &lab, report))
            .buffer_unordered(ENGINES_AT_ONCE)
            .collect()
            .await;
        outcomes.extend(finished.into_iter().flatten());
        outcomes.sort_by(|one, other| one.scenario.cmp(&other.scenario));
        Ok(outcomes)
    }

    async fn run_group(
        &self,
        group: &Group<'_>,
        engine: &Engine,
        lab: &Lab,
        report: &(dyn Fn(&Outcome) + Sync),
    ) -> Vec<Outcome> {
        let mut started = self.start(group, engine, lab).await;
        let mut outcomes = Vec::new();
        for (name, scenario) in &group.scenarios {
            let begun = Instant::now();
            let differences = match &mut started {
                Ok((running, upstream)) => scenario::run(scenario, running, upstream, lab)
                    .await
                    .unwrap_or_else(|error| vec![format!("{error:#}")]),
                Err(error) => vec![format!("the engine did not start: {error:#}")],
            };
            let verdict = if differences.is_empty() {
                Verdict::Passed
            } else {
                Verdict::Failed(differences)
            };
            let outcome = Outcome {
                scenario: name.clone(),
                engine: engine.name(),
                verdict,
                time: begun.elapsed(),
            };
            report(&outcome);
            outcomes.push(outcome);
        }
        if let Ok((running, _)) = started {
            running.stop().await;
        }
        outcomes
    }

    async fn start(
        &self,
        group: &Group<'_>,
        engine: &Engine,
        lab: &Lab,
    ) -> anyhow::Result<(Running, Upstream)> {
        let upstream = Upstream::start(Reply::default()).await?;
        let proxy = group.proxy;
        let mut setup = Setup::new(upstream.addr());
        setup.tls = match proxy.tls {
            Tls::None => None,
            Tls::Server | Tls::Mutual => Some(ServerTls {
                credentials: lab.authority.issue_server()?,
                client_authority: (proxy.tls == Tls::Mutual).then(|| lab.authority.pem()),
                require_client_certificate: false,
            }),
        };
        setup.forward_client_cert = proxy.forward_client_cert;
        setup.listener_buffer = proxy.listener_buffer;
        setup.jwt = proxy.jwt.then(|| Jwt {
            issuer: lab.tokens.issuer().to_owned(),
            jwks: lab.tokens.jwks().clone(),
            payload_key: "payload".to_owned(),
        });
        setup.delivery = proxy.delivery;
        setup.decompress = proxy.decompress.clone();
        setup.upgrades = proxy.upgrades.clone();
        setup.workers = proxy.workers.unwrap_or(1);
        setup.upstreams = vec![Cluster {
            http2: proxy.upstream_http2,
            buffer: proxy.upstream_buffer,
            ..Cluster::new("upstream", upstream.addr())
        }];
        setup.filter = if group.filtered {
            // A shared engine starts with nothing, and every scenario brings its own. One of its own begins with what it brings.
            let configuration = match group.scenarios.as_slice() {
                [(_, alone)] if proxy.fresh => scenario::first_configuration(alone, lab)?,
                _ => Configuration::Text("{}".to_owned()),
            };
            Some(Filter {
                module: self.module(proxy)?,
                configuration,
                memory: proxy.memory,
            })
        } else {
            None
        };
        Ok((engine.start(setup).await?, upstream))
    }

    fn module(&self, proxy: &Proxy) -> anyhow::Result<PathBuf> {
        match &proxy.module {
            None => Ok(self.module.clone()),
            Some(name) => self
                .others
                .get(name)
                .cloned()
                .with_context(|| format!("there is no module `{name}`: run `make wasm`")),
        }
    }
}
