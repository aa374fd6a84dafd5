//! The entry points as a host calls them, with the real engine behind them.

use super::*;
use crate::abi::{HostError, Map, Pairs};

const ROOT: u32 = 1;
const STREAM: u32 = 2;

fn pairs(fields: &[(&str, &str)]) -> Pairs {
    fields
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}

fn token() -> String {
    format!("ghp_{}", "x7Kp2QmV9Lw4Rt8Zb3Nc6Yd1Hf5Jg0SaTeUi")
}

fn configure(root: u32, text: &str) -> bool {
    host::with(|fake| {
        fake.buffers
            .insert(Buffer::PluginConfiguration, text.as_bytes().to_vec())
    });
    let good = on_configure(root, text.len());
    host::with(|fake| fake.buffers.remove(&Buffer::PluginConfiguration));
    good
}

fn start(text: &str) {
    on_context_create(ROOT, 0);
    assert!(
        configure(ROOT, text),
        "{:?}",
        host::with(|fake| fake.lines.clone())
    );
    on_context_create(STREAM, ROOT);
}

fn request(fields: &[(&str, &str)]) -> Action {
    let mut all = pairs(&[
        (":method", "GET"),
        (":authority", "api.example"),
        (":scheme", "https"),
    ]);
    all.extend(pairs(fields));
    host::with(|fake| fake.maps.insert(Map::RequestHeaders, all));
    on_request_headers(STREAM, true)
}

fn response(fields: &[(&str, &str)]) -> Action {
    let mut all = pairs(&[(":status", "200")]);
    all.extend(pairs(fields));
    host::with(|fake| fake.maps.insert(Map::ResponseHeaders, all));
    on_response_headers(STREAM, false)
}

fn body(bytes: &[u8], end: bool) -> (Action, Vec<u8>) {
    host::with(|fake| fake.buffers.insert(Buffer::ResponseBody, bytes.to_vec()));
    let action = on_body(STREAM, Direction::Response, bytes.len(), end);
    (
        action,
        host::with(|fake| fake.buffers.remove(&Buffer::ResponseBody)).unwrap_or_default(),
    )
}

fn header(map: Map, name: &str) -> Vec<String> {
    host::with(|fake| {
        let values = fake.maps[&map]
            .iter()
            .filter(|(key, _)| key == name.as_bytes());
        values
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    })
}

fn property(path: &str) -> Option<String> {
    host::with(|fake| {
        fake.properties
            .get(path.as_bytes())
            .map(|value| String::from_utf8_lossy(value).into_owned())
    })
}

fn streams() -> usize {
    with(|contexts| contexts.streams.len())
}

#[test]
fn nothing_passes_before_a_good_configuration() {
    on_context_create(ROOT, 0);
    assert!(!configure(ROOT, r#"{"mode": "enforec"}"#));
    on_context_create(STREAM, ROOT);
    assert_eq!(request(&[(":path", "/")]), Action::Pause);
    let replies = host::with(|fake| fake.replies.clone());
    assert_eq!(replies.len(), 1);
    assert_eq!(
        (replies[0].status, replies[0].details.as_slice()),
        (503, b"veilgate_not_configured".as_slice())
    );
    assert_eq!(response(&[]), Action::Continue, "our own reply passes");
    on_log(STREAM);
    on_delete(STREAM);
    assert_eq!(streams(), 0);
}

#[test]
fn a_bad_update_names_its_place_and_leaves_the_good_one() {
    start("{}");
    assert!(!configure(ROOT, r#"{"redaction": {"upgrade": "pass"}}"#));
    let lines = host::with(|fake| fake.lines.clone());
    let (level, line) = lines.last().unwrap();
    assert_eq!(*level, Level::Error);
    assert!(
        line.starts_with("veilgate: ") && line.contains("redaction"),
        "{line}"
    );
    on_context_create(3, ROOT);
    assert_eq!(request(&[(":path", "/")]), Action::Continue);
}

#[test]
fn an_unreadable_configuration_is_refused() {
    on_context_create(ROOT, 0);
    host::with(|fake| fake.failing = Some(HostError::Internal));
    assert!(!on_configure(ROOT, 10));
}

#[test]
fn a_stream_ends_under_the_configuration_it_began_with() {
    start(r#"{"redaction": {"upgrades": "pass"}}"#);
    on_context_create(10, 0);
    assert!(configure(10, "{}"));
    on_delete(ROOT);
    let upgrade = [
        (":path", "/"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
    ];
    assert_eq!(request(&upgrade), Action::Continue);
    on_context_create(11, 10);
    assert_eq!(on_request_headers(11, true), Action::Pause);
    assert_eq!(host::with(|fake| fake.replies[0].status), 403);
}

#[test]
fn each_root_has_a_queue_of_its_own() {
    start("{}");
    assert!(configure(ROOT, "{}"));
    on_context_create(10, 0);
    assert!(configure(10, "{}"));
    let names = host::with(|fake| fake.queue_names.clone());
    assert_eq!(names.len(), 2);
    assert_ne!(names[0], names[1]);
}

#[test]
fn a_host_without_queues_is_told_what_that_means() {
    host::with(|fake| fake.no_queues = true);
    start("{}");
    let lines = host::with(|fake| fake.lines.clone());
    assert!(
        matches!(&lines[..], [(Level::Warn, line)] if line.contains("no queue (not implemented by the host)")),
        "{lines:?}"
    );
    assert_eq!(request(&[(":path", "/")]), Action::Continue);
}

#[test]
fn an_unknown_stream_is_closed() {
    assert_eq!(on_request_headers(99, true), Action::Pause);
    assert_eq!(on_body(99, Direction::Response, 3, false), Action::Pause);
    assert_eq!(
        host::with(|fake| fake.closed.clone()),
        [Direction::Request, Direction::Response]
    );
    on_log(99);
    on_delete(99);
}

#[test]
fn every_duplicate_is_masked_and_the_rest_is_not_touched() {
    start("{}");
    request(&[
        (":path", "/"),
        ("accept-encoding", "gzip"),
        ("x-b", "\u{ff}"),
    ]);
    assert_eq!(header(Map::RequestHeaders, "accept-encoding"), [""; 0]);
    let token = token();
    response(&[
        ("x-token", &token),
        ("x-token", "plain"),
        ("x-token", &token),
        ("x-other", "same"),
        ("content-length", "9"),
    ]);
    assert_eq!(
        header(Map::ResponseHeaders, "x-token"),
        ["[REDACTED:github-pat]", "plain", "[REDACTED:github-pat]"]
    );
    assert_eq!(header(Map::ResponseHeaders, "x-other"), ["same"]);
    assert_eq!(header(Map::ResponseHeaders, "content-length"), [""; 0]);
}

#[test]
fn headers_that_cannot_be_changed_reset_the_stream() {
    start("{}");
    request(&[(":path", "/")]);
    host::with(|fake| fake.maps_locked = true);
    assert_eq!(response(&[("x-token", &token())]), Action::Pause);
    assert_eq!(
        host::with(|fake| fake.closed.clone()),
        [Direction::Response]
    );
    assert_eq!(
        body(b"anything", false),
        (Action::Pause, vec![]),
        "nothing follows"
    );
}

#[test]
fn a_split_secret_is_masked_across_a_wake() {
    start("{}");
    request(&[(":path", "/")]);
    response(&[]);
    let text = format!("a {} b", token());
    let (first, second) = text.as_bytes().split_at(20);
    assert_eq!(body(first, false), (Action::Pause, b"a ".to_vec()));
    on_queue_ready(ROOT, 1);
    assert_eq!(
        host::with(|fake| fake.resumed.clone()),
        [(Some(STREAM), Direction::Response)]
    );
    let (_, rest) = body(second, true);
    assert_eq!(rest, b"[REDACTED:github-pat] b");
}

#[test]
fn a_message_to_a_stream_that_is_gone_is_ignored() {
    start("{}");
    request(&[(":path", "/")]);
    response(&[]);
    assert_eq!(body(b"a ghp_", false).0, Action::Pause);
    on_log(STREAM);
    on_delete(STREAM);
    on_queue_ready(ROOT, 1);
    assert_eq!(host::with(|fake| fake.resumed.clone()), []);
}

#[test]
fn a_body_that_cannot_be_read_is_withheld() {
    start("{}");
    request(&[(":path", "/")]);
    response(&[("content-type", "application/grpc")]);
    assert_eq!(body(b"\x01\0\0\0\x02ab", false), (Action::Pause, vec![]));
    let replies = host::with(|fake| fake.replies.clone());
    assert_eq!((replies.len(), replies[0].status), (1, 502));
    assert_eq!(body(b"more", true), (Action::Pause, vec![]));
    on_log(STREAM);
    assert!(property("veilgate.audit").is_some_and(|audit| audit.contains("opaque")));
}

#[test]
fn a_request_that_never_got_here_is_logged_masked() {
    start("{}");
    let path = format!("/a?token={}", token());
    host::with(|fake| {
        fake.maps
            .insert(Map::RequestHeaders, pairs(&[(":path", &path)]))
    });
    on_log(STREAM);
    on_delete(STREAM);
    let logged = property("veilgate.path").unwrap();
    assert!(
        logged.starts_with("/a?token=") && !logged.contains("ghp_"),
        "{logged}"
    );
    assert_eq!(property("veilgate.verdict").as_deref(), Some("unseen"));
}

#[test]
fn an_answer_of_an_earlier_filter_is_masked_too() {
    start("{}");
    response(&[("x-token", &token())]);
    assert_eq!(
        header(Map::ResponseHeaders, "x-token"),
        ["[REDACTED:github-pat]"]
    );
}

#[test]
fn a_stream_can_end_inside_its_own_callback() {
    start("{}");
    let path = format!("/a?token={}", token());
    request(&[(":path", &path)]);
    response(&[]);
    host::with(|fake| {
        fake.during_write = Some(|| {
            on_log(STREAM);
            on_delete(STREAM);
        });
    });
    assert_eq!(body(token().as_bytes(), true).0, Action::Pause);
    assert_eq!(streams(), 0, "a stream that is gone is not kept");
    assert!(property("veilgate.path").is_some_and(|path| !path.contains("ghp_")));
    assert_eq!(
        property("veilgate.verdict"),
        None,
        "none is better than a wrong one"
    );
    assert!(
        host::with(|fake| fake.counters.iter().map(|(_, value)| value).sum::<u64>()) > 0,
        "it is still counted"
    );
    assert_eq!(
        host::with(|fake| (fake.replies.len(), fake.closed.len())),
        (0, 0),
        "nobody is answered"
    );
}

#[test]
fn no_record_is_written_twice() {
    start("{}");
    request(&[(":path", "/")]);
    on_log(STREAM);
    on_log(STREAM);
    let counted: u64 = host::with(|fake| fake.counters.iter().map(|(_, value)| value).sum());
    assert_eq!(counted, 1);
    assert_eq!(request(&[(":path", "/")]), Action::Pause);
    assert_eq!(
        host::with(|fake| (fake.replies.len(), fake.closed.len())),
        (0, 0)
    );
}
