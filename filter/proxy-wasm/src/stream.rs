//! One exchange: callbacks in, host calls and an [`Outcome`] out.

use std::rc::Rc;

use veilgate_exchange::{Ended, Engine, Exchange, Facts, Headers, Record, Reply, Step, Withheld};

use crate::{
    abi::{Action, Direction, HostError, Level, Map},
    hold_back::{Cut, HoldBack, Rewrite},
    host,
};

/// What a callback leads to. The two that may make the host call back are left to the caller.
pub(crate) enum Outcome {
    Act(Action),
    Reply(Reply),
    Reset,
}

pub(crate) struct Stream {
    /// None before the first good configuration.
    engine: Option<Rc<Engine>>,
    /// None until the first headers: a request that the host itself refuses never gets here.
    exchange: Option<Exchange>,
    request: HoldBack,
    response: HoldBack,
    state: State,
    /// The client has, or is about to have, the headers of a response.
    responding: bool,
    /// The exchange was begun by a response, because an earlier filter answered the request.
    unseen: bool,
}

/// How far a stream is from the ordinary course.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Open,
    /// Answered here before there was a response: nothing more goes upstream, and what comes down is our own reply.
    Replied,
    /// Ended here: nothing of what is still on its way goes anywhere.
    Ended,
}

/// Puts a record's fields where the host's access log finds them.
pub(crate) fn publish(record: &Record) {
    for (name, value) in &record.fields {
        let _not_every_host_keeps_them =
            host::set_property(format!("veilgate.{name}").as_bytes(), value);
    }
}

/// Publishes the masked request of a stream whose exchange cannot be asked now, without a verdict.
pub(crate) fn publish_request(engine: &Engine) {
    let mut record = finish_unseen(engine);
    record.fields.retain(|(name, _)| *name != "verdict");
    publish(&record);
}

fn finish_unseen(engine: &Engine) -> Record {
    engine.finish_unseen(&host::headers(Map::RequestHeaders).unwrap_or_default())
}

impl Stream {
    /// A stream under an engine, which wakes itself through a queue of its root context if the host has queues.
    pub(crate) fn new(id: u32, engine: Option<Rc<Engine>>, queue: Option<u32>) -> Stream {
        Stream {
            engine,
            exchange: None,
            request: HoldBack::new(id, Direction::Request, queue),
            response: HoldBack::new(id, Direction::Response, queue),
            state: State::Open,
            responding: false,
            unseen: false,
        }
    }

    pub(crate) fn on_request_headers(&mut self, end: bool) -> Outcome {
        if let Some(outcome) = self.already_over(Direction::Request) {
            return outcome;
        }
        let Some(engine) = self.engine.clone() else {
            return self.not_ready();
        };
        let step = host::headers(Map::RequestHeaders).and_then(|headers| {
            self.request.expect(content_length(&headers));
            let (exchange, step) =
                Exchange::request_headers(engine, headers.clone(), facts(), end, chance());
            self.exchange = Some(exchange);
            carry_out(Map::RequestHeaders, &headers, step)
        });
        self.take(Direction::Request, step)
    }

    pub(crate) fn on_response_headers(&mut self, end: bool) -> Outcome {
        if let Some(outcome) = self.already_over(Direction::Response) {
            return outcome;
        }
        self.responding = true;
        let Some(engine) = self.engine.clone() else {
            return self.not_ready();
        };
        let exchange = self.exchange.get_or_insert_with(|| {
            self.unseen = true;
            Exchange::unseen(engine, chance())
        });
        let step = host::headers(Map::ResponseHeaders).and_then(|headers| {
            self.response.expect(content_length(&headers));
            let step = exchange.response_headers(headers.clone(), end);
            carry_out(Map::ResponseHeaders, &headers, step)
        });
        self.take(Direction::Response, step)
    }

    pub(crate) fn on_body(&mut self, direction: Direction, size: usize, end: bool) -> Outcome {
        if let Some(outcome) = self.already_over(direction) {
            return outcome;
        }
        let Some((hold_back, mut body)) = self.body(direction) else {
            return self.not_ready();
        };
        if !body.is_inspected() {
            return Outcome::Act(Action::Continue);
        }
        match hold_back.on_body(size, end, &mut body) {
            Ok(action) => Outcome::Act(action),
            Err(cut) => self.stop(direction, cut),
        }
    }

    pub(crate) fn on_trailers(&mut self, direction: Direction) -> Outcome {
        if let Some(outcome) = self.already_over(direction) {
            return outcome;
        }
        let Some((hold_back, mut body)) = self.body(direction) else {
            return self.not_ready();
        };
        let mut action = Action::Continue;
        if body.is_inspected() {
            match hold_back.on_trailers(&mut body) {
                Ok(then) => action = then,
                Err(cut) => return self.stop(direction, cut),
            }
        }
        let map = match direction {
            Direction::Request => Map::RequestTrailers,
            Direction::Response => Map::ResponseTrailers,
        };
        let exchange = body.exchange;
        let step = host::headers(map).and_then(|trailers| {
            let step = exchange.trailers(to_exchange(direction), trailers.clone());
            carry_out(map, &trailers, step)
        });
        match step {
            Ok(None) => Outcome::Act(action),
            other => self.take(direction, other),
        }
    }

    /// Whether the host is to let this direction go on.
    pub(crate) fn on_wake(&mut self, direction: Direction) -> bool {
        let hold_back = match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        };
        hold_back.on_wake() && self.state == State::Open
    }

    pub(crate) fn engine(&self) -> Option<&Rc<Engine>> {
        self.engine.as_ref()
    }

    /// What remains of the exchange, once.
    pub(crate) fn finish(&mut self) -> Record {
        self.state = State::Ended;
        let Some(engine) = self.engine.take() else {
            return Record::default();
        };
        let ended = Ended {
            status: status(),
            now_ms: now_ms(),
        };
        match self.exchange.take() {
            Some(exchange) if self.unseen => {
                let request = host::headers(Map::RequestHeaders).unwrap_or_default();
                exchange.finish_unseen(request, &ended)
            }
            Some(exchange) => exchange.finish(&ended),
            None => finish_unseen(&engine),
        }
    }

    /// What a callback of a stream that was answered or ended here leads to.
    fn already_over(&self, direction: Direction) -> Option<Outcome> {
        match (self.state, direction) {
            (State::Open, _) => None,
            (State::Replied, Direction::Response) => Some(Outcome::Act(Action::Continue)),
            (State::Replied, Direction::Request) | (State::Ended, _) => {
                empty(direction);
                Some(Outcome::Act(Action::Pause))
            }
        }
    }

    fn take(&mut self, direction: Direction, step: Result<Option<Reply>, HostError>) -> Outcome {
        match step {
            Ok(None) => Outcome::Act(Action::Continue),
            Ok(Some(reply)) => self.reply(reply),
            Err(error) => self.reset(direction, &error.to_string()),
        }
    }

    /// A body must not go on.
    fn stop(&mut self, direction: Direction, cut: Cut<Withheld>) -> Outcome {
        empty(direction);
        match cut {
            Cut::Refused(withheld) => self.reply(withheld.reply),
            other => self.reset(direction, &other.to_string()),
        }
    }

    /// Answers the client. When it has the headers of a response already, the host resets the stream instead, under the
    /// reply's details.
    fn reply(&mut self, reply: Reply) -> Outcome {
        self.state = if self.responding {
            State::Ended
        } else {
            State::Replied
        };
        Outcome::Reply(reply)
    }

    fn reset(&mut self, direction: Direction, why: &str) -> Outcome {
        let direction = to_exchange(direction).name();
        host::log(
            Level::Error,
            &format!("veilgate: a stream is reset because of its {direction}: {why}"),
        );
        self.state = State::Ended;
        Outcome::Reset
    }

    fn not_ready(&mut self) -> Outcome {
        self.reply(Reply {
            status: 503,
            headers: vec![(b"content-type".to_vec(), b"application/json".to_vec())],
            body: br#"{"error":"unavailable","message":"the filter has no valid configuration"}"#
                .to_vec(),
            details: "veilgate_not_configured",
            grpc_status: 14,
        })
    }

    fn body(&mut self, direction: Direction) -> Option<(&mut HoldBack, Body<'_>)> {
        let hold_back = match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        };
        Some((
            hold_back,
            Body {
                exchange: self.exchange.as_mut()?,
                direction: to_exchange(direction),
            },
        ))
    }
}

/// One direction's body on its way through the exchange.
struct Body<'e> {
    exchange: &'e mut Exchange,
    direction: veilgate_exchange::Direction,
}

impl Body<'_> {
    fn is_inspected(&self) -> bool {
        self.exchange.inspects(self.direction)
    }
}

impl Rewrite for Body<'_> {
    type Refusal = Withheld;

    fn write(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Withheld> {
        self.exchange.body(self.direction, chunk, false, out)
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Withheld> {
        self.exchange.body(self.direction, b"", true, out)
    }

    fn held(&self) -> usize {
        self.exchange.held(self.direction)
    }

    fn expands(&self) -> bool {
        self.exchange.expands(self.direction)
    }
}

/// Carries a step out, except for a reply.
fn carry_out(map: Map, before: &Headers, step: Step) -> Result<Option<Reply>, HostError> {
    match step {
        Step::Forward => Ok(None),
        Step::Reply(reply) => Ok(Some(reply)),
        Step::Replace(after) => edit(map, before, &after).map(|()| None),
    }
}

/// Turns one list of fields into another by touching only the names that differ: on Envoy a changed request header
/// drops the cached route, and rewriting `:path` or `host` for nothing is asking for surprises.
fn edit(map: Map, before: &Headers, after: &Headers) -> Result<(), HostError> {
    fn values<'h>(headers: &'h Headers, name: &[u8]) -> impl Iterator<Item = &'h Vec<u8>> {
        headers
            .iter()
            .filter(move |(key, _)| key == name)
            .map(|(_, value)| value)
    }
    let mut names: Vec<&[u8]> = before
        .iter()
        .chain(after)
        .map(|(name, _)| name.as_slice())
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        if values(before, name).eq(values(after, name)) {
            continue;
        }
        let mut new = values(after, name);
        match new.next() {
            None => host::remove_header(map, name)?,
            Some(first) => host::replace_header(map, name, first)?,
        }
        for value in new {
            host::add_header(map, name, value)?;
        }
    }
    Ok(())
}

/// The length of a body, where its headers leave no doubt about it.
fn content_length(headers: &Headers) -> Option<u64> {
    let mut values = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case(b"content-length"));
    let (_, value) = values.next()?;
    let digits = std::str::from_utf8(value)
        .ok()
        .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    values.next().is_none().then(|| digits.parse().ok())?
}

/// Nothing of what is in the buffer may go on. Where there is no buffer there is nothing to empty.
fn empty(direction: Direction) {
    let _no_buffer = host::set_body(direction.body(), 0, usize::MAX, b"");
}

/// What the host knows about a request's connection and route: a host call for each, so only for a gate that asks.
fn facts() -> Facts {
    if cfg!(not(feature = "policy")) {
        return Facts::default();
    }
    let optional = |path: &str| {
        host::property(path.as_bytes())
            .ok()
            .filter(|value| !value.is_empty())
    };
    let tls_version = optional("connection\0tls_version");
    let mtls = optional("connection\0mtls").is_some_and(|value| value == [1]);
    Facts {
        tls: mtls || tls_version.is_some(),
        mtls,
        uri_san: optional("connection\0uri_san_peer_certificate"),
        peer_certificate_sha256: optional("connection\0sha256_peer_certificate_digest"),
        subject: optional("connection\0subject_peer_certificate"),
        metadata: optional("metadata").unwrap_or_default(),
        source_address: optional("source\0address"),
        route: optional("xds\0route_name"),
        cluster: optional("xds\0cluster_name"),
        virtual_host: optional("xds\0virtual_host_name"),
        now_ms: now_ms(),
        request_id: optional("request\0id"),
    }
}

/// The status that went to the client, as far as one did.
fn status() -> Option<u16> {
    let code = host::property(b"response\0code").ok()?;
    let code = u64::from_le_bytes(code.try_into().ok()?);
    u16::try_from(code).ok().filter(|code| *code != 0)
}

/// For the decision id. Without randomness ids repeat, which is worth no refusal.
fn chance() -> u64 {
    let mut bytes = [0; 8];
    let _zero_then = host::random(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn now_ms() -> u64 {
    host::now_nanoseconds() / 1_000_000
}

fn to_exchange(direction: Direction) -> veilgate_exchange::Direction {
    match direction {
        Direction::Request => veilgate_exchange::Direction::Request,
        Direction::Response => veilgate_exchange::Direction::Response,
    }
}
