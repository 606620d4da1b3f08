//! A long and narrow road to S3: what is sent takes its time, and only so much passes at once.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What is read from a connection at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Pieces that may be on the road in one connection.
const PIECES: usize = 256;

/// Timers wake late; a lane catches up with what it lost so, and stays as wide as it says.
const SLACK: Duration = Duration::from_millis(5);

/// How the road is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Traffic {
    /// How long it takes to S3. The way back takes no time, so this is what it adds to a call.
    pub latency: Duration,
    /// What passes in each direction in a second, on all connections together; everything if it is not said.
    pub bytes_per_second: Option<u32>,
}

/// A road of TCP connections: it knows nothing of HTTP, so bodies come and go as they do.
pub struct Road {
    url: String,
    connections: Arc<AtomicUsize>,
    _serving: JoinSet<()>,
}

impl Road {
    /// Opens a road from a free port of 127.0.0.1 to an S3.
    pub async fn start(s3: &str, traffic: Traffic) -> Self {
        let s3: SocketAddr = s3.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let opened = Arc::clone(&connections);
        let (there, back) = (Lane::new(traffic), Lane::new(traffic));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut on_the_road = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                let far = TcpStream::connect(s3).await.unwrap();
                near.set_nodelay(true).unwrap();
                far.set_nodelay(true).unwrap();
                let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
                on_the_road.spawn(there.clone().carry(near_read, far_write, traffic.latency));
                on_the_road.spawn(back.clone().carry(far_read, near_write, Duration::ZERO));
                while on_the_road.try_join_next().is_some() {}
            }
        });
        Self {
            url,
            connections,
            _serving: serving,
        }
    }

    /// Its near end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// One direction, which all connections share.
#[derive(Clone)]
struct Lane {
    bytes_per_second: Option<u32>,
    /// When what is on it has passed.
    free: Arc<Mutex<Instant>>,
}

impl Lane {
    fn new(traffic: Traffic) -> Self {
        Self {
            bytes_per_second: traffic.bytes_per_second,
            free: Arc::new(Mutex::new(Instant::now())),
        }
    }

    /// Until one end hangs up.
    async fn carry(self, mut from: OwnedReadHalf, to: OwnedWriteHalf, latency: Duration) {
        let (send, pieces) = mpsc::channel(PIECES);
        let arriving = tokio::spawn(arrive(to, pieces));
        loop {
            let mut piece = BytesMut::with_capacity(PIECE_BYTES);
            match from.read_buf(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(read) => self.pass(read).await,
            }
            if send.send((Instant::now() + latency, piece)).await.is_err() {
                break;
            }
        }
        drop(send);
        let _ = arriving.await;
    }

    async fn pass(&self, bytes: usize) {
        let Some(bytes_per_second) = self.bytes_per_second else {
            return;
        };
        let takes = Duration::from_secs_f64(bytes as f64 / f64::from(bytes_per_second));
        let passed = {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            *free = (*free).max(now.checked_sub(SLACK).unwrap_or(now)) + takes;
            *free
        };
        tokio::time::sleep_until(passed).await;
    }
}

async fn arrive(mut to: OwnedWriteHalf, mut pieces: mpsc::Receiver<(Instant, BytesMut)>) {
    while let Some((arrives, piece)) = pieces.recv().await {
        tokio::time::sleep_until(arrives).await;
        if to.write_all(&piece).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
