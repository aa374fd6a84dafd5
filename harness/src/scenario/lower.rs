//! From the words of a scenario file to what the lab's client and upstream do.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::lab::client::{self, Protocol};
use crate::lab::encode_steps;
use crate::lab::setup::Configuration;
use crate::lab::upstream;
use crate::lab::wire::{self, Fields, Step};

use super::format::{Cut, EchoPart, Filter, Framing, Pairs, Part, Parts, Reply, Request};
use super::vars::Vars;

/// Between the two halves of a cut body: long enough that a proxy reads them separately.
const BETWEEN: Duration = Duration::from_millis(1);

pub(super) fn configuration(filter: &Filter, vars: &Vars<'_>) -> anyhow::Result<Configuration> {
    let configuration = match (&filter.config, &filter.raw, filter.empty) {
        (Some(config), None, false) if filter.as_struct => {
            Configuration::Struct(vars.json(config)?)
        }
        (Some(config), None, false) => Configuration::Text(vars.json(config)?.to_string()),
        (None, Some(raw), false) => Configuration::Text(vars.text(raw)?),
        (None, None, true) => Configuration::Empty,
        _ => bail!("a filter has exactly one of `config`, `raw` and `empty = true`"),
    };
    ensure!(
        filter.config.is_some() || !filter.as_struct,
        "`struct = true` needs a `config`: text cannot be a protobuf Struct"
    );
    Ok(configuration)
}

pub(super) fn reply(reply: &Reply, vars: &Vars<'_>) -> anyhow::Result<upstream::Reply> {
    let trailers = pairs(&reply.trailers, vars)?;
    let default = if trailers.is_empty() {
        wire::Framing::Length
    } else {
        wire::Framing::Chunked
    };
    let interim = reply.interim.iter().map(|interim| {
        Ok(upstream::Interim {
            status: interim.status,
            headers: pairs(&interim.headers, vars)?,
        })
    });
    Ok(upstream::Reply {
        interim: interim.collect::<anyhow::Result<_>>()?,
        status: reply.status.unwrap_or(200),
        headers: pairs(&reply.headers, vars)?,
        body: reply_parts(&reply.body, vars)?,
        framing: reply.framing.map_or(default, framing),
        trailers,
        encode: reply.encode.clone(),
        early: reply.early,
    })
}

pub(super) fn request(
    request: &Request,
    protocol: Protocol,
    vars: &Vars<'_>,
) -> anyhow::Result<client::Request> {
    let body = encode_steps(&request.encode, steps(&request.body, vars)?)?;
    let trailers = pairs(&request.trailers, vars)?;
    let has_data = body
        .iter()
        .any(|step| matches!(step, Step::Data(_) | Step::Repeat(..)));
    let default = match (trailers.is_empty(), has_data) {
        (false, _) => wire::Framing::Chunked,
        (true, true) => wire::Framing::Length,
        (true, false) => wire::Framing::Bare,
    };
    let defaults = client::Request::default();
    Ok(client::Request {
        protocol,
        method: request.method.clone().unwrap_or(defaults.method),
        target: request
            .target
            .as_ref()
            .map_or(Ok(defaults.target), |target| vars.bytes(target))?,
        authority: request
            .authority
            .as_ref()
            .map_or(Ok(defaults.authority), |authority| vars.text(authority))?,
        headers: encoded(pairs(&request.headers, vars)?, &request.encode),
        body,
        framing: request.framing.map_or(default, framing),
        trailers,
        raw: request
            .raw
            .as_ref()
            .map(|raw| vars.bytes(raw))
            .transpose()?,
        patience: request
            .patience_ms
            .map_or(defaults.patience, Duration::from_millis),
    })
}

/// Says in which codings the body is.
fn encoded(mut headers: Fields, codings: &[String]) -> Fields {
    if !codings.is_empty() {
        let codings = codings.join(", ").into_bytes();
        headers.push((b"content-encoding".to_vec(), codings));
    }
    headers
}

/// The bodies to try: the one given, or one for each place of a cut.
pub(super) fn cuts(body: &[Step], cut: Option<Cut>) -> anyhow::Result<Vec<Vec<Step>>> {
    let Some(cut) = cut else {
        return Ok(vec![body.to_vec()]);
    };
    let mut whole = Vec::new();
    for step in body {
        match step {
            Step::Data(data) => whole.extend_from_slice(data),
            _ => bail!("only a body of plain data can be cut"),
        }
    }
    ensure!(!whole.is_empty(), "there is no body to cut");
    Ok(match cut {
        Cut::Every => (1..whole.len())
            .map(|at| {
                let (head, tail) = whole.split_at(at);
                vec![
                    Step::Data(head.to_vec()),
                    Step::Wait(BETWEEN),
                    Step::Data(tail.to_vec()),
                ]
            })
            .collect(),
        Cut::Pieces(size) => {
            let pieces = whole
                .chunks(size)
                .flat_map(|piece| [Step::Data(piece.to_vec()), Step::Wait(BETWEEN)]);
            vec![pieces.collect()]
        }
    })
}

pub(super) fn upstream_cuts(
    reply: &upstream::Reply,
    cut: Option<Cut>,
) -> anyhow::Result<Vec<upstream::Reply>> {
    if cut.is_none() {
        return Ok(vec![reply.clone()]);
    }
    let mut body = Vec::new();
    for part in &reply.body {
        match part {
            upstream::Part::Step(step) => body.push(step.clone()),
            upstream::Part::Echo(_) => bail!("an echo cannot be cut"),
        }
    }
    let with = |steps: Vec<Step>| upstream::Reply {
        body: steps.into_iter().map(upstream::Part::Step).collect(),
        ..reply.clone()
    };
    Ok(cuts(&body, cut)?.into_iter().map(with).collect())
}

fn framing(framing: Framing) -> wire::Framing {
    match framing {
        Framing::Length => wire::Framing::Length,
        Framing::Chunked => wire::Framing::Chunked,
        Framing::Close => wire::Framing::Close,
        Framing::Bare => wire::Framing::Bare,
        Framing::Tunnel => wire::Framing::Tunnel,
    }
}

fn pairs(pairs: &Pairs, vars: &Vars<'_>) -> anyhow::Result<Fields> {
    pairs
        .iter()
        .map(|[name, value]| Ok((vars.bytes(name)?, vars.bytes(value)?)))
        .collect()
}

fn steps(parts: &Parts, vars: &Vars<'_>) -> anyhow::Result<Vec<Step>> {
    parts.0.iter().map(|part| step(part, vars)).collect()
}

fn reply_parts(parts: &Parts, vars: &Vars<'_>) -> anyhow::Result<Vec<upstream::Part>> {
    parts
        .0
        .iter()
        .map(|part| {
            Ok(match part.echo {
                Some(EchoPart::Head) => upstream::Part::Echo(upstream::Echo::Head),
                Some(EchoPart::Body) => upstream::Part::Echo(upstream::Echo::Body),
                None => upstream::Part::Step(step(part, vars)?),
            })
        })
        .collect()
}

fn step(part: &Part, vars: &Vars<'_>) -> anyhow::Result<Step> {
    let data = match (&part.text, &part.base64, &part.grpc) {
        (Some(text), None, None) => Some(vars.bytes(text)?),
        (None, Some(base64), None) => Some(
            STANDARD
                .decode(base64)
                .with_context(|| format!("Base64 `{base64}`"))?,
        ),
        (None, None, Some(message)) => {
            Some(grpc_frame(part.coding.as_deref(), vars.bytes(message)?)?)
        }
        (None, None, None) => None,
        _ => bail!("a piece of a body has one of `text`, `base64` and `grpc`"),
    };
    Ok(match (data, part) {
        (
            Some(data),
            Part {
                repeat: Some(times),
                ..
            },
        ) => Step::Repeat(data, *times),
        (Some(data), _) => Step::Data(data),
        (
            None,
            Part {
                wait_ms: Some(time),
                ..
            },
        ) => Step::Wait(Duration::from_millis(*time)),
        (
            None,
            Part {
                until: Some(needle),
                ..
            },
        ) => Step::Until(vars.bytes(needle)?),
        (None, Part { reset: true, .. }) => Step::Reset,
        (None, Part { close: true, .. }) => Step::Close,
        _ => bail!("a piece of a body is empty, or an echo outside an upstream"),
    })
}

fn grpc_frame(coding: Option<&str>, message: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let codings: Vec<String> = coding.map(str::to_owned).into_iter().collect();
    let flags = u8::from(coding.is_some());
    let mut encoded = Vec::new();
    for step in encode_steps(&codings, [Step::Data(message)])? {
        if let Step::Data(data) = step {
            encoded.extend(data);
        }
    }
    let length = u32::try_from(encoded.len())?.to_be_bytes();
    Ok([&[flags], length.as_slice(), &encoded].concat())
}
