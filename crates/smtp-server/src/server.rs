//! The server itself: a socket on loopback, a task, and what its owner can ask of it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::body::Memory;
use crate::mailbox::Mailbox;
use crate::options::Options;
use crate::reply::Reply;
use crate::session::Session;
use crate::wire::Wire;

/// How long a shutdown waits for messages that are being received.
const GRACE: Duration = Duration::from_secs(5);

/// How long a client that is turned away may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);

/// A running SMTP server. Dropping it stops it at once; [`SmtpServer::shutdown`] lets it finish first.
#[derive(Debug)]
pub struct SmtpServer {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    /// One task; dropping the set ends it.
    accepting: JoinSet<()>,
}

impl SmtpServer {
    /// Starts a server in the tokio runtime of the caller.
    ///
    /// # Errors
    /// - [`io::ErrorKind::InvalidInput`] for an address that is not loopback,
    /// - whatever binding the address may fail with.
    pub async fn start<M: Mailbox>(mailbox: Arc<M>, options: Options) -> io::Result<Self> {
        if !options.address.ip().is_loopback() {
            let message = format!("the SMTP server listens on loopback only, not on {}", options.address);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let door = Door {
            mailbox,
            memory: Memory::new(options.memory_bytes),
            seats: Arc::new(Semaphore::new(options.connections)),
            options: Arc::new(options),
            stopped,
        };
        let mut accepting = JoinSet::new();
        accepting.spawn(door.accept(listener));
        Ok(Self {
            address,
            stop,
            accepting,
        })
    }

    /// Where clients find it.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more messages, finishes those that are being received (for 5 seconds at most), then stops.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        while self.accepting.join_next().await.is_some() {}
    }
}

/// What every connection needs.
struct Door<M> {
    mailbox: Arc<M>,
    options: Arc<Options>,
    memory: Memory,
    seats: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
}

impl<M: Mailbox> Door<M> {
    /// Takes connections until it is told to stop, then lets the open ones end.
    async fn accept(self, listener: TcpListener) {
        let mut sessions = JoinSet::new();
        let mut stopped = self.stopped.clone();
        loop {
            tokio::select! {
                () = told_to_stop(&mut stopped) => break,
                Some(_) = sessions.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.seat(stream, peer, &mut sessions),
                    Err(error) => {
                        // Too many open files, most likely; some will be closed.
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        drop(listener);
        let _ = tokio::time::timeout(GRACE, async { while sessions.join_next().await.is_some() {} }).await;
        sessions.shutdown().await;
    }

    fn seat(&self, stream: TcpStream, peer: SocketAddr, sessions: &mut JoinSet<()>) {
        let mut wire = Wire::new(stream);
        let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() else {
            sessions.spawn(async move {
                wire.say(Reply::new(421, "4.7.0", "Too many connections, come again"));
                let _ = tokio::time::timeout(FAREWELL, wire.close()).await;
            });
            return;
        };
        let session = Session {
            mailbox: Arc::clone(&self.mailbox),
            options: Arc::clone(&self.options),
            memory: self.memory.clone(),
            peer,
            wire,
            stopped: self.stopped.clone(),
            host: None,
            mail: None,
        };
        sessions.spawn(async move {
            let _seat = seat;
            if let Err(error) = session.talk().await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
}

pub(crate) async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that the server was dropped, which tells as much.
    let _ = stopped.wait_for(|stop| *stop).await;
}
