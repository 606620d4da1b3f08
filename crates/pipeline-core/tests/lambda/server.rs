//! A server that remembers what it was asked.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request that came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    /// Method, path and version.
    pub(crate) line: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map_or("", |(_, value)| value)
    }
}

/// A running server; dropping it closes its port and its connections.
pub(crate) struct Server {
    port: u16,
    seen: Arc<Mutex<Seen>>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    requests: Vec<Request>,
}

impl Server {
    pub(crate) async fn answering(status: u16) -> Self {
        Self::start(Some((status, Duration::ZERO))).await
    }

    pub(crate) async fn slow(delay: Duration) -> Self {
        Self::start(Some((200, delay))).await
    }

    pub(crate) async fn hanging() -> Self {
        Self::start(None).await
    }

    async fn start(answer: Option<(u16, Duration)>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut serving = JoinSet::new();
        let of_server = Arc::clone(&seen);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                of_server.lock().unwrap().connections += 1;
                connections.spawn(serve(stream, Arc::clone(&of_server), answer));
            }
        });
        Self {
            port,
            seen,
            _serving: serving,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api/1/item/", self.port)
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }
}

async fn serve(stream: TcpStream, seen: Arc<Mutex<Seen>>, answer: Option<(u16, Duration)>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.unwrap();
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut request = Request {
        line: line.trim_end().to_owned(),
        headers,
        body: Value::Null,
    };
    let mut body = vec![0; request.header("content-length").parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    request.body = serde_json::from_slice(&body).unwrap();
    seen.lock().unwrap().requests.push(request);
    let Some((status, delay)) = answer else {
        return std::future::pending().await;
    };
    tokio::time::sleep(delay).await;
    let answer = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 2\r\n\r\n{{}}");
    let _ = stream.write_all(answer.as_bytes()).await;
}
