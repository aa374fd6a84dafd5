//! The whole filter in real Envoy: bodies and headers of an upstream, cut in several ways.

use std::fmt::Write as _;

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use veilgate_harness::lab::{
    self, Build, Envoy, Setup, Upstream,
    client::{self, Request, Response, Target},
    engines,
    setup::{Configuration, Filter},
    upstream::{Part, Reply},
    wire::{End, Framing, Step},
};

use crate::cases::{Case, Mask, Options, Stream};
use crate::{assert_none, taken};

const CONCURRENCY: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_filter_in_envoy() {
    let Some(program) = engines::for_tests(engines::Program::Envoy).unwrap() else {
        return;
    };
    let mut cases = taken("Envoy", can_be_sent);
    // Cases with the same options share a configuration.
    cases.sort_by_key(|case| configuration(&case.options).to_string());
    let upstream = Upstream::start(Reply::text("text/plain", "ready"))
        .await
        .unwrap();
    let mut setup = Setup::new(upstream.addr());
    setup.filter = Some(Filter {
        module: lab::module(Build::Whole).unwrap(),
        memory: None,
        configuration: Configuration::Empty,
    });
    let mut envoy = Envoy::start(&program, setup).await.unwrap();
    let mut failures = Vec::new();
    for group in cases.chunk_by(|a, b| configuration(&a.options) == configuration(&b.options)) {
        let wanted = configuration(&group[0].options);
        envoy
            .update_filter(Configuration::Text(wanted.to_string()))
            .await
            .unwrap();
        let exchanges: Vec<_> = group
            .iter()
            .flat_map(|case| {
                piece_lengths(case)
                    .into_iter()
                    .map(move |length| (case, length))
            })
            .enumerate()
            .map(|(nth, (case, length))| (format!("/{nth}"), case, length))
            .collect();
        for (path, case, length) in &exchanges {
            upstream.play_at(path, reply(case, *length));
        }
        let target = &Target::plain(envoy.addr());
        let differences = stream::iter(&exchanges)
            .map(async |(path, case, length)| {
                let response = client::send(target, &Request::get(path)).await;
                let failure = difference(case, &response)?;
                Some(format!("{} in pieces of {length}: {failure}", case.name))
            })
            .buffered(CONCURRENCY)
            .filter_map(std::future::ready);
        failures.extend(differences.collect::<Vec<_>>().await);
        upstream.forget();
    }
    let stats = envoy.query("/stats").await.unwrap();
    let reloads: Vec<&str> = stats
        .lines()
        .filter(|line| line.contains("vm_reload") && !line.ends_with(": 0"))
        .collect();
    assert!(reloads.is_empty(), "the module trapped: {reloads:?}");
    assert_none(&failures);
}

/// Targets never come back from an upstream, a header value can hold no line break, and a mask that would have to be made harmless is refused.
fn can_be_sent(case: &Case) -> bool {
    if matches!(&case.options.mask, Mask::Fixed(text) if text.contains('"')) {
        return false;
    }
    match &case.stream {
        Stream::Body(_) => true,
        Stream::Header(_) => case.input.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f),
        Stream::Target => false,
    }
}

fn configuration(options: &Options) -> Value {
    let mut mask = match &options.mask {
        Mask::Label => json!({}),
        Mask::SameLength => json!({"style": "same-length"}),
        Mask::KeepLast4 => json!({"style": "keep-last-4"}),
        Mask::Fixed(text) => json!({"style": "fixed", "text": text}),
    };
    if let Some(key) = &options.key {
        mask["key"] = json!(key);
    }
    let mut document = json!({
        "redaction": {"mask": mask, "block": options.block, "carriers": true},
    });
    if !options.reveal.is_empty() {
        let policies = options.reveal.iter().fold(String::new(), |mut text, kind| {
            let _ = writeln!(
                text,
                r#"@id("{kind}") permit (principal, action == Action::"Reveal", resource is Credential) when {{ resource.kind == "{kind}" }};"#
            );
            text
        });
        document["policy"] = json!({"cedar": policies});
    }
    document
}

/// Whole, halves, an odd number, and byte by byte where that is not too much.
fn piece_lengths(case: &Case) -> Vec<usize> {
    let length = case.input.len().max(1);
    match case.stream {
        Stream::Body(_) if length <= 400 => vec![length, length.div_ceil(2), 7, 1],
        Stream::Body(_) => vec![length, length.div_ceil(2), 61],
        Stream::Header(_) | Stream::Target => vec![length],
    }
}

fn reply(case: &Case, length: usize) -> Reply {
    let mut reply = Reply::default();
    match &case.stream {
        Stream::Header(name) => {
            reply
                .headers
                .push((name.clone().into_bytes(), case.input.clone()));
        }
        _ => {
            let content_type = case.content_type.clone().into_bytes();
            reply.headers.push((b"content-type".to_vec(), content_type));
            reply.framing = Framing::Chunked;
            reply.body = case
                .input
                .chunks(length)
                .map(|piece| Part::Step(Step::Data(piece.to_vec())))
                .collect();
        }
    }
    reply
}

fn difference(case: &Case, response: &Response) -> Option<String> {
    let came = match &case.stream {
        Stream::Header(name) => {
            let value = response
                .header(&name.to_ascii_lowercase())
                .unwrap_or_default();
            return (value != case.output.trim_ascii())
                .then(|| format!("the header came as {}", value.escape_ascii()));
        }
        _ => &response.body,
    };
    let as_expected = if !case.fails() {
        response.status == 200 && response.end == End::Complete && *came == case.output
    } else if response.status == 200 {
        // How much of it had gone out already depends on the pieces.
        response.end != End::Complete && case.output.starts_with(came)
    } else {
        true
    };
    (!as_expected).then(|| {
        format!(
            "status {}, {:?}\n    expected: {}\n    came:     {}",
            response.status,
            response.end,
            case.output.escape_ascii(),
            came.escape_ascii()
        )
    })
}
