//! An HTTP server whose behaviour is data, and which remembers every request as it came.
//!
//! One port speaks HTTP/1.1 and HTTP/2 (with prior knowledge): the first bytes of a connection tell which.

mod h1;
mod h2;
mod script;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use script::{Echo, Interim, Part, Reply};

use super::wire::{End, Fields, Received};

/// The server. It ends when this is dropped.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// A request as the upstream received it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The method.
    pub method: Vec<u8>,
    /// The target as on the wire: path and query, or host and port for `CONNECT`.
    pub target: Vec<u8>,
    /// The `host` header or `:authority`.
    pub authority: Vec<u8>,
    /// All fields in order; on HTTP/2 without pseudo headers.
    pub headers: Fields,
    /// The body, or what came of it.
    pub body: Vec<u8>,
    /// The trailers.
    pub trailers: Fields,
    /// How the request ended; `None` while it is still coming.
    pub end: Option<End>,
}

/// What the connections share.
#[derive(Debug)]
struct Shared {
    reply: Mutex<Arc<Reply>>,
    by_path: Mutex<Vec<(String, Arc<Reply>)>>,
    seen: watch::Sender<Vec<Seen>>,
    /// What the client at the far end of the proxy has received.
    client: Received,
    /// What this server has received of the current request body.
    request: Received,
}

impl Upstream {
    /// Starts a server on loopback that answers everything with `reply`.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(reply: Reply) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            reply: Mutex::new(Arc::new(reply)),
            by_path: Mutex::default(),
            seen: watch::Sender::new(Vec::new()),
            client: Received::default(),
            request: Received::default(),
        });
        let server = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers every following request with `reply`, except where [`Upstream::play_at`] says otherwise.
    pub fn play(&self, reply: Reply) {
        *self
            .shared
            .reply
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(reply);
    }

    /// Answers requests for exactly `path` (query aside) with `reply`.
    pub fn play_at(&self, path: &str, reply: Reply) {
        let mut by_path = self
            .shared
            .by_path
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        by_path.retain(|(known, _)| known != path);
        by_path.push((path.to_owned(), Arc::new(reply)));
    }

    /// Every request since the start or the last [`Upstream::forget`].
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.borrow().clone()
    }

    /// Forgets what was seen and received; a new exchange begins.
    pub fn forget(&self) {
        self.shared.seen.send_modify(Vec::clear);
        self.shared.client.clear();
        self.shared.request.clear();
    }

    /// Waits until the upstream knows how `count` requests ended.
    pub async fn wait_until_seen(&self, count: usize) {
        let mut seen = self.shared.seen.subscribe();
        let _ = seen
            .wait_for(|seen| seen.iter().filter(|request| request.end.is_some()).count() >= count)
            .await;
    }

    /// To be fed with what the client receives: the other end of [`Step::Until`](super::wire::Step::Until) in a reply.
    pub fn client_received(&self) -> &Received {
        &self.shared.client
    }

    /// What came of the current request body: the other end of [`Step::Until`](super::wire::Step::Until) in a request.
    pub fn request_received(&self) -> &Received {
        &self.shared.request
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn reply_to(&self, target: &[u8]) -> Arc<Reply> {
        let path = target
            .split(|byte| *byte == b'?')
            .next()
            .unwrap_or_default();
        let by_path = self.by_path.lock().unwrap_or_else(PoisonError::into_inner);
        let exact = by_path
            .iter()
            .find(|(known, _)| known.as_bytes() == path)
            .map(|(_, reply)| Arc::clone(reply));
        exact.unwrap_or_else(|| {
            Arc::clone(&self.reply.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    /// Remembers a request whose head has come; returns its place.
    fn begin(&self, seen: Seen) -> usize {
        let mut place = 0;
        self.seen.send_modify(|all| {
            place = all.len();
            all.push(seen);
        });
        place
    }

    fn finish(&self, place: usize, body: Vec<u8>, trailers: Fields, end: End) {
        self.seen.send_modify(|all| {
            if let Some(seen) = all.get_mut(place) {
                seen.body = body;
                seen.trailers = trailers;
                seen.end = Some(end);
            }
        });
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Connections live in this set, so that they end with the server.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // A connection that breaks is the proxy's doing, and the exchange shows it.
            let _ = serve(stream, &shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, shared: &Arc<Shared>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut start = [0; 3];
    loop {
        let read = stream.peek(&mut start).await?;
        if read == 0 {
            return Ok(());
        }
        let known = start.get(..read).unwrap_or_default();
        if known == b"PRI" {
            return h2::serve(stream, shared).await;
        }
        if !b"PRI".starts_with(known) {
            return Ok(h1::serve(stream, shared).await?);
        }
        stream.readable().await?;
    }
}
