//! The server itself: a socket on loopback, a task, and what its owner can ask of it.

use crate::access::Access;
use crate::api::Service;
use crate::credentials::Credentials;
use crate::events::{ObjectCreated, Subscribers};
use crate::history::History;
use crate::store::{DataDir, StoreError};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// How long a shutdown waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(5);

/// `s3s` holds an HTML form's file in memory; the other ways to upload stream.
const MAX_FORM_FILE_BYTES: u64 = 64 << 20;

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 is any that is free. Addresses that other machines can reach are refused.
    pub address: SocketAddr,
    /// Who may use it; `None` makes new [`Credentials::random`].
    pub credentials: Option<Credentials>,
    /// Who else may use it.
    pub more_credentials: Vec<Credentials>,
    /// What each of them may do; `None` is everything.
    pub access: Option<Access>,
    /// The region that the server says it is. It accepts signatures for all.
    pub region: String,
    /// Whether to remember every write for [`EmbeddedS3::history`]. A server that runs for months should not.
    pub keep_history: bool,
}

impl Default for Options {
    /// Any free port of 127.0.0.1, one user with random credentials who may do everything, `us-east-1`, with history.
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            credentials: None,
            more_credentials: Vec::new(),
            access: None,
            region: "us-east-1".to_owned(),
            keep_history: true,
        }
    }
}

/// A running S3 server over a folder. Dropping it stops it at once; [`EmbeddedS3::shutdown`] lets it finish first.
#[derive(Debug)]
pub struct EmbeddedS3 {
    service: Service,
    address: SocketAddr,
    credentials: Credentials,
    stop: watch::Sender<bool>,
    /// One task; dropping the set ends it.
    accepting: JoinSet<()>,
    /// Closed when nothing uses the data folder any more.
    in_use: mpsc::Receiver<()>,
}

impl EmbeddedS3 {
    /// Starts a server in the tokio runtime of the caller, over `dir`, which is created if need be.
    ///
    /// # Errors
    /// - [`io::ErrorKind::InvalidInput`] for an address that is not loopback,
    /// - [`io::ErrorKind::ResourceBusy`] if another server uses the folder,
    /// - whatever creating the folder or binding the address may fail with.
    pub async fn start(dir: &Path, options: Options) -> io::Result<Self> {
        if !options.address.ip().is_loopback() {
            let message = format!(
                "the embedded S3 server listens on loopback only, not on {}",
                options.address
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let dir = dir.to_owned();
        let dir = tokio::task::spawn_blocking(move || DataDir::open(&dir))
            .await
            .map_err(io::Error::other)??;
        let credentials = match options.credentials {
            Some(credentials) => credentials,
            None => Credentials::random()?,
        };
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;

        let (using, in_use) = mpsc::channel(1);
        let service = Service {
            dir: Arc::new(dir),
            subscribers: Arc::new(Subscribers::default()),
            history: options.keep_history.then(History::default),
            region: options.region.into(),
            access: options.access,
            _using: using,
        };
        let users = options.more_credentials.iter().chain([&credentials]);
        let http = http_service(service.clone(), users);
        let (stop, stopped) = watch::channel(false);
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, http, stopped));
        Ok(Self {
            service,
            address,
            credentials,
            stop,
            accepting,
            in_use,
        })
    }

    /// Where clients find it: `http://127.0.0.1:<port>`. Buckets are in the path, not in the host name.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What clients sign with.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The region that it says it is.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.service.region
    }

    /// Makes a bucket, unless it exists.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] if S3 allows no bucket of that name
    /// ([rules](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html)), or what making a folder
    /// may fail with.
    pub async fn create_bucket(&self, bucket: &str) -> io::Result<()> {
        if !s3s::path::check_bucket_name(bucket) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{bucket:?} is no bucket name"),
            ));
        }
        let (dir, bucket) = (Arc::clone(&self.service.dir), bucket.to_owned());
        let created = tokio::task::spawn_blocking(move || match dir.create_bucket(&bucket) {
            Ok(()) | Err(StoreError::BucketExists) => Ok(()),
            Err(StoreError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        });
        created.await.map_err(io::Error::other)?
    }

    /// An event for every object that is created from now on, in order. Nothing is dropped: events wait in memory.
    #[must_use]
    pub fn subscribe(&self) -> mpsc::UnboundedReceiver<ObjectCreated> {
        self.service.subscribers.subscribe()
    }

    /// What was written since the start; `None` without [`Options::keep_history`].
    #[must_use]
    pub fn history(&self) -> Option<History> {
        self.service.history.clone()
    }

    /// Finishes the requests that are being answered (for 5 seconds at most), then stops. When it returns,
    /// another server can use the folder.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        while self.accepting.join_next().await.is_some() {}
        let mut in_use = self.in_use;
        drop(self.service);
        // File operations cannot be aborted; they end, and with the last of them the lock on the folder goes.
        while in_use.recv().await.is_some() {}
    }
}

fn http_service<'a>(service: Service, users: impl Iterator<Item = &'a Credentials>) -> S3Service {
    let mut config = S3Config::default();
    config.post_object_max_file_size = MAX_FORM_FILE_BYTES;
    let mut known = SimpleAuth::new();
    for user in users {
        known.register(user.access_key_id.clone(), user.secret_access_key.as_str().into());
    }
    let access = service.access.clone();
    let mut builder = S3ServiceBuilder::new(service);
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.set_auth(known);
    if let Some(access) = access {
        builder.set_access(access);
    }
    builder.build()
}

/// Takes connections until it is told to stop, then lets the open ones end.
async fn accept(listener: TcpListener, http: S3Service, stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut stop = pin!(told_to_stop(stopped.clone()));
    loop {
        tokio::select! {
            () = stop.as_mut() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, http.clone(), stopped.clone()));
                }
                Err(error) => {
                    // Too many open files, most likely; some will be closed.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, http: S3Service, stopped: watch::Receiver<bool>) {
    // Without it, small answers wait for the client's delayed acknowledgement: 40 ms instead of less than 1.
    let _ = stream.set_nodelay(true);
    // Clients keep idle connections in a pool, and must not find them closed when they take one out.
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), http);
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = told_to_stop(stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn told_to_stop(mut stopped: watch::Receiver<bool>) {
    // An error means that the server was dropped, which tells as much.
    let _ = stopped.wait_for(|stop| *stop).await;
}
