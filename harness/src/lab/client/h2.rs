//! One HTTP/2 exchange.

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture};
use h2::ext::Protocol;
use http::{Method, Uri};

use crate::lab::wire::h2::{ending, fields, header_map, receive_body, send_body};
use crate::lab::wire::{End, Fields, Framing, Played, Received, length};

use super::{Connection, Request, Response};

/// The pseudo header of an extended CONNECT (RFC 8441); written among the others.
const PROTOCOL: &[u8] = b":protocol";

pub(super) async fn exchange<C: Connection>(
    connection: C,
    request: &Request,
    received: &Received,
    upstream: &Received,
) -> Response {
    let failed = |error: anyhow::Error| Response::none(End::Malformed(format!("{error:#}")));
    let head = match head(request) {
        Ok(head) => head,
        Err(error) => return failed(error),
    };
    // Any number of tiny frames is welcome: they are what is being tested.
    let (client, driver) = match Builder::new()
        .data_frame_budget(usize::MAX)
        .handshake::<_, Bytes>(connection)
        .await
    {
        Ok(pair) => pair,
        Err(error) => return Response::none(ending(&error)),
    };
    let driver = tokio::spawn(driver);
    let status = AtomicU16::new(0);
    let response = async {
        let mut client = client.ready().await.map_err(|error| ending(&error))?;
        // Only a server that has said so takes an extended CONNECT, and it says so in its first frame.
        while head.extensions().get::<Protocol>().is_some()
            && !client.is_extended_connect_protocol_enabled()
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Steps that only wait or break off have no body to carry them: the stream's sending side ends with the head.
        let last = length(&request.body) == 0
            && request.trailers.is_empty()
            && request.framing == Framing::Bare;
        let (response, mut stream) = client
            .send_request(head, last)
            .map_err(|error| ending(&error))?;
        let sending = async {
            if last && request.body.is_empty() {
                return Ok(Played::Whole);
            }
            send_body(&mut stream, &request.body, &request.trailers, upstream).await
        };
        let receiving = receive(response, received, &status);
        tokio::pin!(sending, receiving);
        let mut sent = false;
        loop {
            tokio::select! {
                response = &mut receiving => return Ok(response),
                result = &mut sending, if !sent => {
                    sent = true;
                    if !matches!(result, Ok(Played::Whole) | Err(_)) {
                        return Err(End::Aborted);
                    }
                }
            }
        }
    }
    .await;
    if matches!(response, Err(End::Aborted)) {
        // Let the reset leave before the connection goes.
        tokio::task::yield_now().await;
    }
    driver.abort();
    let status = status.into_inner();
    response.unwrap_or_else(|end| Response {
        body: received.bytes(),
        status,
        ..Response::none(end)
    })
}

fn head(request: &Request) -> anyhow::Result<http::Request<()>> {
    let (pseudo, fields): (Fields, Fields) = request
        .headers
        .iter()
        .cloned()
        .partition(|(name, _)| name == PROTOCOL);
    let mut headers = header_map(&fields)?;
    if request.framing == Framing::Length {
        headers.insert(http::header::CONTENT_LENGTH, length(&request.body).into());
    }
    let method = Method::from_bytes(request.method.as_bytes())?;
    let uri = if method == Method::CONNECT && pseudo.is_empty() {
        Uri::try_from(request.authority.as_str())?
    } else {
        Uri::builder()
            .scheme("http")
            .authority(request.authority.as_str())
            .path_and_query(request.target.as_slice())
            .build()?
    };
    let mut head = http::Request::builder().method(method).uri(uri).body(())?;
    *head.headers_mut() = headers;
    if let Some((_, protocol)) = pseudo.first() {
        let protocol = Protocol::from(std::str::from_utf8(protocol)?);
        head.extensions_mut().insert(protocol);
    }
    Ok(head)
}

async fn receive(response: ResponseFuture, received: &Received, status: &AtomicU16) -> Response {
    let response = match response.await {
        Ok(response) => response,
        Err(error) => return Response::none(ending(&error)),
    };
    let (head, mut stream) = response.into_parts();
    status.store(head.status.as_u16(), Ordering::Relaxed);
    let (trailers, end): (Fields, End) = receive_body(&mut stream, received).await;
    Response {
        status: head.status.as_u16(),
        headers: fields(&head.headers),
        body: received.bytes(),
        trailers,
        ..Response::none(end)
    }
}
