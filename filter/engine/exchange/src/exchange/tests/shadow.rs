//! Whatever order things come in, shadow mode changes nothing.

use proptest::prelude::*;

use super::{policies::*, *};

const UPGRADE: [(&str, &str); 2] = [("connection", "Upgrade"), ("upgrade", "websocket")];

#[derive(Clone, Debug)]
enum Event {
    Headers(u16, bool, bool),
    Body(Direction, Vec<u8>, bool),
    Trailers(Direction),
}

fn event() -> impl Strategy<Value = Event> {
    let direction = prop_oneof![Just(Direction::Request), Just(Direction::Response)];
    let status = prop_oneof![
        Just(100),
        Just(101),
        Just(200),
        Just(204),
        Just(206),
        Just(403)
    ];
    let chunk = prop_oneof![
        Just(token().into_bytes()),
        Just(token().as_bytes()[..20].to_vec()),
        Just(b"{\"data\":{\"data\":{\"k\":\"v\"}}}".to_vec()),
        Just(Vec::new()),
    ];
    prop_oneof![
        (status, any::<bool>(), any::<bool>())
            .prop_map(|(status, gzip, end)| Event::Headers(status, gzip, end)),
        (direction.clone(), chunk, any::<bool>())
            .prop_map(|(direction, chunk, end)| Event::Body(direction, chunk, end)),
        direction.prop_map(Event::Trailers),
    ]
}

/// Plays events in any order and returns whether anything was changed.
fn play(config: &Value, upgrade: bool, guarded: bool, events: &[Event]) -> bool {
    let more: &[_] = if upgrade {
        &UPGRADE
    } else {
        &[("accept-encoding", "gzip")]
    };
    let path = if guarded {
        "/v1/secret/data/payments/x"
    } else {
        "/x"
    };
    let (mut exchange, step) = Exchange::request_headers(
        shared(config),
        get(path, more),
        workload(PAYMENTS),
        false,
        1,
    );
    let mut changed = step != Step::Forward;
    for event in events {
        match event {
            Event::Headers(status, gzip, end) => {
                let status = status.to_string();
                let coding = if *gzip { "gzip" } else { "identity" };
                let token = token();
                let headers = [
                    (":status", status.as_str()),
                    ("content-encoding", coding),
                    ("content-length", "9"),
                    ("x-leak", &token),
                ];
                changed |= exchange.response_headers(list(&headers), *end) != Step::Forward;
            }
            Event::Body(direction, chunk, end) => {
                let mut out = Vec::new();
                let passed = exchange.body(*direction, chunk, *end, &mut out);
                changed |= passed.is_err() || out != *chunk || exchange.held(*direction) != 0;
            }
            Event::Trailers(direction) => {
                let step = exchange.trailers(*direction, list(&[("x-leak", &token())]));
                changed |= step != Step::Forward;
            }
        }
    }
    let record = exchange.finish(&Ended::default());
    assert!(!format!("{record:?}").contains(&token()));
    changed
}

proptest! {
    #[test]
    fn shadow_changes_nothing_in_whatever_order_things_come(
        upgrade: bool, guarded: bool, denied: bool, events in prop::collection::vec(event(), 0..12),
    ) {
        let mut config = bao(if denied { "" } else { READ_PAYMENTS });
        config["mode"] = json!("shadow");
        config["services"][0]["match"] = json!({ "path_prefix": "/v1" });
        config["redaction"] = json!({ "block": ["github-pat"], "request": { "body": true, "headers": true } });
        prop_assert!(!play(&config, upgrade, guarded, &events));
    }

    #[test]
    fn no_order_of_calls_is_too_much(upgrade: bool, guarded: bool, events in prop::collection::vec(event(), 0..12)) {
        let mut config = bao(READ_PAYMENTS);
        config["services"][0]["match"] = json!({ "path_prefix": "/v1" });
        config["redaction"] = json!({ "upgrades": "pass", "request": { "body": true, "headers": true } });
        let _changed: bool = play(&config, upgrade, guarded, &events);
    }
}
