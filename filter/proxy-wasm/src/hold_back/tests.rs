//! The algorithm against a model of Envoy's filter chain, at every cut, for every way a message ends and every moment a
//! posted message can arrive.

use std::collections::BTreeMap;

use super::*;
use crate::abi::Buffer;

/// Masks `SECRET` and the digits after it. Refuses `FORBIDDEN`.
#[derive(Default)]
struct Toy {
    carry: Vec<u8>,
    expands: bool,
}

impl Toy {
    fn scan(&mut self, last: bool, out: &mut Vec<u8>) -> Result<(), &'static str> {
        const SECRET: &[u8] = b"SECRET";
        let input = std::mem::take(&mut self.carry);
        let mut rest = input.as_slice();
        while let Some((first, tail)) = rest.split_first() {
            if rest.starts_with(b"FORBIDDEN") {
                return Err("forbidden");
            }
            if let Some(after) = rest.strip_prefix(SECRET) {
                let digits = after
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
                if digits == after.len() && !last {
                    break;
                }
                out.extend_from_slice(b"[R]");
                rest = &after[digits..];
            } else if !last && (SECRET.starts_with(rest) || b"FORBIDDEN".starts_with(rest)) {
                break;
            } else {
                out.push(*first);
                rest = tail;
            }
        }
        self.carry = rest.to_vec();
        Ok(())
    }
}

impl Rewrite for Toy {
    type Refusal = &'static str;
    fn write(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        self.carry.extend_from_slice(chunk);
        self.scan(false, out)
    }
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        self.scan(true, out)
    }
    fn held(&self) -> usize {
        self.carry.len()
    }
    fn expands(&self) -> bool {
        self.expands
    }
}

/// How a message ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    /// The last chunk says so (HTTP/2).
    WithLastChunk,
    /// An empty chunk follows (HTTP/1).
    EmptyChunk,
    /// Trailers follow.
    Trailers,
    /// A decompressor adds trailers while it passes on the last chunk. Those of a response reach the filter only if it
    /// continues.
    Decompressor,
}

/// When posted messages arrive.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// Before the next callback.
    AtOnce,
    /// Before every other callback.
    Sometimes,
    /// After everything else.
    Last,
}

const ENDINGS: [Ending; 4] = [
    Ending::WithLastChunk,
    Ending::EmptyChunk,
    Ending::Trailers,
    Ending::Decompressor,
];
const TURNS: [Turn; 3] = [Turn::AtOnce, Turn::Sometimes, Turn::Last];
const STREAM: u32 = 7;

/// Envoy's side of one direction of one stream.
struct Chain {
    hold_back: HoldBack,
    toy: Toy,
    direction: Direction,
    queue: Option<u32>,
    /// What the host keeps while iteration is stopped.
    kept: Vec<u8>,
    /// The last body callback paused: the next one sees `kept` too.
    buffering: bool,
    stopped: bool,
    /// What went on to the peer.
    sent: Vec<u8>,
    complete: bool,
    /// Trailers or an end that go out as soon as iteration goes on.
    pending_end: bool,
    /// A filter before this one has added trailers, and their callback is still to come.
    trailers_added: bool,
    turns: usize,
}

impl Chain {
    fn with_length(direction: Direction, length: Option<usize>) -> Chain {
        let mut chain = Chain::new(direction);
        chain.hold_back.expect(length.map(|length| length as u64));
        chain
    }

    fn new(direction: Direction) -> Chain {
        Chain::on(direction, host::register_queue(b"q").ok())
    }

    fn on(direction: Direction, queue: Option<u32>) -> Chain {
        host::with(|fake| fake.properties = BTreeMap::new());
        Chain {
            hold_back: HoldBack::new(STREAM, direction, queue),
            toy: Toy::default(),
            direction,
            queue,
            kept: vec![],
            buffering: false,
            stopped: false,
            sent: vec![],
            complete: false,
            pending_end: false,
            trailers_added: false,
            turns: 0,
        }
    }

    fn body(&self) -> Buffer {
        self.direction.body()
    }

    fn data(&mut self, chunk: &[u8], end: bool) -> Result<Action, Cut<&'static str>> {
        let mut visible = if self.buffering {
            std::mem::take(&mut self.kept)
        } else {
            vec![]
        };
        visible.extend_from_slice(chunk);
        let size = visible.len();
        host::with(|fake| fake.buffers.insert(self.body(), visible));
        let action = self.hold_back.on_body(size, end, &mut self.toy)?;
        let visible = host::with(|fake| fake.buffers.remove(&self.body())).unwrap();
        match action {
            Action::Pause => {
                self.kept.extend(visible);
                self.buffering = true;
                self.stopped = true;
                self.pending_end |= end;
            }
            Action::Continue if self.buffering && !self.stopped => {
                // The host put the chunk with what it keeps, but nothing makes it go on.
                self.kept.extend(visible);
                self.buffering = false;
                self.complete |= end;
            }
            Action::Continue => {
                let twice = self.stopped && self.trailers_added;
                assert!(
                    !twice,
                    "what the host keeps goes out with the trailers, and they follow again"
                );
                self.sent.append(&mut self.kept);
                self.sent.extend(visible);
                self.buffering = false;
                self.stopped = false;
                self.complete |= end;
            }
        }
        Ok(action)
    }

    fn trailers(&mut self) -> Result<(), Cut<&'static str>> {
        if self.buffering {
            host::with(|fake| {
                fake.buffers
                    .insert(self.body(), std::mem::take(&mut self.kept))
            });
        }
        let action = self.hold_back.on_trailers(&mut self.toy)?;
        if let Some(kept) = host::with(|fake| fake.buffers.remove(&self.body())) {
            self.kept = kept;
        }
        match action {
            Action::Pause => {
                self.stopped = true;
                self.pending_end = true;
            }
            Action::Continue => {
                self.sent.append(&mut self.kept);
                self.stopped = false;
                self.complete = true;
            }
        }
        Ok(())
    }

    /// One turn of the event loop.
    fn turn(&mut self) {
        while let Some(Ok(item)) = self.queue.map(host::dequeue) {
            assert_eq!(parse_wake(&item), Some((STREAM, self.direction)));
            if self.hold_back.on_wake() {
                self.sent.append(&mut self.kept);
                self.stopped = false;
                self.complete |= self.pending_end;
            }
        }
    }

    fn maybe_turn(&mut self, turn: Turn) {
        self.turns += 1;
        match turn {
            Turn::AtOnce => self.turn(),
            Turn::Sometimes if self.turns.is_multiple_of(2) => self.turn(),
            Turn::Sometimes | Turn::Last => {}
        }
    }
}

/// Sends chunks through, without and with a known length; what the peer got.
fn run(direction: Direction, chunks: &[&[u8]], ending: Ending, turn: Turn) -> Vec<u8> {
    let sent = run_with(direction, chunks, ending, turn, false);
    assert_eq!(
        sent,
        run_with(direction, chunks, ending, turn, true),
        "{ending:?} {turn:?} {chunks:?}"
    );
    sent
}

fn run_with(
    direction: Direction,
    chunks: &[&[u8]],
    ending: Ending,
    turn: Turn,
    counted: bool,
) -> Vec<u8> {
    let length = counted.then(|| chunks.iter().map(|chunk| chunk.len()).sum());
    let mut chain = Chain::with_length(direction, length);
    for (index, chunk) in chunks.iter().enumerate() {
        let last = index + 1 == chunks.len();
        let peer_done = last && matches!(ending, Ending::WithLastChunk | Ending::Decompressor);
        if peer_done {
            done(direction);
        }
        chain.trailers_added =
            last && ending == Ending::Decompressor && direction == Direction::Request;
        let action = chain
            .data(chunk, last && ending == Ending::WithLastChunk)
            .unwrap();
        if last && ending == Ending::Decompressor {
            match (action, direction) {
                (Action::Pause, Direction::Response) => chain.pending_end = true,
                // On the way to the upstream they reach every filter, paused or not.
                _ => chain.trailers().unwrap(),
            }
        }
        chain.maybe_turn(turn);
    }
    match ending {
        Ending::EmptyChunk => {
            done(direction);
            chain.data(b"", true).unwrap();
        }
        Ending::Trailers => chain.trailers().unwrap(),
        Ending::WithLastChunk | Ending::Decompressor => {}
    }
    chain.turn();
    assert!(
        chain.complete,
        "the message never ended: {ending:?} {turn:?} {chunks:?}"
    );
    assert!(
        chain.kept.is_empty(),
        "bytes were stranded in the host: {ending:?} {turn:?} {chunks:?}"
    );
    chain.sent
}

fn done(direction: Direction) {
    if direction == Direction::Response {
        host::with(|fake| {
            fake.properties
                .insert(b"response\0backend_latency".to_vec(), vec![0; 8])
        });
    }
}

#[test]
fn every_pair_of_cuts_gives_the_same_bytes() {
    let cases: [(&[u8], &[u8]); 7] = [
        (b"aSECRET1 end", b"a[R] end"),
        (b"aSECRET12bSECRET3", b"a[R]b[R]"),
        (b"SECRET", b"[R]"),
        (b"SECRE", b"SECRE"),
        (b"SSECRET9SECRE SECRETS", b"S[R]SECRE [R]S"),
        (b"nothing to see", b"nothing to see"),
        (b"xSECRET1SECRET2SECRET3", b"x[R][R][R]"),
    ];
    for (input, expected) in cases {
        for direction in [Direction::Request, Direction::Response] {
            for ending in ENDINGS {
                for turn in TURNS {
                    for first in 0..=input.len() {
                        for second in first..=input.len() {
                            let chunks = [&input[..first], &input[first..second], &input[second..]];
                            let sent = run(direction, &chunks, ending, turn);
                            assert_eq!(
                                sent, expected,
                                "{direction:?} {ending:?} {turn:?} {first} {second}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn single_bytes_give_the_same_bytes() {
    let input = b"aSECRET12bSECRET3SECRE.SECRET";
    let chunks: Vec<&[u8]> = input.chunks(1).collect();
    for ending in ENDINGS {
        for turn in TURNS {
            assert_eq!(
                run(Direction::Response, &chunks, ending, turn),
                b"a[R]b[R]SECRE.[R]"
            );
        }
    }
}

#[test]
fn without_a_queue_nothing_pauses_and_a_tail_before_trailers_is_cut_off() {
    let text = b"aSECRET12 SECRE";
    for cut in 0..=text.len() {
        let mut chain = Chain::on(Direction::Response, None);
        assert_eq!(chain.data(&text[..cut], false), Ok(Action::Continue));
        assert_eq!(chain.data(&text[cut..], false), Ok(Action::Continue));
        assert_eq!(chain.sent, b"a[R] ", "cut at {cut}");
        if cut % 2 == 0 {
            assert_eq!(chain.data(b"", true), Ok(Action::Continue));
            assert_eq!(chain.sent, b"a[R] SECRE");
        } else {
            assert_eq!(chain.trailers(), Err(Cut::Stranded));
        }
    }
    let mut chain = Chain::on(Direction::Request, None);
    assert_eq!(chain.data(b"SECRET1.", false), Ok(Action::Continue));
    assert_eq!(chain.trailers(), Ok(()));
    assert_eq!(chain.sent, b"[R].");
}

#[test]
fn a_large_chunk_is_taken_in_pieces() {
    use crate::piecewise::PIECE;
    let mut input = vec![b'.'; 5 * PIECE];
    for offset in [0, PIECE - 3, 2 * PIECE, 3 * PIECE - 8, 5 * PIECE - 9] {
        input.splice(offset..offset + 9, *b"SECRET123");
    }
    let mut expected = Vec::new();
    let mut toy = Toy {
        carry: input.clone(),
        ..Toy::default()
    };
    toy.scan(true, &mut expected).unwrap();
    host::with(|fake| fake.largest_read = 0);
    for cut in [
        0,
        1,
        PIECE - 1,
        PIECE,
        PIECE + 1,
        3 * PIECE - 5,
        5 * PIECE - 4,
        5 * PIECE,
    ] {
        for turn in TURNS {
            let sent = run(
                Direction::Response,
                &[&input[..cut], &input[cut..]],
                Ending::Trailers,
                turn,
            );
            assert!(sent == expected, "cut at {cut}, {turn:?}");
        }
    }
    assert!(host::with(|fake| fake.largest_read) <= PIECE);
}

#[test]
fn what_may_become_many_times_as_long_is_taken_in_small_pieces() {
    use crate::piecewise::SMALL_PIECE;
    let mut input = vec![b'.'; 3 * SMALL_PIECE];
    for offset in [0, SMALL_PIECE - 3, 2 * SMALL_PIECE] {
        input.splice(offset..offset + 9, *b"SECRET123");
    }
    let mut expected = Vec::new();
    let mut toy = Toy {
        carry: input.clone(),
        ..Toy::default()
    };
    toy.scan(true, &mut expected).unwrap();
    for cut in [1, SMALL_PIECE, SMALL_PIECE + 1, input.len()] {
        let mut chain = Chain::new(Direction::Request);
        chain.toy.expands = true;
        host::with(|fake| fake.largest_read = 0);
        chain.data(&input[..cut], false).unwrap();
        chain.data(&input[cut..], true).unwrap();
        assert!(chain.sent == expected, "cut at {cut}");
        assert!(host::with(|fake| fake.largest_read) <= SMALL_PIECE);
    }
}

#[test]
fn nothing_is_held_when_nothing_can_match() {
    let mut chain = Chain::new(Direction::Response);
    assert_eq!(
        chain.data(b"event: SECRET1\n\n", false),
        Ok(Action::Continue)
    );
    assert_eq!(chain.sent, b"event: [R]\n\n");
    assert_eq!(
        host::dequeue(chain.queue.unwrap()),
        Err(HostError::Empty),
        "no message was needed"
    );
}

#[test]
fn what_is_not_held_goes_on_one_turn_later() {
    let mut chain = Chain::new(Direction::Response);
    assert_eq!(chain.data(b"data: SEC", false), Ok(Action::Pause));
    assert_eq!(chain.sent, b"");
    chain.turn();
    assert_eq!(chain.sent, b"data: ");
}

#[test]
fn a_body_of_known_length_never_pauses() {
    let text = b"a SECRET1SECRET22 SECRE";
    for cut in 0..=text.len() {
        let mut chain = Chain::with_length(Direction::Response, Some(text.len()));
        assert_eq!(chain.data(&text[..cut], false), Ok(Action::Continue));
        assert_eq!(chain.data(&text[cut..], false), Ok(Action::Continue));
        assert_eq!(
            chain.sent, b"a [R][R] SECRE",
            "complete before anything says so, cut at {cut}"
        );
        chain.trailers().unwrap();
        assert_eq!(host::dequeue(chain.queue.unwrap()), Err(HostError::Empty));
    }
}

#[test]
fn a_length_that_lies_is_cut_off() {
    let mut chain = Chain::with_length(Direction::Response, Some(4));
    assert_eq!(chain.data(b"SECRET1", false), Err(Cut::AfterEnd));
    let mut chain = Chain::with_length(Direction::Response, Some(9));
    assert_eq!(chain.data(b"SECRET1", false), Ok(Action::Continue));
    assert_eq!(chain.trailers(), Err(Cut::Stranded));
    let mut chain = Chain::with_length(Direction::Response, Some(9));
    assert_eq!(chain.data(b"SECRET1", true), Ok(Action::Continue));
    assert_eq!(chain.sent, b"[R]");
}

#[test]
fn a_refused_body_says_why() {
    let mut chain = Chain::new(Direction::Response);
    assert_eq!(chain.data(b"FORB", false), Ok(Action::Pause));
    assert_eq!(chain.data(b"IDDEN", false), Err(Cut::Refused("forbidden")));
}

#[test]
fn bytes_after_a_tail_was_given_up_are_cut_off() {
    let mut chain = Chain::new(Direction::Response);
    done(Direction::Response);
    assert_eq!(chain.data(b"SEC", false), Ok(Action::Continue));
    assert_eq!(chain.data(b"", true), Ok(Action::Continue));
    assert_eq!(chain.data(b"RET1", true), Err(Cut::AfterEnd));
}

#[test]
fn a_failing_host_is_an_error_not_a_leak() {
    for failing in [HostError::BadArgument, HostError::Internal] {
        let mut chain = Chain::new(Direction::Response);
        host::with(|fake| fake.failing = Some(failing));
        let result = chain.data(b"SECRET1", false);
        host::with(|fake| fake.failing = None);
        assert_eq!(result, Err(Cut::Host(failing)));
    }
}

#[test]
fn a_foreign_item_wakes_nobody() {
    assert_eq!(parse_wake(b""), None);
    assert_eq!(parse_wake(b"\x07\0\0\0"), None);
    assert_eq!(parse_wake(b"\x07\0\0\0\x02"), None);
    assert_eq!(parse_wake(b"\x07\0\0\0\x01x"), None);
    assert_eq!(
        parse_wake(b"\x07\0\0\0\x01"),
        Some((7, Direction::Response))
    );
}
