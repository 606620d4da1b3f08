//! The parts of SNS and SES that the function uses, on loopback (AWS query protocol: forms in, XML out).

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use percent_encoding::percent_decode_str;

/// A request: the form's fields, `Action` among them.
pub type Form = HashMap<String, String>;

/// The server; it runs until the test ends.
pub struct AwsApi {
    port: u16,
    taken: Arc<Mutex<Vec<Form>>>,
    refused: Arc<Mutex<Vec<String>>>,
}

impl AwsApi {
    /// A server that takes everything.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, refused) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (kept, refuses) = (Arc::clone(&taken), Arc::clone(&refused));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, refuses) = (Arc::clone(&kept), Arc::clone(&refuses));
                thread::spawn(move || {
                    let Some(form) = read(&stream) else { return };
                    let action = form["Action"].clone();
                    let is_refused = refuses.lock().unwrap().contains(&action);
                    if !is_refused {
                        kept.lock().unwrap().push(form);
                    }
                    let _ = answer(stream, &action, is_refused);
                });
            }
        });
        Self { port, taken, refused }
    }

    /// From now on these actions are refused.
    pub fn refuse(&self, actions: &[&str]) {
        *self.refused.lock().unwrap() = actions.iter().map(|action| (*action).to_owned()).collect();
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was taken of an action since the last call.
    pub fn take(&self, action: &str) -> Vec<Form> {
        let mut taken = self.taken.lock().unwrap();
        let (of_action, others) = taken.drain(..).partition(|form: &Form| form["Action"] == action);
        *taken = others;
        of_action
    }
}

fn read(stream: &TcpStream) -> Option<Form> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
    let head = head.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
    let mut body = vec![0; length.trim().parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let decoded = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let body = String::from_utf8(body).unwrap();
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    Some(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
}

fn answer(mut stream: TcpStream, action: &str, is_refused: bool) -> std::io::Result<()> {
    let (status, body) = if is_refused {
        let error = "<Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>readings@supplier.example is odd</Message></Error>";
        (
            400,
            format!("<ErrorResponse>{error}<RequestId>r-1</RequestId></ErrorResponse>"),
        )
    } else {
        let result = format!("<{action}Result><MessageId>m-1</MessageId></{action}Result>");
        (
            200,
            format!(
                "<{action}Response>{result}<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></{action}Response>"
            ),
        )
    };
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Type: text/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
