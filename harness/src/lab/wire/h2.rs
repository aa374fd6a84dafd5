//! HTTP/2 bodies: one DATA frame for each step where flow control lets it.

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{End, Fields, Played, Received, Step};

/// Plays `steps` on a stream. `peer` is what the other side has received.
pub(crate) async fn send_body(
    stream: &mut SendStream<Bytes>,
    steps: &[Step],
    trailers: &Fields,
    peer: &Received,
) -> anyhow::Result<Played> {
    for step in steps {
        match step {
            Step::Data(data) => send_data(stream, Bytes::copy_from_slice(data)).await?,
            Step::Repeat(data, times) => {
                let data = Bytes::copy_from_slice(data);
                for _ in 0..*times {
                    send_data(stream, data.clone()).await?;
                }
            }
            Step::Wait(time) => tokio::time::sleep(*time).await,
            Step::Until(needle) => peer.contains(needle).await,
            Step::Reset => {
                stream.send_reset(Reason::INTERNAL_ERROR);
                return Ok(Played::Reset);
            }
            Step::Close => return Ok(Played::Close),
        }
    }
    if trailers.is_empty() {
        stream.send_data(Bytes::new(), true)?;
    } else {
        stream.send_trailers(header_map(trailers)?)?;
    }
    Ok(Played::Whole)
}

/// Sends as the window opens; without asking first, h2 would keep any amount in memory.
async fn send_data(stream: &mut SendStream<Bytes>, mut data: Bytes) -> anyhow::Result<()> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let capacity = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
        let capacity = capacity.ok_or_else(|| anyhow::anyhow!("the stream is closed"))??;
        if capacity > 0 {
            stream.send_data(data.split_to(capacity.min(data.len())), false)?;
        }
    }
    Ok(())
}

/// Reads a body into `received`; returns the trailers and how it ended.
pub(crate) async fn receive_body(stream: &mut RecvStream, received: &Received) -> (Fields, End) {
    while let Some(data) = stream.data().await {
        match data {
            Ok(data) => {
                received.push(&data);
                let _ = stream.flow_control().release_capacity(data.len());
            }
            Err(error) => return (Fields::new(), ending(&error)),
        }
    }
    match stream.trailers().await {
        Ok(trailers) => (
            trailers
                .map(|trailers| fields(&trailers))
                .unwrap_or_default(),
            End::Complete,
        ),
        Err(error) => (Fields::new(), ending(&error)),
    }
}

pub(crate) fn ending(error: &h2::Error) -> End {
    match error.reason() {
        Some(reason) => End::Reset(format!("{reason:?}")),
        None if error.is_io() => End::Truncated,
        None => End::Malformed(error.to_string()),
    }
}

/// Duplicates and bytes beyond ASCII stay as they are; names become lower case, as HTTP/2 demands.
pub(crate) fn header_map(fields: &Fields) -> anyhow::Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(
            HeaderName::from_bytes(name)?,
            HeaderValue::from_bytes(value)?,
        );
    }
    Ok(map)
}

pub(crate) fn fields(map: &HeaderMap) -> Fields {
    map.iter()
        .map(|(name, value)| (name.as_str().as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect()
}
