//! How a server is started.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 is any that is free. Addresses that other machines can reach are refused.
    pub address: SocketAddr,
    /// What the server calls itself.
    pub host: String,
    /// The largest message, in bytes.
    pub message_bytes: usize,
    /// What all messages that are being received may hold of memory, in bytes; who comes when it is full is told to come again.
    pub memory_bytes: usize,
    /// The most recipients of one message. A server has to take 100 (RFC 5321 section 4.5.3.1.8).
    pub recipients: usize,
    /// The most connections at the same time.
    pub connections: usize,
    /// How long a client may be silent between two commands (RFC 5321 section 4.5.3.2.7).
    pub command_timeout: Duration,
    /// How long it may be silent within a message (RFC 5321 section 4.5.3.2.5).
    pub data_timeout: Duration,
}

impl Default for Options {
    /// Any free port of 127.0.0.1; 40 MB, as Amazon SES has it; 100 recipients; 64 connections.
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            host: "localhost".to_owned(),
            message_bytes: 40 * 1024 * 1024,
            memory_bytes: 256 * 1024 * 1024,
            recipients: 100,
            connections: 64,
            command_timeout: Duration::from_secs(300),
            data_timeout: Duration::from_secs(180),
        }
    }
}
