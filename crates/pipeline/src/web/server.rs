//! The page's own server: a socket on loopback, and its end.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::desk::{Clerk, Desk};
use super::routes::router;

/// A running web page. Dropping it stops it.
#[derive(Debug)]
pub struct WebPage {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl WebPage {
    /// Starts to serve at an address of this machine; port 0 is any that is free.
    ///
    /// # Errors
    /// If the address is not loopback or in use.
    pub async fn start(address: SocketAddr, desk: Desk) -> anyhow::Result<Self> {
        if !address.ip().is_loopback() {
            bail!("the web page is for this machine only: {address} is not a loopback address, such as 127.0.0.1:8080");
        }
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("the web page cannot listen on {address}; choose another with --web, or port 0 for any")
        })?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let server = axum::serve(listener, router(Clerk::new(desk))).with_graceful_shutdown(async {
            // An error means that the page was dropped, which tells as much.
            let _ = stopped.await;
        });
        let serving = tokio::spawn(server.into_future());
        Ok(Self { address, stop, serving })
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests. Those that are being answered are given a moment.
    pub async fn shutdown(self) {
        const GRACE: std::time::Duration = std::time::Duration::from_secs(2);
        let _ = self.stop.send(());
        let abort = self.serving.abort_handle();
        if tokio::time::timeout(GRACE, self.serving).await.is_err() {
            abort.abort();
        }
    }
}
