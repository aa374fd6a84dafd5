//! HTTP/1.1, byte by byte.

use std::io::{Error, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{End, Fields, Framing, Played, Received, Step, field, find};

/// A head as it was on the wire: three words (method, target, version or version, status, reason) and the fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) words: [Vec<u8>; 3],
    pub(crate) fields: Fields,
}

/// How the body after a head ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    None,
    Length(u64),
    Chunked,
    Close,
}

/// Reads messages from a connection.
pub(crate) struct Reader<R> {
    io: R,
    buffer: Vec<u8>,
}

/// More header bytes than this are not a head.
const HEAD_LIMIT: usize = 1 << 20;

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(io: R) -> Self {
        Self {
            io,
            buffer: Vec::new(),
        }
    }

    /// The next head; `None` when the connection ends between messages.
    pub(crate) async fn head(&mut self) -> std::io::Result<Option<Head>> {
        let Some(block) = self.until(b"\r\n\r\n").await? else {
            return Ok(None);
        };
        let (first, rest) = split_once(&block, b"\r\n").unwrap_or((&block, &[]));
        let mut words = first.splitn(3, |byte| *byte == b' ').map(<[u8]>::to_vec);
        let words = [(); 3].map(|()| words.next().unwrap_or_default());
        Ok(Some(Head {
            words,
            fields: parse_fields(rest)?,
        }))
    }

    /// Reads one body into `received`; returns the trailers and how it ended.
    pub(crate) async fn body(&mut self, end: BodyEnd, received: &Received) -> (Fields, End) {
        let outcome = match end {
            BodyEnd::None => Ok(Fields::new()),
            BodyEnd::Length(length) => self.exactly(length, received).await.map(|()| Fields::new()),
            BodyEnd::Chunked => self.chunks(received).await,
            BodyEnd::Close => self.rest(received).await.map(|()| Fields::new()),
        };
        match outcome {
            Ok(trailers) => (trailers, End::Complete),
            Err(error) => (Fields::new(), ending(&error)),
        }
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn rest(&mut self, received: &Received) -> std::io::Result<()> {
        while self.some(received).await? {}
        Ok(())
    }

    /// The next bytes, whatever they are; false at the end of the connection.
    pub(crate) async fn some(&mut self, received: &Received) -> std::io::Result<bool> {
        if self.buffer.is_empty() && !self.fill().await? {
            return Ok(false);
        }
        received.push(&std::mem::take(&mut self.buffer));
        Ok(true)
    }

    /// Bytes that were read but belong to nothing yet.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.buffer
    }

    async fn exactly(&mut self, mut length: u64, received: &Received) -> std::io::Result<()> {
        while length > 0 {
            if self.buffer.is_empty() && !self.fill().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            let take = usize::try_from(length)
                .map_or(self.buffer.len(), |length| length.min(self.buffer.len()));
            let data: Vec<u8> = self.buffer.drain(..take).collect();
            length -= take as u64;
            received.push(&data);
        }
        Ok(())
    }

    async fn chunks(&mut self, received: &Received) -> std::io::Result<Fields> {
        loop {
            let line = self.until(b"\r\n").await?.ok_or(ErrorKind::UnexpectedEof)?;
            let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(size)
                .ok()
                .and_then(|size| u64::from_str_radix(size.trim(), 16).ok())
                .ok_or_else(|| malformed("a chunk size", &line))?;
            if size == 0 {
                return self.trailers().await;
            }
            self.exactly(size, received).await?;
            let after = self.until(b"\r\n").await?.ok_or(ErrorKind::UnexpectedEof)?;
            if !after.is_empty() {
                return Err(malformed("the end of a chunk", &after));
            }
        }
    }

    async fn trailers(&mut self) -> std::io::Result<Fields> {
        let mut block = Vec::new();
        loop {
            let line = self.until(b"\r\n").await?.ok_or(ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return parse_fields(&block);
            }
            block.extend_from_slice(&line);
            block.extend_from_slice(b"\r\n");
        }
    }

    /// The bytes before `mark`, which is consumed; `None` when the connection ends before anything came.
    async fn until(&mut self, mark: &[u8]) -> std::io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(at) = find(&self.buffer, mark) {
                let block = self.buffer.drain(..at + mark.len()).take(at).collect();
                return Ok(Some(block));
            }
            if self.buffer.len() > HEAD_LIMIT {
                return Err(malformed("the length of a head", &[]));
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    async fn fill(&mut self) -> std::io::Result<bool> {
        Ok(self.io.read_buf(&mut self.buffer).await? > 0)
    }
}

/// How the body of a request ends.
pub(crate) fn request_end(fields: &Fields) -> BodyEnd {
    declared_end(fields).unwrap_or(BodyEnd::None)
}

/// How the body of a response ends. `method` is the request's.
pub(crate) fn response_end(method: &[u8], status: u16, fields: &Fields) -> BodyEnd {
    if method == b"HEAD" || matches!(status, 100..=199 | 204 | 304) {
        return BodyEnd::None;
    }
    declared_end(fields).unwrap_or(BodyEnd::Close)
}

fn declared_end(fields: &Fields) -> Option<BodyEnd> {
    if field(fields, "transfer-encoding")
        .is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"))
    {
        return Some(BodyEnd::Chunked);
    }
    let length = std::str::from_utf8(field(fields, "content-length")?)
        .ok()?
        .parse()
        .ok()?;
    Some(BodyEnd::Length(length))
}

/// Serialises `first line` and `fields`, with the framing header that `framing` asks for.
pub(crate) fn head_bytes(
    first: &[u8],
    fields: &Fields,
    framing: Framing,
    steps: &[Step],
) -> Vec<u8> {
    let mut bytes = first.to_vec();
    bytes.extend_from_slice(b"\r\n");
    for (name, value) in fields {
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
    match framing {
        Framing::Length => bytes
            .extend_from_slice(format!("content-length: {}\r\n", super::length(steps)).as_bytes()),
        Framing::Chunked => bytes.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Framing::Close => bytes.extend_from_slice(b"connection: close\r\n"),
        Framing::Bare | Framing::Tunnel => {}
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}

/// Plays `steps` as a body. `peer` is what the other side has received.
pub(crate) async fn send_body<W: AsyncWrite + Unpin>(
    io: &mut W,
    steps: &[Step],
    framing: Framing,
    trailers: &Fields,
    peer: &Received,
) -> std::io::Result<Played> {
    for step in steps {
        match step {
            Step::Data(data) => send_data(io, data, framing).await?,
            Step::Repeat(data, times) => {
                for _ in 0..*times {
                    send_data(io, data, framing).await?;
                }
            }
            Step::Wait(time) => tokio::time::sleep(*time).await,
            Step::Until(needle) => peer.contains(needle).await,
            Step::Reset => return Ok(Played::Reset),
            Step::Close => return Ok(Played::Close),
        }
    }
    if framing == Framing::Chunked {
        let mut end = b"0\r\n".to_vec();
        for (name, value) in trailers {
            end.extend_from_slice(&[name, b": ".as_slice(), value, b"\r\n"].concat());
        }
        end.extend_from_slice(b"\r\n");
        io.write_all(&end).await?;
        io.flush().await?;
    }
    Ok(Played::Whole)
}

async fn send_data<W: AsyncWrite + Unpin>(
    io: &mut W,
    data: &[u8],
    framing: Framing,
) -> std::io::Result<()> {
    if data.is_empty() {
        return Ok(()); // an empty chunk would end a chunked body
    }
    if framing == Framing::Chunked {
        // One write for the whole chunk: size, data and end in separate segments would test the parser and not the filter.
        let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
        chunk.extend_from_slice(data);
        chunk.extend_from_slice(b"\r\n");
        io.write_all(&chunk).await?;
    } else {
        io.write_all(data).await?;
    }
    io.flush().await
}

/// What an error while reading a message says about its end.
pub(crate) fn ending(error: &Error) -> End {
    match error.kind() {
        ErrorKind::UnexpectedEof => End::Truncated,
        ErrorKind::InvalidData => End::Malformed(error.to_string()),
        kind => End::Reset(kind.to_string()),
    }
}

fn malformed(what: &str, found: &[u8]) -> Error {
    Error::new(
        ErrorKind::InvalidData,
        format!("{what} is wrong: `{}`", found.escape_ascii()),
    )
}

fn parse_fields(block: &[u8]) -> std::io::Result<Fields> {
    let mut fields = Fields::new();
    let mut rest = block;
    while !rest.is_empty() {
        let (line, after) = split_once(rest, b"\r\n").unwrap_or((rest, &[]));
        let (name, value) =
            split_once(line, b":").ok_or_else(|| malformed("a header line", line))?;
        fields.push((name.to_vec(), value.trim_ascii().to_vec()));
        rest = after;
    }
    Ok(fields)
}

fn split_once<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = find(bytes, mark)?;
    let (before, after) = bytes.split_at(at);
    Some((before, after.get(mark.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(wire: &[u8]) -> (Head, Vec<u8>, Fields, End) {
        let mut reader = Reader::new(wire);
        let head = reader.head().await.unwrap().unwrap();
        let received = Received::default();
        let (trailers, end) = reader
            .body(response_end(b"GET", 200, &head.fields), &received)
            .await;
        (head, received.bytes(), trailers, end)
    }

    #[tokio::test]
    async fn what_is_written_reads_back_with_its_trailers() {
        let steps = [Step::Data(b"one".to_vec()), Step::Repeat(b"ab".to_vec(), 2)];
        let fields = vec![
            (b"x-bytes".to_vec(), b"\xff\xfe".to_vec()),
            (b"x-bytes".to_vec(), b"2".to_vec()),
        ];
        let mut wire = head_bytes(b"HTTP/1.1 200 OK", &fields, Framing::Chunked, &steps);
        let trailers = vec![(b"t".to_vec(), b"v".to_vec())];
        send_body(
            &mut wire,
            &steps,
            Framing::Chunked,
            &trailers,
            &Received::default(),
        )
        .await
        .unwrap();
        let (head, body, found, end) = read(&wire).await;
        assert_eq!(head.words[1], b"200");
        assert_eq!(head.fields[..2], fields[..]);
        assert_eq!(
            (body.as_slice(), found, end),
            (b"oneabab".as_slice(), trailers, End::Complete)
        );
    }

    #[tokio::test]
    async fn a_body_shorter_than_promised_is_truncated() {
        let (_, body, _, end) = read(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab").await;
        assert_eq!((body.as_slice(), end), (b"ab".as_slice(), End::Truncated));
    }

    #[tokio::test]
    async fn a_wrong_chunk_size_is_malformed() {
        let (_, _, _, end) =
            read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n").await;
        assert!(matches!(end, End::Malformed(_)), "{end:?}");
    }
}
