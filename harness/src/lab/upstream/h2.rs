//! The HTTP/2 side of the scripted upstream.

use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::{Request, Response, StatusCode};
use tokio::net::TcpStream;

use crate::lab::wire::h2::{fields, header_map, receive_body, send_body};
use crate::lab::wire::{Framing, Received, length};

use super::{Reply, Seen, Shared};

pub(super) async fn serve(stream: TcpStream, shared: &Arc<Shared>) -> anyhow::Result<()> {
    let mut builder = h2::server::Builder::new();
    builder
        .enable_connect_protocol()
        .data_frame_budget(usize::MAX);
    let mut connection = builder.handshake::<_, Bytes>(stream).await?;
    let mut streams = tokio::task::JoinSet::new();
    while let Some(next) = connection.accept().await {
        let (request, respond) = next?;
        let shared = Arc::clone(shared);
        streams.spawn(async move {
            // A stream that breaks is the proxy's doing, and the exchange shows it.
            let _ = exchange(request, respond, &shared).await;
        });
    }
    streams.join_all().await;
    Ok(())
}

async fn exchange(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    shared: &Shared,
) -> anyhow::Result<()> {
    let (head, mut stream) = request.into_parts();
    let seen = Seen {
        method: head.method.as_str().as_bytes().to_vec(),
        target: head
            .uri
            .path_and_query()
            .map(|path| path.as_str().as_bytes().to_vec())
            .unwrap_or_default(),
        authority: head
            .uri
            .authority()
            .map(|authority| authority.as_str().as_bytes().to_vec())
            .unwrap_or_default(),
        headers: fields(&head.headers),
        ..Seen::default()
    };
    let place = shared.begin(seen.clone());
    let reply = shared.reply_to(&seen.target);
    let body = Received::mirrored_to(&shared.request);
    let receive = async {
        let (trailers, end) = receive_body(&mut stream, &body).await;
        shared.finish(place, body.bytes(), trailers, end);
    };
    if reply.early {
        let (_, answered) = tokio::join!(receive, answer(&mut respond, &reply, &seen, shared));
        answered
    } else {
        receive.await;
        answer(
            &mut respond,
            &reply,
            &Seen {
                body: body.bytes(),
                ..seen
            },
            shared,
        )
        .await
    }
}

async fn answer(
    respond: &mut SendResponse<Bytes>,
    reply: &Reply,
    seen: &Seen,
    shared: &Shared,
) -> anyhow::Result<()> {
    let steps = reply.steps(seen)?;
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(reply.status)?;
    *response.headers_mut() = header_map(&reply.headers)?;
    let headers = response.headers_mut();
    if !reply.encode.is_empty() && !headers.contains_key(http::header::CONTENT_ENCODING) {
        let codings = reply.encode.join(", ").parse()?;
        headers.insert(http::header::CONTENT_ENCODING, codings);
    }
    if reply.framing == Framing::Length {
        headers.insert(http::header::CONTENT_LENGTH, length(&steps).into());
    }
    let headers_only = steps.is_empty() && reply.trailers.is_empty();
    let mut stream = respond
        .send_response(response, headers_only)
        .context("sending the head")?;
    if !headers_only {
        send_body(&mut stream, &steps, &reply.trailers, &shared.client).await?;
    }
    Ok(())
}
