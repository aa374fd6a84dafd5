//! The guest in V8: a Node process that answers one line of JSON with another.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::{CHUNK, Engine, Runtime, Sample};
use crate::corpus::Corpus;

/// What of the guest is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// The redactor.
    Scan,
    /// The redactor of a guest built without SIMD.
    ScanWithoutSimd,
    /// A bare pass over memory.
    Sum,
}

impl Call {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scan => "veilgate",
            Self::ScanWithoutSimd => "veilgate_no_simd",
            Self::Sum => "memory",
        }
    }
}

/// One guest in a Node process of its own.
#[derive(Clone)]
pub(crate) struct Node {
    call: Call,
    process: Rc<RefCell<Process>>,
}

struct Process {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Serialize)]
#[serde(tag = "ask", rename_all = "lowercase")]
enum Request<'a> {
    Pass {
        corpus: &'a Path,
        slices: Vec<(usize, usize)>,
        repetitions: u32,
        chunk: usize,
        sum: bool,
    },
    Headers {
        map: &'a str,
        repetitions: u32,
    },
    Memory,
}

#[derive(Deserialize)]
#[serde(tag = "answer", rename_all = "lowercase")]
enum Answer {
    Pass { samples: Vec<(f64, u64)> },
    Headers { nanoseconds: f64 },
    Memory { bytes: u64 },
    Error { message: String },
}

impl Node {
    /// Starts Node on `bench/guest.mjs` with this guest.
    pub(crate) fn new(script: &Path, guest: &Path, call: Call) -> Result<Self> {
        // Envoy's V8 runs optimised code from the first call on.
        let mut child = Command::new("node")
            .args(["--no-liftoff", "--no-wasm-lazy-compilation"])
            .arg(script)
            .arg(guest)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node does not start")?;
        let requests = child.stdin.take().context("node has no input")?;
        let answers = BufReader::new(child.stdout.take().context("node has no output")?);
        Ok(Self {
            call,
            process: Rc::new(RefCell::new(Process {
                child,
                requests,
                answers,
            })),
        })
    }

    /// The same guest and process, another call.
    pub(crate) fn of(&self, call: Call) -> Self {
        Self {
            call,
            process: Rc::clone(&self.process),
        }
    }

    /// One map of headers, scrubbed so many times: what the fastest took.
    pub(crate) fn headers(&self, map: &str, repetitions: u32) -> Result<Duration> {
        match self.ask(&Request::Headers { map, repetitions })? {
            Answer::Headers { nanoseconds } => Ok(duration(nanoseconds)),
            _ => bail!("node answered another question"),
        }
    }

    /// Bytes of linear memory that the guest has by now.
    pub(crate) fn memory(&self) -> Result<u64> {
        match self.ask(&Request::Memory)? {
            Answer::Memory { bytes } => Ok(bytes),
            _ => bail!("node answered another question"),
        }
    }

    fn ask(&self, request: &Request<'_>) -> Result<Answer> {
        let mut process = self.process.try_borrow_mut()?;
        let mut line = serde_json::to_string(request)?;
        line.push('\n');
        process.requests.write_all(line.as_bytes())?;
        let mut answer = String::new();
        if process.answers.read_line(&mut answer)? == 0 {
            bail!("node ended: {}", process.child.wait()?);
        }
        match serde_json::from_str(&answer)? {
            Answer::Error { message } => bail!("node: {message}"),
            answer => Ok(answer),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that ended by itself is what is wanted.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl Engine for Node {
    fn name(&self) -> &'static str {
        self.call.name()
    }

    fn runtime(&self) -> Runtime {
        Runtime::V8
    }

    fn pass(
        &mut self,
        corpus: &Corpus,
        slices: &[Range<usize>],
        repetitions: u32,
    ) -> Result<Vec<Sample>> {
        let request = Request::Pass {
            corpus: &corpus.file,
            slices: slices
                .iter()
                .map(|slice| (slice.start, slice.end))
                .collect(),
            repetitions,
            chunk: CHUNK,
            sum: self.call == Call::Sum,
        };
        match self.ask(&request)? {
            Answer::Pass { samples } => Ok(samples
                .into_iter()
                .map(|(nanoseconds, findings)| Sample {
                    shortest: duration(nanoseconds),
                    findings,
                })
                .collect()),
            _ => bail!("node answered another question"),
        }
    }
}

fn duration(nanoseconds: f64) -> Duration {
    Duration::try_from_secs_f64(nanoseconds / 1e9).unwrap_or_default()
}
