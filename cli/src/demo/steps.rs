//! The story, step by step. Each one sends real requests and compares what came back with what was promised.

use serde_json::{Value, json};

use super::engine::Door;
use super::http::Reply;
use super::json::{at, text};
use super::scene::Scene;
use super::stage::{Caller, Stage};
use super::traffic::Traffic;
use super::{leaky_api, openbao};

const OWN: &str = "/v1/secret/data/payments/stripe";
const OTHER: &str = "/v1/secret/data/billing/db";
const NAMES: &str = "/v1/secret/metadata/payments?list=true";
const PAYPAL: &str = "/v1/secret/data/payments/paypal";

/// 1: allowed.
pub(super) async fn own_secret(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    let reply = ask(scene, &stage.cast.api, OWN, "200 and every field").await?;
    scene.equal("status", &reply.status, &200);
    let stored = openbao::secrets(&stage.planted);
    let stored = stored
        .iter()
        .find(|(path, _)| *path == "payments/stripe")
        .map(|(_, fields)| fields.clone());
    scene.same("the fields", &fields(&reply), &stored.unwrap_or_default());
    Ok(())
}

/// 2: denied, and OpenBao never saw it.
pub(super) async fn other_team(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    let before = stage.engine.served("secret/data/billing/db")?;
    let promise = "403 with the decision and the policy; OpenBao never sees the request";
    let reply = ask(scene, &stage.cast.api, OTHER, promise).await?;
    denied(scene, &reply, &json!(["teams-keep-to-their-own"]));
    let served = stage.engine.served("secret/data/billing/db")? - before;
    scene.note("OpenBao", format_args!("served it {served} times"));
    scene.equal("requests that reached OpenBao", &served, &0);
    Ok(())
}

/// 3: names yes, values no.
pub(super) async fn list_only(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    let names = ask(scene, &stage.cast.alice, NAMES, "200 and the names").await?;
    scene.equal("status of the list", &names.status, &200);
    scene.same(
        "names",
        at(&names.json().unwrap_or_default(), "/data/keys"),
        &json!(["paypal", "stripe"]),
    );
    let value = ask(scene, &stage.cast.alice, PAYPAL, "403: no policy lets her").await?;
    // Nothing forbids it: nothing permits it either, and then there is no policy to name.
    denied(scene, &value, &json!([]));
    Ok(())
}

/// 4: one field of a secret that may be read.
pub(super) async fn masked_field(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    let promise = "200, the private key masked, the rest as it is";
    let reply = ask(scene, &stage.cast.dashboard, OWN, promise).await?;
    scene.equal("status", &reply.status, &200);
    let got = fields(&reply);
    let private_key = text(&got, "/private_key");
    scene.holds(private_key.starts_with("[REDACTED:field"), || {
        format!("the private key is not masked: {}", short(private_key))
    });
    scene.equal(
        "the API key",
        &text(&got, "/api_key"),
        &stage.planted.stripe_key.as_str(),
    );
    scene.equal("the account", &text(&got, "/account"), &"acct_demo");
    Ok(())
}

/// 5: secrets in an ordinary answer, cut between chunks.
pub(super) async fn leak(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    let promise = "a GitHub token, an AWS key pair and a private key masked, although each is cut in two; valid JSON";
    let reply = ask(scene, &stage.cast.visitor, leaky_api::LEAK, promise).await?;
    scene.equal("status", &reply.status, &200);
    let whole = reply.text();
    for (name, secret) in stage.planted.all() {
        scene.holds(!whole.contains(secret), || format!("{name} came through"));
    }
    let body = reply.json();
    scene.holds(body.is_some(), || {
        "the answer is not JSON any more".to_owned()
    });
    let body = body.unwrap_or_default();
    for pointer in [
        "/deploy_log",
        "/environment/AWS_ACCESS_KEY_ID",
        "/environment/AWS_SECRET_ACCESS_KEY",
        "/tls/key",
    ] {
        scene.holds(text(&body, pointer).contains("[REDACTED:"), || {
            format!("there is no mask at `{pointer}`")
        });
    }
    scene.same(
        "what is no secret",
        &json!([at(&body, "/status"), at(&body, "/tls/port")]),
        &json!(["degraded", 8443]),
    );
    Ok(())
}

/// 6: a token in a query.
pub(super) async fn query(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    let target = format!(
        "{}?q=veil&access_token={}",
        leaky_api::SEARCH,
        stage.planted.query_token
    );
    let reply = ask(
        scene,
        &stage.cast.visitor,
        &target,
        "the API gets the token, the access log a mask",
    )
    .await?;
    scene.equal("status", &reply.status, &200);
    let reached = stage
        .api
        .seen()
        .iter()
        .any(|request| request.target == target.as_bytes());
    scene.holds(reached, || {
        "the API did not get the query as it was sent".to_owned()
    });
    let line = stage
        .access_line(Door::Gateway, |line| is_for(line, leaky_api::SEARCH))
        .await?;
    let logged = text(&line, "/path");
    scene.note("log", logged);
    scene.holds(logged.contains("?q=veil&access_token=[REDACTED:"), || {
        format!("the logged path is {logged:?}")
    });
    scene.holds(!logged.contains(&stage.planted.query_token), || {
        "the token is in the access log".to_owned()
    });
    Ok(())
}

/// 7: what remains of it all.
pub(super) async fn logs(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    scene.promise(
        "a clean access log line and an audit record for a denied call and for a masked answer",
    );
    let denied = stage
        .access_line(Door::Sidecar, |line| is_for(line, OTHER))
        .await?;
    let record = audit(stage, scene, Door::Sidecar, &denied).await?;
    scene.same(
        "verdict",
        &json!([text(&record, "/verdict"), text(&denied, "/verdict")]),
        &json!(["deny", "deny"]),
    );
    scene.equal(
        "who",
        &text(&record, "/identities/0/id"),
        &"spiffe://demo.veilgate/ns/payments/sa/api",
    );
    scene.equal("what", &text(&record, "/call/action"), &"Read");
    scene.equal(
        "of which",
        &text(&record, "/call/resource"),
        &"vault/secret/billing/db",
    );
    scene.same(
        "by which policy",
        at(&record, "/policies"),
        &json!(["teams-keep-to-their-own"]),
    );

    let masked = stage
        .access_line(Door::Gateway, |line| is_for(line, leaky_api::LEAK))
        .await?;
    let record = audit(stage, scene, Door::Gateway, &masked).await?;
    let found = at(&record, "/redactions").as_array().map_or(0, Vec::len);
    scene.holds(found >= 3, || {
        format!("the record names {found} kinds of credentials, promised at least 3")
    });
    Ok(())
}

/// 8: an API key, and nothing at all.
pub(super) async fn api_client(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    let known = ask(scene, &stage.cast.ci, PAYPAL, "200").await?;
    scene.equal("status with the key", &known.status, &200);
    let unknown = ask(
        scene,
        &stage.cast.nobody,
        PAYPAL,
        "403, with the reason on record",
    )
    .await?;
    let decision = denied(scene, &unknown, &json!([]));
    let record = stage.audit_record(Door::Sidecar, &decision).await?;
    scene.note("audit", at(&record, "/identities"));
    scene.equal("who", &text(&record, "/identities/0/type"), &"anonymous");
    scene.equal(
        "reason",
        &text(&record, "/identities/0/reason"),
        &"no-credential",
    );
    Ok(())
}

/// 9: a policy changes under traffic.
pub(super) async fn policy_edit(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    let traffic = Traffic::start(&stage.cast.api.endpoint, &stage.cast.api.get(OWN));
    let before = ask(scene, &stage.cast.alice, PAYPAL, "403, as before").await?;
    scene.equal("status before the edit", &before.status, &403);
    scene.note(
        "edit",
        "policies/demo/edit.cedar joins the policy, while other requests go on",
    );
    let replaced = stage
        .engine
        .replace_policy(&stage.configuration.edited)
        .await;
    let after = ask(
        scene,
        &stage.cast.alice,
        PAYPAL,
        "200; and none of the other requests is lost",
    )
    .await;
    let tally = traffic.stop().await;
    replaced?;
    scene.equal("status after the edit", &after?.status, &200);
    scene.note(
        "traffic",
        format_args!(
            "{} requests during the edit, {} lost",
            tally.sent, tally.lost
        ),
    );
    scene.equal("requests lost", &tally.lost, &0);
    scene.holds(tally.sent >= 10, || {
        format!(
            "only {} requests were sent, too few to show anything",
            tally.sent
        )
    });
    Ok(())
}

/// 10: the numbers.
pub(super) async fn metrics(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    scene.promise("counters of verdicts and masks, with labels, and not one fault of the filter");
    let mut lines = Vec::new();
    for door in Door::BOTH {
        let text = stage.engine.metrics(door).await?;
        lines.extend(
            text.lines()
                .filter(|line| line.starts_with("veilgate_"))
                .map(str::to_owned),
        );
    }
    for line in &lines {
        scene.note("metric", line);
    }
    for (name, label) in [
        ("veilgate_requests_total", "verdict=\"allow\""),
        ("veilgate_requests_total", "verdict=\"deny\""),
        ("veilgate_redactions_total", "action=\"masked\""),
        ("veilgate_scanned_bytes_total", "direction=\"response\""),
    ] {
        let count: f64 = lines
            .iter()
            .filter(|line| line.starts_with(name) && line.contains(label))
            .filter_map(|line| value(line))
            .sum();
        scene.holds(count > 0.0, || {
            format!("`{name}` with {label} has counted nothing")
        });
    }
    scene.equal(
        "faults of the filter",
        &stage.engine.faults().await?,
        &Vec::new(),
    );
    Ok(())
}

/// The end: nothing planted is anywhere.
pub(super) async fn nothing_written_down(stage: &Stage, scene: &mut Scene) -> anyhow::Result<()> {
    scene.promise("no secret of the run in any log, audit record, metric or admin page");
    let tokens = stage
        .tokens
        .iter()
        .map(|(name, token)| (*name, token.as_str()));
    let secrets: Vec<(&str, &str)> = stage.planted.all().into_iter().chain(tokens).collect();
    let written = stage.engine.written().await?;
    let mut bytes = 0;
    for place in &written {
        bytes += place.text.len();
        for (name, secret) in &secrets {
            scene.holds(!place.text.contains(secret), || {
                format!("{name} is in {}", place.name)
            });
        }
    }
    scene.answer(format_args!(
        "{} secrets looked for in {} places, {bytes} bytes",
        secrets.len(),
        written.len()
    ));
    scene.holds(written.len() >= 4 && bytes > 1000, || {
        "there was next to nothing to search".to_owned()
    });
    Ok(())
}

/// Sends a request and tells about it: who asks what, what the reader should expect, what came.
async fn ask(scene: &Scene, caller: &Caller, target: &str, promise: &str) -> anyhow::Result<Reply> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(short)
        .collect();
    let mark = if query.is_empty() { "" } else { "?" };
    scene.asks(
        caller.name,
        format_args!("GET {path}{mark}{}", query.join("&")),
    );
    scene.promise(promise);
    let reply = caller.ask(target).await?;
    scene.answer(format_args!("{} {}", reply.status, summary(&reply)));
    Ok(reply)
}

/// Checks a refusal and returns its decision id.
fn denied(scene: &mut Scene, reply: &Reply, policies: &Value) -> String {
    scene.equal("status", &reply.status, &403);
    let body = reply.json().unwrap_or_default();
    scene.equal("error", &text(&body, "/error"), &"denied");
    scene.same("policies", at(&body, "/policies"), policies);
    let decision = text(&body, "/decision_id").to_owned();
    scene.holds(!decision.is_empty(), || {
        "there is no decision id".to_owned()
    });
    scene.equal(
        "the decision id in the header",
        &reply.header("x-veilgate-decision-id"),
        &Some(&decision),
    );
    decision
}

async fn audit(
    stage: &Stage,
    scene: &mut Scene,
    door: Door,
    line: &Value,
) -> anyhow::Result<Value> {
    scene.note("log", line);
    let record = stage.audit_record(door, text(line, "/decision_id")).await?;
    scene.note("audit", &record);
    Ok(record)
}

/// Whether an access log line is about a request for `path`, whatever its query.
fn is_for(line: &Value, path: &str) -> bool {
    text(line, "/path").split('?').next() == Some(path)
}

/// The fields of a KV version 2 secret; null when there are none.
fn fields(reply: &Reply) -> Value {
    reply
        .json()
        .and_then(|body| body.pointer("/data/data").cloned())
        .unwrap_or_default()
}

/// The part of an answer that matters: the fields of a secret and the members of a refusal with their values cut short, anything else whole.
fn summary(reply: &Reply) -> String {
    let Some(body) = reply.json() else {
        return short(&reply.text());
    };
    let members = body
        .pointer("/data/data")
        .or_else(|| body.get("error").map(|_| &body))
        .and_then(Value::as_object);
    match members {
        Some(members) => {
            // `errors` says the same once more, for the clients of Vault.
            let shown = members.iter().filter(|(name, _)| *name != "errors");
            shown
                .map(|(name, value)| format!("{name}={}", short(&plain(value))))
                .collect::<Vec<_>>()
                .join("  ")
        }
        None => body.pointer("/data/keys").unwrap_or(&body).to_string(),
    }
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// At most one short line of a text.
fn short(text: &str) -> String {
    const SHOWN: usize = 36;
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if line.chars().count() <= SHOWN {
        line
    } else {
        line.chars().take(SHOWN - 1).chain(['…']).collect()
    }
}

/// The number at the end of a line of Prometheus' text format.
fn value(line: &str) -> Option<f64> {
    line.rsplit_once(' ')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_cut_and_a_key_stays_on_one_line() {
        assert_eq!(short("a\nb"), "a b");
        let cut = short(&"é".repeat(100));
        assert_eq!(cut.chars().count(), 36);
        assert!(cut.ends_with('…'));
    }

    #[test]
    fn a_metric_has_its_value_at_the_end() {
        assert_eq!(
            value("veilgate_requests_total{verdict=\"deny\"} 3"),
            Some(3.0)
        );
        assert_eq!(value("nothing"), None);
    }
}
