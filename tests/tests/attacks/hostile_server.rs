//! A web server that answers as no honest one does, and tells what it was asked for.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A server on a free port of 127.0.0.1; it runs until the tests end.
pub(crate) struct HostileServer {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl HostileServer {
    /// `answer` gets the path that is asked for, without its query.
    pub(crate) fn start(answer: impl Fn(&mut TcpStream, &str) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&asked));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                thread::spawn(move || {
                    let path = path_of(&stream);
                    seen.lock().unwrap().push(path.clone());
                    // A client that has heard enough closes the connection.
                    let _ = answer(&mut stream, path.split('?').next().unwrap());
                });
            }
        });
        Self { port, asked }
    }

    /// The port.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// How often the server was asked for anything.
    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn path_of(stream: &TcpStream) -> String {
    let mut request = String::new();
    let mut reader = BufReader::new(stream);
    while reader.read_line(&mut request).is_ok_and(|read| read > 2) {}
    request.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// An honest answer with these lines of header and this body.
pub(crate) fn ok(stream: &mut TcpStream, header: &str, body: &[u8]) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\n{header}Content-Length: {}\r\n\r\n",
        body.len()
    )?;
    stream.write_all(body)
}

/// A redirect.
pub(crate) fn redirect(stream: &mut TcpStream, location: &str) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
    )
}

/// A header, and then pieces without end, one every so often.
pub(crate) fn endless(stream: &mut TcpStream, begin: &str, piece: &[u8], pause: Duration) -> io::Result<()> {
    stream.write_all(begin.as_bytes())?;
    loop {
        stream.write_all(piece)?;
        thread::sleep(pause);
    }
}
