//! The linear memory of a virtual machine never shrinks, so it must not grow with what passes: not with the length of bodies, not with the
//! size of the pieces a host shows, and with open streams by no more than each may hold.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, ensure};
use veilgate_harness::lab::{self, Build};
use veilgate_harness::vm::{
    ByteSize, ConnectionFacts, Deferred, Diagnostics, Headers, LogLevel, Logs, Metrics, Module,
    Plugin, Properties, Services, Shared, StreamState, Vm, VmSettings,
};

const MB: usize = 1 << 20;

/// Nothing in it looks like a credential, and much like the beginning of one.
const LINE: &[u8] = b"{\"id\":12345,\"token\":null,\"url\":\"https://api.example/v1?key=&page=2\",\"note\":\"ghp_ glpat- eyJ\"}\n";

#[test]
fn the_whole_module_does_not_grow_with_what_passes() -> anyhow::Result<()> {
    does_not_grow(Build::Whole)
}

#[test]
fn the_module_that_only_redacts_does_not_grow_with_what_passes() -> anyhow::Result<()> {
    does_not_grow(Build::Redact)
}

fn does_not_grow(build: Build) -> anyhow::Result<()> {
    let mut host = Host::start(build, None)?;
    let pieces = [1000, 16 << 10, 100 << 10, MB];
    for piece in pieces {
        host.pass(MB, piece)?;
    }
    let after_one = host.vm.memory_size();
    // Twice each, see there.
    host.pass(8 * MB, 1000)?;
    for piece in [16 << 10, 100 << 10, MB, 16 * MB] {
        host.pass(32 * MB, piece)?;
    }
    let after_many = host.vm.memory_size();
    ensure!(
        after_one == after_many,
        "{build:?}: {} after some megabytes, {} after many",
        ByteSize(after_one),
        ByteSize(after_many)
    );
    Ok(())
}

#[test]
fn a_thousand_streams_in_the_middle_of_a_secret_fit_in_16_mib() -> anyhow::Result<()> {
    let mut host = Host::start(Build::Redact, Some(ByteSize(16 * MB)))?;
    let open: Vec<Open> = (0..1000)
        .map(|_| host.open(1000))
        .collect::<anyhow::Result<_>>()?;
    for stream in &open {
        host.show(
            stream,
            b"-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA",
            false,
        )?;
    }
    host.pass(MB, 1000)?;
    for stream in open {
        host.vm.finish_stream(stream.id)?;
    }
    ensure!(host.findings.findings().is_empty(), "{:?}", host.findings);
    Ok(())
}

/// A virtual machine, and as much of a proxy as bodies need.
struct Host {
    vm: Vm,
    root: u32,
    findings: Diagnostics,
    queued: Arc<Mutex<Vec<(u32, u32)>>>,
}

struct Open {
    id: u32,
    state: Rc<RefCell<StreamState>>,
}

impl Host {
    fn start(build: Build, memory: Option<ByteSize>) -> anyhow::Result<Host> {
        let module = Module::from_file(&lab::module(build)?)?;
        let queued = Arc::new(Mutex::new(Vec::new()));
        let post = Arc::clone(&queued);
        let findings = Diagnostics::default();
        let services = Services {
            shared: Shared::default(),
            metrics: Metrics::default(),
            logs: Logs::new(LogLevel::Error),
            diagnostics: findings.clone(),
            queue_ready: Arc::new(move |root, token| {
                if let Ok(mut queued) = post.lock() {
                    queued.push((root, token));
                }
            }),
            upstreams: Arc::default(),
        };
        let settings = VmSettings {
            memory,
            ..VmSettings::default()
        };
        let mut vm = Vm::new(&module, settings, services)?;
        let plugin = Plugin {
            name: "veilgate".to_owned(),
            root_id: String::new(),
            configuration: Vec::new(),
        };
        let root = vm.configure(plugin)?.context("the module refused")?;
        Ok(Host {
            vm,
            root,
            findings,
            queued,
        })
    }

    /// Lets a body of `length` pass in pieces, once announced and once not, and looks at all that comes out.
    fn pass(&mut self, length: usize, piece: usize) -> anyhow::Result<()> {
        let whole: Vec<u8> = LINE.iter().copied().cycle().take(length).collect();
        for announced in [length, 0] {
            let stream = self.open(announced)?;
            let mut passed = 0;
            let mut pieces = whole.chunks(piece).peekable();
            while let Some(bytes) = pieces.next() {
                for out in self.show(&stream, bytes, pieces.peek().is_none())? {
                    let expected = whole.get(passed..passed + out.len());
                    ensure!(expected == Some(&out[..]), "changed behind byte {passed}");
                    passed += out.len();
                }
            }
            ensure!(passed == length, "{passed} of {length} bytes came out");
            self.vm.finish_stream(stream.id)?;
        }
        Ok(())
    }

    /// A response whose body is next; of unknown length when `announced` is 0.
    fn open(&mut self, announced: usize) -> anyhow::Result<Open> {
        let state = Rc::new(RefCell::new(StreamState::new(properties())));
        let id = self.vm.create_stream(self.root, Rc::clone(&state))?;
        let request = [(":method", "GET"), (":authority", "a"), (":path", "/")];
        state.borrow_mut().request.headers = Some(headers(&request));
        state.borrow_mut().request.headers_open = true;
        ensure!(self.vm.request_headers(id, request.len(), true)? == 0);
        state.borrow_mut().request.headers_open = false;
        let length = announced.to_string();
        let mut response = vec![(":status", "200"), ("content-type", "application/json")];
        if announced > 0 {
            response.push(("content-length", &length));
        }
        state.borrow_mut().response.headers = Some(headers(&response));
        state.borrow_mut().response.headers_open = true;
        ensure!(self.vm.response_headers(id, response.len(), false)? == 0);
        state.borrow_mut().response.headers_open = false;
        Ok(Open { id, state })
    }

    /// A body callback, and the turn of the event loop after it; gives what goes on.
    fn show(&mut self, stream: &Open, bytes: &[u8], end: bool) -> anyhow::Result<Vec<Vec<u8>>> {
        let size = {
            let half = &mut stream.state.borrow_mut().response;
            half.body_open = true;
            match &mut half.buffered {
                Some(buffered) if half.buffering => {
                    buffered.extend_from_slice(bytes);
                    buffered.len()
                }
                _ => {
                    half.chunk = bytes.to_vec();
                    bytes.len()
                }
            }
        };
        let action = self.vm.response_body(stream.id, size, end)?;
        let mut out = Vec::new();
        {
            let half = &mut stream.state.borrow_mut().response;
            half.body_open = false;
            let body = match &mut half.buffered {
                Some(buffered) if half.buffering => std::mem::take(buffered),
                _ => std::mem::take(&mut half.chunk),
            };
            match action {
                0 => {
                    half.buffering = false;
                    out.push(body);
                }
                1 => {
                    half.buffering = true;
                    half.buffered = Some(body);
                }
                other => anyhow::bail!("the body callback returned {other}"),
            }
        }
        let queued = self
            .queued
            .lock()
            .map(|mut queued| std::mem::take(&mut *queued));
        for (root, token) in queued.unwrap_or_default() {
            self.vm.queue_ready(root, token)?;
        }
        for (id, action) in self.vm.take_deferred() {
            let half = &mut stream.state.borrow_mut().response;
            if let (true, Deferred::Continue(_), Some(buffered)) =
                (id == stream.id, action, &mut half.buffered)
            {
                out.push(std::mem::take(buffered));
            }
        }
        Ok(out)
    }
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in pairs {
        headers.push(name.as_bytes(), value.as_bytes());
    }
    headers
}

fn properties() -> Properties {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    Properties {
        connection: Arc::new(ConnectionFacts {
            id: 1,
            source: address,
            destination: address,
            tls_version: None,
            server_name: None,
            peer: None,
            local_uri: None,
        }),
        protocol: "HTTP/1.1",
        source: address,
        route: None,
        metadata: Vec::new(),
        plugin: Arc::default(),
        started: SystemTime::now(),
        started_at: Instant::now(),
        request_bytes: 0,
        response_bytes: 0,
        response_code: None,
        response_code_details: None,
        response_flags: 0,
        upstream: None,
        upstream_started: None,
        upstream_finished: None,
        duration: None,
    }
}
