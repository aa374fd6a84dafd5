//! One scenario on a running engine.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;

use crate::lab::client::{self, Protocol, Response, Target};
use crate::lab::setup::Configuration;
use crate::lab::{Names, UpdateError, Upstream, upstream};
use crate::scenario::engine::{Running, audit, counters, parse_series};
use crate::scenario::expect::Differences;
use crate::scenario::format::{Exchange, Filter, Scenario, SeenExpect, Tls};
use crate::scenario::lower;
use crate::scenario::vars::Vars;

use super::Lab;

/// How long the end of an exchange may take to reach the upstream and the access log.
const SETTLE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// What a fresh engine starts with.
pub(super) fn first_configuration(scenario: &Scenario, lab: &Lab) -> anyhow::Result<Configuration> {
    let filter = scenario.filter.as_ref().context("a filter")?;
    lower::configuration(
        filter,
        &Vars::new(&scenario.values, &scenario.tokens, &lab.tokens)?,
    )
}

/// Runs it; returns every difference.
pub(super) async fn run(
    scenario: &Scenario,
    running: &mut Running,
    upstream: &Upstream,
    lab: &Lab,
) -> anyhow::Result<Vec<String>> {
    let vars = Vars::new(&scenario.values, &scenario.tokens, &lab.tokens)?;
    let mut differences = Vec::new();
    let log_before = running.log() + &running.raw_access();
    let trouble_before = running.diagnostics().await?;
    if let Some(filter) = &scenario.filter {
        let found = if scenario.proxy.fresh {
            check_first(filter, running, &vars)?
        } else {
            update(filter, running, &vars).await?
        };
        differences.extend(found.map(|difference| format!("[filter] {difference}")));
    }
    if differences.is_empty() {
        for (index, exchange) in scenario.exchange.iter().enumerate() {
            let found = match &exchange.update {
                Some(filter) => update(filter, running, &vars).await.map(Vec::from_iter),
                None => {
                    Run {
                        scenario,
                        exchange,
                        running,
                        upstream,
                        lab,
                        vars: &vars,
                    }
                    .exchange()
                    .await
                }
            };
            let name = if exchange.name.is_empty() {
                format!("exchange {}", index + 1)
            } else {
                exchange.name.clone()
            };
            let found = found.with_context(|| name.clone())?;
            differences.extend(
                found
                    .into_iter()
                    .map(|difference| format!("{name}: {difference}")),
            );
        }
    }
    let trouble = running.diagnostics().await?;
    let new = trouble
        .into_iter()
        .filter(|line| !trouble_before.contains(line));
    differences.extend(new.map(|line| format!("the engine: {line}")));
    differences.extend(leaks(&vars, running, &log_before).await?);
    Ok(differences)
}

/// Every made-up credential is looked for in all logs of the scenario and in the metrics.
async fn leaks(
    vars: &Vars<'_>,
    running: &Running,
    log_before: &str,
) -> anyhow::Result<Vec<String>> {
    let log = running.log() + &running.raw_access();
    let metrics = running.prometheus().await?;
    let mut leaks = Vec::new();
    for (name, secret) in vars.secrets() {
        // A multi-line secret would be escaped in a log; each of its long lines would not.
        for line in secret
            .split(['\n', '\\'])
            .filter(|line| line.len() >= 16 && !line.starts_with('-'))
        {
            // Engines that share a log were used with the same made-up credentials before; what counts is what was added.
            if log.matches(line).count() > log_before.matches(line).count() {
                leaks.push(format!("`${{secret.{name}}}` is in a log"));
            }
            if metrics.contains(line) {
                leaks.push(format!("`${{secret.{name}}}` is in the metrics"));
            }
        }
    }
    leaks.dedup();
    Ok(leaks)
}

/// A configuration that an engine was started with shows in its log whether it was taken.
fn check_first(
    filter: &Filter,
    running: &Running,
    vars: &Vars<'_>,
) -> anyhow::Result<Option<String>> {
    if !filter.refused {
        return Ok(None);
    }
    let because = vars.text(filter.because.as_deref().unwrap_or_default())?;
    let log = running.log();
    Ok((!log.contains(&because)).then(|| format!("the log does not say `{because}`:\n{log}")))
}

async fn update(
    filter: &Filter,
    running: &mut Running,
    vars: &Vars<'_>,
) -> anyhow::Result<Option<String>> {
    let configuration = lower::configuration(filter, vars)?;
    Ok(
        match (running.update(configuration).await, filter.refused) {
            (Ok(()), false) => None,
            (Ok(()), true) => Some("the configuration was taken instead of refused".to_owned()),
            (Err(UpdateError::Rejected(reason)), true) => {
                let because = vars.text(filter.because.as_deref().unwrap_or_default())?;
                (!reason.contains(&because))
                    .then(|| format!("it was refused, but not because of `{because}`: {reason}"))
            }
            (Err(error), _) => Some(error.to_string()),
        },
    )
}

struct Run<'r> {
    scenario: &'r Scenario,
    exchange: &'r Exchange,
    running: &'r Running,
    upstream: &'r Upstream,
    lab: &'r Lab,
    vars: &'r Vars<'r>,
}

impl Run<'_> {
    async fn exchange(&self) -> anyhow::Result<Vec<String>> {
        let protocols = if self.exchange.protocols.is_empty() {
            &[Protocol::Http1][..]
        } else {
            &self.exchange.protocols
        };
        let mut found = Vec::new();
        for protocol in protocols {
            let differences = self.with_protocol(*protocol).await?;
            found.extend(
                differences
                    .into_iter()
                    .map(|difference| format!("{protocol:?}: {difference}")),
            );
        }
        Ok(found)
    }

    async fn with_protocol(&self, protocol: Protocol) -> anyhow::Result<Vec<String>> {
        let Self {
            exchange,
            running,
            vars,
            ..
        } = self;
        let expect = &exchange.expect;
        let target = self.target()?;
        let mut differences = Differences::new(vars);
        let lines_before = running.access(0).len();
        let log_before = running.log().len();
        let metrics_before = counters(&running.prometheus().await?);

        let runs = self.send_all(&target, protocol, &mut differences).await?;

        if expect.access == Some(Value::Bool(false)) {
            return Ok(differences.into_found());
        }
        let deadline = Instant::now() + SETTLE;
        let lines = loop {
            let lines = running.access(lines_before);
            if lines.len() >= runs {
                break lines;
            }
            if Instant::now() > deadline {
                differences.add(format!(
                    "{} access log lines instead of {runs}",
                    lines.len()
                ));
                break lines;
            }
            tokio::time::sleep(POLL).await;
        };
        for line in &lines {
            differences.json("the access log line", expect.access.as_ref(), line)?;
            match (&expect.audit, audit(line)) {
                (None, _) | (Some(Value::Bool(false)), None) => {}
                (Some(Value::Bool(false)), Some(audit)) => {
                    differences.add(format!("an audit record: {audit}"));
                }
                (Some(_), None) => differences.add("there is no audit record".to_owned()),
                (Some(expected), Some(audit)) => {
                    differences.json("the audit record", Some(expected), &audit)?;
                }
            }
        }
        let metrics_after = counters(&running.prometheus().await?);
        for (series, expected) in &expect.metrics {
            let (name, labels) =
                parse_series(series).with_context(|| format!("`{series}` is not a series"))?;
            let sum =
                |counters: &[(String, std::collections::BTreeMap<String, String>, f64)]| -> f64 {
                    counters
                        .iter()
                        .filter(|(found, with, _)| {
                            *found == name
                                && labels
                                    .iter()
                                    .all(|(label, value)| with.get(label) == Some(value))
                        })
                        .map(|(_, _, value)| value)
                        .sum()
                };
            let grown = sum(&metrics_after) - sum(&metrics_before);
            #[expect(clippy::cast_precision_loss, reason = "no scenario runs 2^52 times")]
            let expected = expected * runs as f64;
            if (grown - expected).abs() > f64::EPSILON {
                differences.add(format!(
                    "`{series}` grew by {grown} instead of {expected} in {runs} runs"
                ));
            }
        }
        let log = running.log();
        let log = log.get(log_before..).unwrap_or(&log);
        for text in &expect.log_contains {
            if !log.contains(&vars.text(text)?) {
                differences.add(format!("the log does not say `{text}`"));
            }
        }
        Ok(differences.into_found())
    }

    /// Sends every variant; returns how many requests that were.
    async fn send_all(
        &self,
        target: &Target,
        protocol: Protocol,
        differences: &mut Differences<'_>,
    ) -> anyhow::Result<usize> {
        let exchange = self.exchange;
        let reply = lower::reply(
            exchange
                .upstream
                .as_ref()
                .unwrap_or(&self.scenario.upstream),
            self.vars,
        )?;
        let replies = lower::upstream_cuts(&reply, exchange.cut)?;
        let request = lower::request(&exchange.request, protocol, self.vars)?;
        let requests: Vec<client::Request> = lower::cuts(&request.body, exchange.cut_request)?
            .into_iter()
            .map(|body| client::Request {
                body,
                ..request.clone()
            })
            .collect();
        let times = exchange.repeat.unwrap_or(1) as usize;
        if let Some(at_once) = exchange.concurrency {
            let ([reply], [request]) = (replies.as_slice(), requests.as_slice()) else {
                anyhow::bail!("requests that run at once cannot be cut");
            };
            self.upstream.forget();
            self.upstream.play(reply.clone());
            let responses: Vec<Response> = stream::iter(0..times)
                .map(|_| client::send(target, request))
                .buffer_unordered(at_once)
                .collect()
                .await;
            for response in &responses {
                differences.response(&exchange.expect, response)?;
            }
            self.check_seen(times, differences).await?;
            return Ok(times);
        }
        for reply in &replies {
            for request in &requests {
                for _ in 0..times {
                    self.send_one(target, reply, request, differences).await?;
                }
            }
        }
        Ok(replies.len() * requests.len() * times)
    }

    async fn send_one(
        &self,
        target: &Target,
        reply: &upstream::Reply,
        request: &client::Request,
        differences: &mut Differences<'_>,
    ) -> anyhow::Result<()> {
        let upstream = self.upstream;
        upstream.forget();
        upstream.play(reply.clone());
        // Inside a tunnel the client's script waits for what comes back, elsewhere for what the upstream has received.
        let peer = match request.framing {
            crate::lab::wire::Framing::Tunnel => upstream.client_received(),
            _ if request.raw.is_some() => upstream.client_received(),
            _ if request
                .body
                .iter()
                .any(|step| matches!(step, crate::lab::wire::Step::Data(_))) =>
            {
                upstream.request_received()
            }
            _ => upstream.client_received(),
        };
        let response =
            client::send_between(target, request, upstream.client_received(), peer).await;
        differences.response(&self.exchange.expect, &response)?;
        self.check_seen(1, differences).await
    }

    async fn check_seen(
        &self,
        runs: usize,
        differences: &mut Differences<'_>,
    ) -> anyhow::Result<()> {
        let Some(expect) = &self.exchange.expect.upstream else {
            return Ok(());
        };
        let SeenExpect { requests, .. } = expect;
        let count = requests.unwrap_or(1) * runs;
        if tokio::time::timeout(SETTLE, self.upstream.wait_until_seen(count))
            .await
            .is_err()
        {
            differences.add("the upstream never saw the end of the request".to_owned());
        }
        let seen = self.upstream.seen();
        if seen.len() != count {
            differences.add(format!(
                "the upstream received {} requests instead of {count}",
                seen.len()
            ));
        }
        differences.seen(expect, &seen)
    }

    fn target(&self) -> anyhow::Result<Target> {
        let tls = match self.scenario.proxy.tls {
            Tls::None => None,
            Tls::Server | Tls::Mutual => {
                let identity = match &self.exchange.client {
                    None => None,
                    Some(name) => {
                        let certificate = self.scenario.certificates.get(name);
                        let certificate =
                            certificate.with_context(|| format!("no `[certificates.{name}]`"))?;
                        Some(self.lab.authority.issue(&Names {
                            common_name: certificate.common_name.clone(),
                            uris: certificate.uris.clone(),
                            dns: certificate.dns.clone(),
                        })?)
                    }
                };
                Some(self.lab.authority.client_config(identity.as_ref(), &[])?)
            }
        };
        Ok(Target {
            address: self.running.addr(),
            tls,
        })
    }
}
