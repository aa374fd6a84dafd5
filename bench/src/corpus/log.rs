//! Log lines of a dozen programs, mixed as a collector sees them.

use std::fmt::Write as _;

use super::random::Random;

/// Lines until there are `length` bytes.
pub(crate) fn lines(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = String::new();
    while text.len() < length {
        // A program logs in bursts.
        let program = random.one(PROGRAMS);
        for _ in 0..random.within(1, 30) {
            if let Some(line) = program {
                line(&mut random, &mut text);
            }
            text.push('\n');
        }
    }
    text.truncate(length);
    text.into_bytes()
}

type Line = fn(&mut Random, &mut String);

const PROGRAMS: &[Option<Line>] = &[
    Some(access),
    Some(envoy),
    Some(structured),
    Some(syslog),
    Some(kubernetes),
    Some(java),
    Some(postgres),
    Some(logfmt),
    Some(audit),
    Some(nginx),
    Some(python),
    Some(sshd),
];

const AGENTS: &[&str] = &[
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "curl/8.7.1",
    "Go-http-client/2.0",
    "kube-probe/1.30",
    "okhttp/4.12.0",
];

fn path(random: &mut Random) -> String {
    match random.within(0, 5) {
        0 => format!("/api/v1/{}/{}", random.word(), random.within(1, 99_999)),
        1 => format!("/static/js/{}.{}.js", random.word(), random.hex(8)),
        2 => format!(
            "/{}?page={}&sort={}",
            random.word(),
            random.within(1, 50),
            random.word()
        ),
        3 => format!("/v2/{}/{}/tokens?limit=20", random.word(), random.uuid()),
        _ => format!("/{}/{}", random.word(), random.word()),
    }
}

fn access(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        r#"{} - - [{:02}/Nov/2026:{:02}:{:02}:{:02} +0000] "{} {} HTTP/1.1" {} {} "https://www.example.com{}" "{}""#,
        random.ip(),
        random.within(1, 31),
        random.within(0, 24),
        random.within(0, 60),
        random.within(0, 60),
        random.one(&["GET", "GET", "GET", "POST", "PUT", "DELETE"]),
        path(random),
        random.one(&[200, 200, 200, 304, 404, 500]),
        random.within(0, 90_000),
        path(random),
        random.one(AGENTS),
    );
}

fn envoy(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        r#"[{}] "{} {} HTTP/2" {} {} {} {} {} {} "{}" "{}" "{}" "{}:{}" outbound|80||{}.{}.svc.cluster.local {}:{} - -"#,
        random.time(),
        random.one(&["GET", "POST"]),
        path(random),
        random.one(&[200, 200, 204, 503]),
        random.one(&["-", "-", "UF", "via_upstream"]),
        random.within(0, 4000),
        random.within(0, 90_000),
        random.within(0, 900),
        random.within(0, 900),
        random.ip(),
        random.one(AGENTS),
        random.uuid(),
        random.ip(),
        random.within(1024, 65_535),
        random.word(),
        random.word(),
        random.ip(),
        random.within(1024, 65_535),
    );
}

fn structured(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        r#"{{"level":"{}","ts":"{}","logger":"{}.{}","caller":"{}/{}.go:{}","msg":"{}","trace_id":"{}","span_id":"{}","user_id":{},"duration_ms":{}.{},"token_type":"Bearer","retry":{}}}"#,
        random.one(&["info", "info", "debug", "warn", "error"]),
        random.time(),
        random.word(),
        random.word(),
        random.word(),
        random.word(),
        random.within(1, 900),
        random.sentence(7),
        random.hex(32),
        random.hex(16),
        random.within(1, 999_999),
        random.within(0, 900),
        random.within(0, 999),
        random.once_in(9),
    );
}

fn syslog(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        "<{}>1 {} {}-{:02} {} {} ID{} [origin ip=\"{}\"] {}",
        random.within(1, 190),
        random.time(),
        random.word(),
        random.within(0, 40),
        random.word(),
        random.within(100, 32_000),
        random.within(1, 99),
        random.ip(),
        random.sentence(9),
    );
}

fn kubernetes(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        "{}{:02}{:02} {:02}:{:02}:{:02}.{:06}    {} {}.go:{}] \"{}\" pod=\"{}/{}-{}\" UID=\"{}\" volumeName=\"kube-api-access-{}\"",
        random.one(&["I", "W", "E"]),
        random.within(1, 13),
        random.within(1, 29),
        random.within(0, 24),
        random.within(0, 60),
        random.within(0, 60),
        random.within(0, 999_999),
        random.within(1, 9999),
        random.word(),
        random.within(10, 2000),
        random.sentence(5),
        random.word(),
        random.word(),
        random.hex(9),
        random.uuid(),
        random.text(b"bcdfghjklmnpqrstvwxz2456789", 5),
    );
}

fn java(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        "{} {} [http-nio-8080-exec-{}] com.example.{}.{}Service - {}",
        random.time(),
        random.one(&["INFO ", "WARN ", "ERROR", "DEBUG"]),
        random.within(1, 40),
        random.word(),
        capital(random.word()),
        random.sentence(8),
    );
    if random.once_in(12) {
        text.push_str("\njava.lang.IllegalStateException: ");
        text.push_str(&random.sentence(5));
        for _ in 0..random.within(4, 20) {
            let class = capital(random.word());
            let _infallible = write!(
                text,
                "\n\tat com.example.{}.{class}.{}{}({class}.java:{})",
                random.word(),
                random.word(),
                capital(random.word()),
                random.within(10, 900),
            );
        }
    }
}

fn postgres(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        "{} UTC [{}] app@{} LOG:  duration: {}.{:03} ms  statement: SELECT {}, {} FROM {} WHERE {}_id = {} AND {} = '{}' ORDER BY created_at DESC LIMIT {}",
        random.time(),
        random.within(100, 32_000),
        random.word(),
        random.within(0, 2000),
        random.within(0, 1000),
        random.word(),
        random.word(),
        random.word(),
        random.word(),
        random.within(1, 99_999),
        random.word(),
        random.word(),
        random.within(1, 500),
    );
}

fn logfmt(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        "time={} level={} component={} msg=\"{}\" key={}/{} bytes={} took={}ms peer={} rev={}",
        random.time(),
        random.one(&["info", "warn", "error"]),
        random.word(),
        random.sentence(6),
        random.word(),
        random.word(),
        random.within(0, 999_999),
        random.within(0, 9000),
        random.ip(),
        random.hex(40),
    );
}

fn audit(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        r#"{{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/{}/secrets/{}","verb":"get","user":{{"username":"system:serviceaccount:{}:{}","groups":["system:authenticated"]}},"sourceIPs":["{}"],"responseStatus":{{"code":200}},"requestReceivedTimestamp":"{}"}}"#,
        random.uuid(),
        random.word(),
        random.word(),
        random.word(),
        random.word(),
        random.ip(),
        random.time(),
    );
}

fn nginx(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        "2026/11/{:02} {:02}:{:02}:{:02} [error] {}#{}: *{} upstream timed out (110: Connection timed out) while reading response header from upstream, client: {}, server: {}.example.com, request: \"GET {} HTTP/1.1\", upstream: \"http://{}:8080{}\"",
        random.within(1, 31),
        random.within(0, 24),
        random.within(0, 60),
        random.within(0, 60),
        random.within(1, 99),
        random.within(1, 99),
        random.within(1, 999_999),
        random.ip(),
        random.word(),
        path(random),
        random.ip(),
        path(random),
    );
}

fn python(random: &mut Random, text: &mut String) {
    let _infallible = write!(
        text,
        "[{}: {}/ForkPoolWorker-{}] Task {}.tasks.{}_{}[{}] succeeded in {}.{}s: {{'{}': {}, '{}': '{}'}}",
        random.time(),
        random.one(&["INFO", "WARNING"]),
        random.within(1, 16),
        random.word(),
        random.word(),
        random.word(),
        random.uuid(),
        random.within(0, 30),
        random.within(0, 999_999),
        random.word(),
        random.within(0, 999),
        random.word(),
        random.word(),
    );
}

fn sshd(random: &mut Random, text: &mut String) {
    const FINGERPRINT: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let _infallible = write!(
        text,
        "Nov {:02} {:02}:{:02}:{:02} {} sshd[{}]: Accepted publickey for {} from {} port {} ssh2: ED25519 SHA256:{}",
        random.within(1, 31),
        random.within(0, 24),
        random.within(0, 60),
        random.within(0, 60),
        random.word(),
        random.within(100, 32_000),
        random.word(),
        random.ip(),
        random.within(1024, 65_535),
        random.text(FINGERPRINT, 43),
    );
}

fn capital(word: &str) -> String {
    word.split_at_checked(1)
        .map(|(first, rest)| first.to_ascii_uppercase() + rest)
        .unwrap_or_default()
}
