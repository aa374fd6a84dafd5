//! Steady requests in the background, to see whether a change drops one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::http::{Connection, Endpoint, Request};

/// Requests that go on until they are counted.
pub(super) struct Traffic {
    over: Arc<AtomicBool>,
    clients: JoinSet<Tally>,
}

/// What became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Requests sent.
    pub(super) sent: usize,
    /// Requests that were not answered with 2xx, or not at all.
    pub(super) lost: usize,
}

/// How many connections at once.
const CLIENTS: usize = 4;
/// Between two requests on one connection: steady, and still leaving the machine to others.
const PAUSE: Duration = Duration::from_millis(2);

impl Traffic {
    /// Starts to send `request`, over and over, on a few connections that stay open.
    pub(super) fn start(endpoint: &Endpoint, request: &Request) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(client(endpoint.clone(), request.clone(), Arc::clone(&over)));
        }
        Self { over, clients }
    }

    /// Lets the last requests finish, and counts.
    pub(super) async fn stop(self) -> Tally {
        self.over.store(true, Ordering::Relaxed);
        let tallies = self.clients.join_all().await;
        tallies.iter().fold(Tally::default(), |sum, one| Tally {
            sent: sum.sent + one.sent,
            lost: sum.lost + one.lost,
        })
    }
}

async fn client(endpoint: Endpoint, request: Request, over: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::default();
    let mut connection = None;
    while !over.load(Ordering::Relaxed) {
        tally.sent += 1;
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(&endpoint).await,
        };
        let answered = match open {
            Ok(mut open) => match open.send(&request).await {
                Ok(reply) => {
                    connection = Some(open);
                    (200..300).contains(&reply.status)
                }
                Err(_) => false,
            },
            Err(_) => false,
        };
        tally.lost += usize::from(!answered);
        tokio::time::sleep(PAUSE).await;
    }
    tally
}

#[cfg(test)]
mod tests {
    use veilgate_harness::lab::Upstream;
    use veilgate_harness::lab::upstream::Reply;

    use super::*;

    #[tokio::test]
    async fn an_answer_that_is_not_2xx_is_lost() {
        let upstream = Upstream::start(Reply {
            status: 503,
            ..Reply::text("text/plain", "no")
        })
        .await
        .unwrap();
        let traffic = Traffic::start(&Endpoint::plain(upstream.addr()), &Request::get("/"));
        upstream.wait_until_seen(8).await;
        upstream.play(Reply::text("text/plain", "yes"));
        let tally = traffic.stop().await;
        assert!(
            tally.sent >= 8 && tally.lost >= 1 && tally.lost <= tally.sent,
            "{tally:?}"
        );
    }
}
