//! The HTTP/1.1 side of the scripted upstream.

use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::lab::wire::h1::{Head, Reader, ending, head_bytes, request_end, send_body};
use crate::lab::wire::{End, Fields, Framing, Played, Received, Step, field};

use super::{Reply, Seen, Shared};

pub(super) async fn serve(mut stream: TcpStream, shared: &Arc<Shared>) -> std::io::Result<()> {
    loop {
        let (read, mut write) = stream.split();
        let mut reader = Reader::new(read);
        let Some(head) = reader.head().await? else {
            return Ok(());
        };
        let seen = seen(&head);
        let place = shared.begin(seen.clone());
        let reply = shared.reply_to(&seen.target);
        let body = Received::mirrored_to(&shared.request);
        let mut again = true;
        let played = match (reply.framing, reply.early) {
            (Framing::Tunnel, _) => {
                tunnel(&mut reader, &mut write, &reply, &seen, (shared, place)).await?
            }
            (_, true) => {
                // The answer goes out while the request may still be coming.
                let (end, played) = tokio::join!(
                    reader.body(request_end(&head.fields), &body),
                    answer(&mut write, &reply, &seen, &shared.client)
                );
                shared.finish(place, body.bytes(), end.0, end.1);
                played?
            }
            (_, false) => {
                let (trailers, end) = reader.body(request_end(&head.fields), &body).await;
                again = end == End::Complete;
                let seen = Seen {
                    body: body.bytes(),
                    ..seen
                };
                shared.finish(place, seen.body.clone(), trailers, end);
                if again {
                    answer(&mut write, &reply, &seen, &shared.client).await?
                } else {
                    Played::Close
                }
            }
        };
        again &= reader.unread().is_empty();
        match played {
            Played::Whole
                if again && !matches!(reply.framing, Framing::Close | Framing::Tunnel) => {}
            Played::Whole | Played::Close => {
                let _ = stream.shutdown().await;
                return Ok(());
            }
            Played::Reset => return stream.set_zero_linger(),
        }
    }
}

async fn answer<W: tokio::io::AsyncWrite + Unpin>(
    write: &mut W,
    reply: &Reply,
    seen: &Seen,
    client: &Received,
) -> std::io::Result<Played> {
    let steps = reply.steps(seen)?;
    for interim in &reply.interim {
        write
            .write_all(&head_bytes(
                &status_line(interim.status),
                &interim.headers,
                Framing::Bare,
                &[],
            ))
            .await?;
    }
    write
        .write_all(&response_head(reply, reply.framing, &steps))
        .await?;
    write.flush().await?;
    send_body(write, &steps, reply.framing, &reply.trailers, client).await
}

/// After the head: the script's bytes, and everything that comes is sent back, until the other side ends.
async fn tunnel<R: tokio::io::AsyncRead + Unpin, W: tokio::io::AsyncWrite + Unpin>(
    reader: &mut Reader<R>,
    write: &mut W,
    reply: &Reply,
    seen: &Seen,
    (shared, place): (&Shared, usize),
) -> std::io::Result<Played> {
    let steps = reply.steps(seen)?;
    write
        .write_all(&response_head(reply, Framing::Tunnel, &steps))
        .await?;
    let played = send_body(
        write,
        &steps,
        Framing::Tunnel,
        &Fields::new(),
        &shared.client,
    )
    .await?;
    if played != Played::Whole {
        return Ok(played);
    }
    let received = Received::mirrored_to(&shared.request);
    let end = loop {
        let before = received.bytes().len();
        match reader.some(&received).await {
            Ok(true) => {
                write
                    .write_all(received.bytes().get(before..).unwrap_or_default())
                    .await?;
            }
            Ok(false) => break End::Complete,
            Err(error) => break ending(&error),
        }
    };
    shared.finish(place, received.bytes(), Fields::new(), end);
    Ok(Played::Close)
}

fn response_head(reply: &Reply, framing: Framing, steps: &[Step]) -> Vec<u8> {
    let mut fields = reply.headers.clone();
    if !reply.encode.is_empty() && field(&fields, "content-encoding").is_none() {
        let codings = reply.encode.join(", ").into_bytes();
        fields.push((b"content-encoding".to_vec(), codings));
    }
    head_bytes(&status_line(reply.status), &fields, framing, steps)
}

fn status_line(status: u16) -> Vec<u8> {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    format!("HTTP/1.1 {status} {}", reason.unwrap_or("Other")).into_bytes()
}

fn seen(head: &Head) -> Seen {
    let [method, target, _] = head.words.clone();
    Seen {
        method,
        target,
        authority: field(&head.fields, "host").unwrap_or_default().to_vec(),
        headers: head.fields.clone(),
        ..Seen::default()
    }
}
