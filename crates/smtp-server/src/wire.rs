//! A connection: lines and bytes in, replies out.

use std::fmt::Display;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::body::Body;
use crate::dots::Dots;

/// The longest command with its parameters. RFC 5321 section 4.5.3.1.4 has 512, each extension more.
const MAX_LINE_BYTES: usize = 4096;

const BUFFER_BYTES: usize = 64 * 1024;

/// A connection. Replies wait until the client waits for them, so that a batch of commands gets a batch of replies
/// (RFC 2920).
#[derive(Debug)]
pub(crate) struct Wire {
    stream: BufReader<TcpStream>,
    replies: Vec<u8>,
}

/// What came instead of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, with its end.
    Whole,
    /// A line that was not kept.
    TooLong,
    /// The client has closed the connection.
    Closed,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Without it, small answers wait for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        Self {
            stream: BufReader::with_capacity(BUFFER_BYTES, stream),
            replies: Vec::new(),
        }
    }

    pub(crate) fn say(&mut self, reply: impl Display) {
        self.replies.extend_from_slice(reply.to_string().as_bytes());
    }

    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if !self.replies.is_empty() {
            let replies = std::mem::take(&mut self.replies);
            self.stream.get_mut().write_all(&replies).await?;
        }
        self.stream.get_mut().flush().await
    }

    /// Lets the client read the last replies before the connection ends.
    pub(crate) async fn close(mut self) -> io::Result<()> {
        self.flush().await?;
        self.stream.get_mut().shutdown().await
    }

    /// Reads a line into `line`.
    pub(crate) async fn line(&mut self, line: &mut Vec<u8>, patience: Duration) -> io::Result<Line> {
        line.clear();
        let mut kind = Line::Whole;
        loop {
            let piece = self.piece(patience).await?;
            if piece.is_empty() {
                return Ok(Line::Closed);
            }
            let end = memchr::memchr(b'\n', piece).map(|at| at + 1);
            let used = end.unwrap_or(piece.len());
            if line.len() + used > MAX_LINE_BYTES {
                kind = Line::TooLong;
                line.clear();
            }
            if kind == Line::Whole {
                line.extend_from_slice(piece.get(..used).unwrap_or_default());
            }
            self.stream.consume(used);
            if end.is_some() {
                return Ok(kind);
            }
        }
    }

    /// Reads a message up to the line of one dot.
    ///
    /// # Errors
    /// Also if the client goes away before it: the message is not whole.
    pub(crate) async fn data(&mut self, body: &mut Body, patience: Duration) -> io::Result<()> {
        let mut dots = Dots::default();
        while !dots.has_ended() {
            let piece = self.piece(patience).await?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let used = dots.feed(piece, &mut |bytes| body.push(bytes));
            self.stream.consume(used);
        }
        Ok(())
    }

    /// Reads a chunk of so many bytes.
    ///
    /// # Errors
    /// Also if the client goes away before its end.
    pub(crate) async fn chunk(&mut self, size: usize, body: &mut Body, patience: Duration) -> io::Result<()> {
        let mut left = size;
        while left > 0 {
            let piece = self.piece(patience).await?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let used = piece.len().min(left);
            body.push(piece.get(..used).unwrap_or_default());
            self.stream.consume(used);
            left -= used;
        }
        Ok(())
    }

    /// What has come and was not used; nothing if the client has closed the connection.
    async fn piece(&mut self, patience: Duration) -> io::Result<&[u8]> {
        if self.stream.buffer().is_empty() {
            timeout(patience, self.flush()).await??;
        }
        timeout(patience, self.stream.fill_buf()).await?
    }
}
