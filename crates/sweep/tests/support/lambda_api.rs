//! Lambda's Invoke API on loopback.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// A request to invoke a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub function: String,
    pub payload: Value,
}

/// The server; it runs until the test ends.
pub struct LambdaApi {
    port: u16,
    taken: Arc<Mutex<Vec<Invocation>>>,
    requests: Arc<Mutex<usize>>,
}

impl LambdaApi {
    /// `status` says how an invocation is answered: 202 takes it.
    pub fn start(status: impl Fn(&Invocation) -> u16 + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, requests) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<usize>>::default());
        let (status, kept, counted) = (Arc::new(status), Arc::clone(&taken), Arc::clone(&requests));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (status, kept, counted) = (Arc::clone(&status), Arc::clone(&kept), Arc::clone(&counted));
                thread::spawn(move || {
                    let Some(invocation) = read(&stream) else { return };
                    *counted.lock().unwrap() += 1;
                    let status = status(&invocation);
                    if status == 202 {
                        kept.lock().unwrap().push(invocation);
                    }
                    // A client that was told to stop has closed the connection; that is no matter here.
                    let _ = answer(stream, status);
                });
            }
        });
        Self { port, taken, requests }
    }

    /// A port at which nobody listens.
    pub fn refusing() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self {
            port,
            taken: Arc::default(),
            requests: Arc::default(),
        }
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The invocations that were taken since the last call.
    pub fn take(&self) -> Vec<Invocation> {
        std::mem::take(&mut self.taken.lock().unwrap())
    }

    /// How many requests came, taken or not.
    pub fn requests(&self) -> usize {
        *self.requests.lock().unwrap()
    }
}

fn read(stream: &TcpStream) -> Option<Invocation> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
    let path = head.strip_prefix("POST /2015-03-31/functions/")?;
    let function = path.split_once("/invocations")?.0.to_owned();
    let head = head.to_lowercase();
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    assert_eq!(header("x-amz-invocation-type"), Some("event"), "{head}");
    assert!(header("authorization").is_some_and(|signature| signature.contains("/lambda/aws4_request")));
    let mut body = vec![0; header("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let payload = serde_json::from_slice(&body).unwrap();
    Some(Invocation { function, payload })
}

fn answer(mut stream: TcpStream, status: u16) -> std::io::Result<()> {
    let (error, body) = match status {
        202 => ("", ""),
        404 => (
            "ResourceNotFoundException",
            r#"{"Type":"User","Message":"Function not found"}"#,
        ),
        429 => (
            "TooManyRequestsException",
            r#"{"Type":"User","message":"Rate Exceeded.","Reason":"CallerRateLimitExceeded"}"#,
        ),
        503 => ("", "<html>Service Unavailable</html>"),
        _ => ("ServiceException", r#"{"Type":"Service","Message":"internal"}"#),
    };
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nx-amzn-RequestId: r-1\r\nx-amzn-ErrorType: {error}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
