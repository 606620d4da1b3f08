//! A supplier's web server, from which linked reports are fetched.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the server answers to one request.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The status of the first answer, if that is another one.
    pub first_status: Option<u16>,
    /// Header fields.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

/// A running server; dropping it stops it.
pub struct ReportServer {
    port: u16,
    asked: Arc<Mutex<BTreeMap<String, u32>>>,
    _serving: JoinSet<()>,
}

impl ReportServer {
    /// Starts a server on a free port of 127.0.0.1. Answers are found by path and query.
    pub async fn start(answers: BTreeMap<String, Answer>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(BTreeMap::new()));
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::new(answers), Arc::clone(&asked)));
        Self {
            port,
            asked,
            _serving: serving,
        }
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> u32 {
        self.asked.lock().unwrap().get(path).copied().unwrap_or_default()
    }
}

async fn serve(
    listener: TcpListener,
    answers: Arc<BTreeMap<String, Answer>>,
    asked: Arc<Mutex<BTreeMap<String, u32>>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(answer(stream, Arc::clone(&answers), Arc::clone(&asked)));
        while connections.try_join_next().is_some() {}
    }
}

/// Answers one request and closes the connection. A client that goes away is not our business.
async fn answer(
    mut stream: TcpStream,
    answers: Arc<BTreeMap<String, Answer>>,
    asked: Arc<Mutex<BTreeMap<String, u32>>>,
) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => request.push(byte),
            Err(_) => return,
        }
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let times = {
        let mut asked = asked.lock().unwrap();
        let times = asked.entry(path.clone()).or_insert(0);
        *times += 1;
        *times
    };
    let missing = Answer {
        status: 404,
        ..Answer::default()
    };
    let answer = answers.get(&path).unwrap_or(&missing);
    let status = answer.first_status.filter(|_| times == 1).unwrap_or(answer.status);
    let headers: String = answer
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    let head = format!(
        "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        answer.body.len()
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&answer.body).await;
    let _ = stream.shutdown().await;
}
