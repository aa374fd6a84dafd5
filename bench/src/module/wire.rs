//! An upstream and a client that do as little as can be: what is measured is between them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, ensure};

/// Answers every request with the same bytes; goes away with the process.
pub(crate) fn origin(answer: Vec<u8>) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // It ends with its connection.
            thread::spawn(move || serve(stream, &answer));
        }
    });
    Ok(address)
}

fn serve(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        seen.extend_from_slice(buffer.get(..read).unwrap_or_default());
        // Requests here have no body, and none follows before the answer.
        if seen.ends_with(b"\r\n\r\n") {
            seen.clear();
            stream.write_all(answer)?;
        }
    }
}

/// One connection, kept.
pub(crate) struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Client {
            stream,
            buffer: vec![0; 256 * 1024],
        })
    }

    /// One exchange; the body's length. Bodies end by `content-length` or by the last chunk.
    pub(crate) fn get(&mut self) -> Result<usize> {
        self.stream.write_all(
            b"GET /api/items?page=2 HTTP/1.1\r\nhost: api.example\r\naccept: */*\r\n\r\n",
        )?;
        let mut head = Vec::new();
        let end = loop {
            let read = self.stream.read(&mut self.buffer)?;
            ensure!(read > 0, "the proxy closed the connection");
            head.extend_from_slice(self.buffer.get(..read).unwrap_or_default());
            if let Some(at) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let text =
            String::from_utf8_lossy(head.get(..end).unwrap_or_default()).to_ascii_lowercase();
        ensure!(text.starts_with("http/1.1 200"), "{text}");
        let mut body = head.get(end..).unwrap_or_default().to_vec();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        match length {
            Some(length) => {
                let length: usize = length.trim().parse().context("content-length")?;
                let mut left = length.saturating_sub(body.len());
                while left > 0 {
                    let read = self.stream.read(&mut self.buffer)?;
                    ensure!(read > 0, "the proxy closed the connection");
                    left = left.saturating_sub(read);
                }
                Ok(length)
            }
            None => {
                let mut total = body.len();
                while !body.ends_with(b"\r\n0\r\n\r\n") && body != b"0\r\n\r\n" {
                    let read = self.stream.read(&mut self.buffer)?;
                    ensure!(read > 0, "the proxy closed the connection");
                    body.extend_from_slice(self.buffer.get(..read).unwrap_or_default());
                    body.drain(..body.len().saturating_sub(16));
                    total += read;
                }
                Ok(total)
            }
        }
    }
}
