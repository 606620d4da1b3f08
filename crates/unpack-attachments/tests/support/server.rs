//! A web server on loopback that answers as a test tells it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the server does with a request.
pub enum Reply {
    /// Status, header lines and body.
    Full(u16, Vec<String>, Vec<u8>),
    /// Nothing, for a while.
    Silence(Duration),
    /// A body that goes on for ever.
    Endless,
    /// A body that stops after its first half, for a while or for good.
    Half(Duration),
    /// A body of which a byte comes every so often.
    Drip(Duration),
    /// The connection is closed without an answer.
    Nothing,
}

impl Reply {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::Full(200, vec![], body.into())
    }

    pub fn named(disposition: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Full(200, vec![format!("Content-Disposition: {disposition}")], body.into())
    }

    pub fn status(status: u16) -> Self {
        Self::Full(status, vec![], b"an answer".to_vec())
    }

    pub fn to(location: &str) -> Self {
        Self::Full(302, vec![format!("Location: {location}")], vec![])
    }
}

/// The server; it runs until the test ends.
pub struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` gets the path with its query.
    pub fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &seen, &*answer));
            }
        });
        Self { port, requests }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The same by name.
    pub fn url_by_name(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }

    /// The requests so far, each with its header.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>, answer: &dyn Fn(&str) -> Reply) {
    let mut request = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while reader.read_line(&mut request).is_ok_and(|read| read > 2) {}
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap().push(request);
    // A client that has heard enough closes the connection; that is no matter here.
    let _ = reply(&mut stream, answer(&path));
}

fn reply(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    match reply {
        Reply::Nothing => Ok(()),
        Reply::Silence(duration) => {
            thread::sleep(duration);
            Ok(())
        }
        Reply::Full(status, header, body) => {
            let header: String = header.iter().map(|line| format!("{line}\r\n")).collect();
            write!(
                stream,
                "HTTP/1.1 {status} x\r\n{header}Content-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            )?;
            stream.write_all(&body)
        }
        Reply::Endless => {
            write!(stream, "HTTP/1.1 200 x\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[b'1'; 8192])?;
            }
        }
        Reply::Drip(pause) => {
            write!(stream, "HTTP/1.1 200 x\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(b"1")?;
                thread::sleep(pause);
            }
        }
        Reply::Half(duration) => {
            write!(
                stream,
                "HTTP/1.1 200 x\r\nContent-Length: 10\r\nConnection: close\r\n\r\n1,2,3"
            )?;
            stream.flush()?;
            thread::sleep(duration);
            Ok(())
        }
    }
}
