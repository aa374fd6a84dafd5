//! One HTTP/1.1 exchange.

use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::watch;

use crate::lab::wire::h1::{Reader, ending, head_bytes, response_end, send_body};
use crate::lab::wire::{End, Fields, Framing, Played, Received, Step, field};

use super::{Connection, Request, Response};

/// How long to listen for bytes that should not come.
const EXCESS_PATIENCE: Duration = Duration::from_millis(2);

pub(super) async fn exchange<C: Connection>(
    connection: C,
    request: &Request,
    received: &Received,
    upstream: &Received,
) -> Response {
    if request.body.contains(&Step::Reset) {
        // With no time to linger, the kernel answers the close at the end of the script with RST.
        connection.close_by_reset();
    }
    let (read, mut write) = tokio::io::split(connection);
    // The status of the latest head: what `Expect` and upgrades wait for.
    let status = watch::Sender::new(0_u16);
    let reading = receive(read, request, received, &status);
    let writing = send(&mut write, request, upstream, status.subscribe());
    tokio::pin!(reading, writing);
    let mut sent = false;
    loop {
        tokio::select! {
            response = &mut reading => return response,
            // A failed write means that the proxy has stopped reading; its answer may still be on the way.
            result = &mut writing, if !sent => {
                sent = true;
                if !matches!(result, Ok(Played::Whole) | Err(_)) {
                    let status = *status.borrow();
                    return Response { body: received.bytes(), status, ..Response::none(End::Aborted) };
                }
            }
        }
    }
}

async fn send<C: Connection>(
    write: &mut WriteHalf<C>,
    request: &Request,
    upstream: &Received,
    mut status: watch::Receiver<u16>,
) -> std::io::Result<Played> {
    if let Some(raw) = &request.raw {
        write.write_all(raw).await?;
        write.flush().await?;
        return send_body(
            write,
            &request.body,
            Framing::Bare,
            &Fields::new(),
            upstream,
        )
        .await;
    }
    let mut first = request.method.clone().into_bytes();
    first.extend_from_slice(
        &[
            b" ",
            request.target.as_slice(),
            b" HTTP/1.1\r\nhost: ",
            request.authority.as_bytes(),
        ]
        .concat(),
    );
    write
        .write_all(&head_bytes(
            &first,
            &request.headers,
            request.framing,
            &request.body,
        ))
        .await?;
    write.flush().await?;
    if request.framing == Framing::Tunnel {
        // The tunnel opens with 101, or with a 2xx to CONNECT; anything else is the answer.
        let opened = status
            .wait_for(|status| matches!(status, 101 | 200..=599))
            .await
            .map_or(0, |status| *status);
        if !matches!(opened, 101 | 200..=299) {
            return Ok(Played::Whole);
        }
    } else if field(&request.headers, "expect").is_some() {
        let go_on = status
            .wait_for(|status| *status >= 100)
            .await
            .map_or(0, |status| *status);
        if go_on != 100 {
            return Ok(Played::Whole);
        }
    }
    send_body(
        write,
        &request.body,
        request.framing,
        &request.trailers,
        upstream,
    )
    .await
}

async fn receive<C: Connection>(
    read: ReadHalf<C>,
    request: &Request,
    received: &Received,
    latest: &watch::Sender<u16>,
) -> Response {
    let mut reader = Reader::new(read);
    let mut response = Response::none(End::Complete);
    let head = loop {
        let head = match reader.head().await {
            Ok(Some(head)) => head,
            Ok(None) => {
                return Response {
                    end: End::Truncated,
                    ..response
                };
            }
            Err(error) => {
                return Response {
                    end: ending(&error),
                    ..response
                };
            }
        };
        let [_, status, _] = &head.words;
        response.status = std::str::from_utf8(status)
            .ok()
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        latest.send_replace(response.status);
        if response.status != 101 && (100..200).contains(&response.status) {
            response.interim.push(response.status);
        } else {
            break head;
        }
    };
    response.headers = head.fields;
    let tunnel = response.status == 101
        || (request.method == "CONNECT" && (200..300).contains(&response.status));
    if tunnel {
        response.end = match reader.rest(received).await {
            Ok(()) => End::Complete,
            Err(error) => ending(&error),
        };
    } else {
        let end = response_end(
            request.method.as_bytes(),
            response.status,
            &response.headers,
        );
        (response.trailers, response.end) = reader.body(end, received).await;
        if response.end == End::Complete {
            let after = Received::default();
            let _ = tokio::time::timeout(EXCESS_PATIENCE, reader.rest(&after)).await;
            response.excess = after.bytes();
        }
    }
    response.body = received.bytes();
    response
}
