//! An API that says too much: the upstream of the gateway.

use std::time::Duration;

use serde_json::json;
use veilgate_harness::lab::Upstream;
use veilgate_harness::lab::upstream::{Part, Reply};
use veilgate_harness::lab::wire::{Framing, Step};

use super::planted::{Planted, key_material};

/// Where it leaks.
pub(super) const LEAK: &str = "/v1/diagnostics";
/// Where a client searches, with a token in the query.
pub(super) const SEARCH: &str = "/v1/search";

/// The time between two pieces of a body: long enough that no proxy reads two at once.
const PAUSE: Duration = Duration::from_millis(30);

/// Starts the API on loopback.
pub(super) async fn start(planted: &Planted) -> anyhow::Result<Upstream> {
    let api = Upstream::start(Reply {
        status: 404,
        ..Reply::text("application/json", "{}")
    })
    .await?;
    api.play_at(LEAK, leak(planted));
    api.play_at(
        SEARCH,
        Reply::text("application/json", &json!({"hits": 3}).to_string()),
    );
    Ok(api)
}

/// Every secret in the answer crosses the border between two chunks.
fn leak(planted: &Planted) -> Reply {
    let body = json!({
        "status": "degraded",
        "region": "eu-central-1",
        "deploy_log": format!("cloning with {} as the robot", planted.github_token),
        "environment": {
            "AWS_ACCESS_KEY_ID": planted.aws_key_id,
            "AWS_SECRET_ACCESS_KEY": planted.aws_secret_key,
        },
        "tls": {"key": planted.tls_key, "port": 8443},
    });
    let body = body.to_string();
    let secrets = [
        planted.github_token.as_str(),
        &planted.aws_key_id,
        &planted.aws_secret_key,
        key_material(&planted.tls_key),
    ];
    let mut cuts: Vec<usize> = secrets
        .iter()
        .filter_map(|secret| Some(body.find(secret)? + secret.len() / 2))
        .collect();
    cuts.sort_unstable();
    let mut parts = Vec::new();
    let mut rest = body.as_str();
    let mut done = 0;
    for cut in cuts {
        let Some((piece, after)) = rest.split_at_checked(cut - done) else {
            break;
        };
        parts.push(Part::Step(Step::Data(piece.as_bytes().to_vec())));
        parts.push(Part::Step(Step::Wait(PAUSE)));
        rest = after;
        done = cut;
    }
    parts.push(Part::Step(Step::Data(rest.as_bytes().to_vec())));
    Reply {
        body: parts,
        framing: Framing::Chunked,
        ..Reply::text("application/json", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_is_cut_in_two_and_the_body_is_whole_json() {
        let planted = Planted::draw().unwrap();
        let pieces: Vec<Vec<u8>> = leak(&planted)
            .body
            .into_iter()
            .filter_map(|part| match part {
                Part::Step(Step::Data(data)) => Some(data),
                _ => None,
            })
            .collect();
        assert_eq!(pieces.len(), 5);
        let whole = String::from_utf8(pieces.concat()).unwrap();
        serde_json::from_str::<serde_json::Value>(&whole).unwrap();
        for secret in [
            &planted.github_token,
            &planted.aws_key_id,
            &planted.aws_secret_key,
        ] {
            assert!(whole.contains(secret));
            for piece in &pieces {
                assert!(!String::from_utf8_lossy(piece).contains(secret));
            }
        }
    }
}
