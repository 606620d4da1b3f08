//! The server as clients see it, byte by byte.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use smtp_server::{Mailbox, Message, Options, Protocol, SmtpServer, Unstored};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Keeps messages; those for `full@…` cannot be stored, those for `nobody@…` are not taken.
#[derive(Default)]
struct Kept(Mutex<Vec<Message>>);

impl Mailbox for Kept {
    fn accepts(&self, recipient: &str) -> Result<(), String> {
        if recipient.starts_with("nobody@") {
            return Err("nobody lives here".to_owned());
        }
        Ok(())
    }

    async fn store(&self, message: Message) -> Result<String, Unstored> {
        if message.recipients.iter().any(|address| address.starts_with("full@")) {
            return Err(Unstored);
        }
        let mut kept = self.0.lock().unwrap();
        kept.push(message);
        Ok(format!("number {}", kept.len()))
    }
}

struct Place {
    kept: Arc<Kept>,
    server: SmtpServer,
}

impl Place {
    async fn new(options: Options) -> Self {
        let kept = Arc::new(Kept::default());
        let server = SmtpServer::start(Arc::clone(&kept), options).await.unwrap();
        Self { kept, server }
    }

    /// Sends bytes at once, and reads until the server closes.
    async fn say(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = TcpStream::connect(self.server.address()).await.unwrap();
        stream.write_all(bytes.as_ref()).await.unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).await.unwrap();
        heard
    }

    /// The codes of the replies, without those of the greeting and of `EHLO`.
    async fn codes(&self, commands: &str) -> Vec<String> {
        let heard = self.say(format!("EHLO laptop\r\n{commands}QUIT\r\n")).await;
        let lines: Vec<&str> = heard.lines().collect();
        assert_eq!(&lines[..2], ["220 localhost ESMTP", "250-localhost"], "{heard}");
        let after_hello = lines.iter().position(|line| line.starts_with("250 ")).unwrap() + 1;
        let (last, codes) = lines[after_hello..].split_last().unwrap();
        assert!(last.starts_with("221 "), "{heard}");
        codes
            .iter()
            .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
            .collect()
    }

    fn messages(&self) -> Vec<Message> {
        std::mem::take(&mut *self.kept.0.lock().unwrap())
    }
}

#[tokio::test]
async fn a_message_is_stored_as_it_was_sent_and_then_answered_for() {
    let place = Place::new(Options::default()).await;
    let codes = place
        .codes("MAIL FROM:<meter@supplier.example> SIZE=100 BODY=8BITMIME\r\nRCPT TO:<sheffield@example.org>\r\nrcpt to:<bam@example.org>\r\nRCPT TO:<bam@example.org>\r\nDATA\r\nSubject: caf\u{e9}\r\n\r\n..\r\n.\u{2003}\n.\n\r\n.\r\n")
        .await;
    assert_eq!(
        codes,
        [
            "250 2.1.0",
            "250 2.1.5",
            "250 2.1.5",
            "250 2.1.5",
            "354 Go",
            "250 2.0.0"
        ]
    );
    let messages = place.messages();
    let message = &messages[0];
    assert_eq!(message.sender, "meter@supplier.example");
    assert_eq!(message.recipients, ["sheffield@example.org", "bam@example.org"]);
    assert_eq!((message.host.as_str(), message.protocol), ("laptop", Protocol::Esmtp));
    assert_eq!(
        String::from_utf8_lossy(&message.bytes),
        "Subject: caf\u{e9}\r\n\r\n.\r\n\u{2003}\n.\n\r\n"
    );
}

#[tokio::test]
async fn a_message_that_cannot_be_stored_stays_the_senders() {
    let place = Place::new(Options::default()).await;
    let codes = place
        .codes("MAIL FROM:<>\r\nRCPT TO:<full@example.org>\r\nDATA\r\na\r\n.\r\n")
        .await;
    assert_eq!(codes, ["250 2.1.0", "250 2.1.5", "354 Go", "451 4.3.0"]);
    assert_eq!(place.messages(), []);
}

#[tokio::test]
async fn half_a_message_is_none() {
    let place = Place::new(Options::default()).await;
    for end in ["DATA\r\nSubject: a\r\n\r\n", "BDAT 10\r\n12345", "BDAT 5\r\n12345"] {
        let mut stream = TcpStream::connect(place.server.address()).await.unwrap();
        let start = format!("EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n{end}");
        stream.write_all(start.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        assert_eq!(place.messages(), [], "{end}");
    }
}

#[tokio::test]
async fn chunks_make_a_message_whatever_is_in_them() {
    let place = Place::new(Options::default()).await;
    let codes = place
        .codes("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 5\r\n.\r\n.\rBDAT 3 LAST\r\n\n.\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 0 LAST\r\n")
        .await;
    assert_eq!(codes.len(), 7);
    assert!(codes.iter().all(|code| code.starts_with("250")), "{codes:?}");
    let messages = place.messages();
    assert_eq!(messages[0].bytes, b".\r\n.\r\n.\n");
    assert_eq!(messages[1].bytes, b"");
}

#[tokio::test]
async fn several_messages_come_by_one_connection() {
    let place = Place::new(Options::default()).await;
    let one = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n.\r\n";
    let codes = place
        .codes(&format!("{one}{one}MAIL FROM:<a@b.example>\r\nRSET\r\n{one}"))
        .await;
    assert!(codes.iter().all(|code| !code.starts_with('5')), "{codes:?}");
    assert_eq!(place.messages().len(), 3);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_or_after_it_came() {
    let options = Options {
        message_bytes: 10,
        ..Options::default()
    };
    let place = Place::new(options).await;
    let start = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
    let codes = place
        .codes(&format!(
            "MAIL FROM:<a@b.example> SIZE=11\r\n{start}DATA\r\n123456789\r\n.\r\n{start}BDAT 11 LAST\r\n12345678901{start}DATA\r\n12345678\r\n.\r\n"
        ))
        .await;
    assert_eq!(codes[0], "552 5.3.4");
    assert_eq!(codes[4], "552 5.3.4");
    assert_eq!(codes[7], "552 5.3.4");
    assert_eq!(codes.last().unwrap(), "250 2.0.0");
    assert_eq!(place.messages().len(), 1);
}

#[tokio::test]
async fn a_hundred_recipients_are_taken_and_no_more() {
    let place = Place::new(Options::default()).await;
    let recipients: String = (0..101).map(|n| format!("RCPT TO:<a{n}@d.example>\r\n")).collect();
    let codes = place
        .codes(&format!(
            "MAIL FROM:<a@b.example>\r\n{recipients}RCPT TO:<nobody@d.example>\r\nDATA\r\n.\r\n"
        ))
        .await;
    assert_eq!(codes[100], "250 2.1.5");
    assert_eq!(codes[101], "452 4.5.3");
    assert_eq!(codes[102], "550 5.1.1");
    assert_eq!(place.messages()[0].recipients.len(), 100);
}

#[tokio::test]
async fn commands_out_of_order_or_unknown_are_refused_and_harm_nothing() {
    let place = Place::new(Options::default()).await;
    let heard = place.say("MAIL FROM:<a@b.example>\r\nQUIT\r\n").await;
    assert!(heard.contains("\r\n503 5.5.1 "), "{heard}");
    let codes = place
        .codes("RCPT TO:<c@d.example>\r\nDATA\r\nBDAT 5 LAST\r\n12345MAIL FROM:<a@b.example>\r\nMAIL FROM:<a@b.example>\r\nDATA\r\nSTARTTLS\r\nWHAT\r\nVRFY a\r\nNOOP\r\nRCPT TO:<>\r\nRCPT TO:<a b@c>\r\nMAIL\r\n")
        .await;
    let expected = [
        "503", "503", "503", "250", "503", "503", "502", "500", "252", "250", "550", "5", "50",
    ];
    assert_eq!(codes.len(), expected.len(), "{codes:?}");
    for (code, expected) in codes.iter().zip(expected) {
        assert!(code.starts_with(expected), "{codes:?}");
    }
    assert_eq!(place.messages(), []);
}

#[tokio::test]
async fn no_web_page_can_send_by_the_browser_of_who_looks_at_it() {
    let place = Place::new(Options::default()).await;
    let email = "EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n.\r\nQUIT\r\n";
    let heard = place
        .say(format!("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n{email}"))
        .await;
    assert!(heard.contains("421 4.7.0 This is no HTTP"), "{heard}");
    assert_eq!(place.messages(), []);
}

#[tokio::test]
async fn a_line_without_end_is_refused_and_not_kept() {
    let place = Place::new(Options::default()).await;
    let codes = place.codes(&format!("NOOP {}\r\nNOOP\r\n", "x".repeat(1 << 20))).await;
    assert_eq!(codes, ["500 5.5.2", "250 2.0.0"]);
    let heard = place.say(format!("HELO x\r\n{}", "x\r\n".repeat(100))).await;
    assert!(heard.ends_with("421 4.7.0 Too many errors\r\n"), "{heard}");
}

#[tokio::test]
async fn more_connections_than_there_are_seats_are_told_to_come_again() {
    let options = Options {
        connections: 1,
        ..Options::default()
    };
    let place = Place::new(options).await;
    let mut first = TcpStream::connect(place.server.address()).await.unwrap();
    let mut greeting = [0; 4];
    first.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"220 ");
    assert!(place.say("").await.starts_with("421 "));
}

#[tokio::test]
async fn who_is_silent_is_sent_home() {
    let options = Options {
        command_timeout: Duration::from_millis(10),
        ..Options::default()
    };
    let place = Place::new(options).await;
    assert!(
        place
            .say("EHLO x\r\n")
            .await
            .ends_with("421 4.4.2 You were silent for too long\r\n")
    );
}

#[tokio::test]
async fn a_server_that_stops_says_so_to_who_waits() {
    let place = Place::new(Options::default()).await;
    let mut stream = TcpStream::connect(place.server.address()).await.unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).await.unwrap();
    place.server.shutdown().await;
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    assert!(heard.ends_with("421 4.3.2 The server is shutting down\r\n"), "{heard}");
}

#[tokio::test]
async fn only_this_machine_can_connect() {
    let options = Options {
        address: ([0, 0, 0, 0], 0).into(),
        ..Options::default()
    };
    let error = SmtpServer::start(Arc::new(Kept::default()), options).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
