//! The few words of SMTP that hand one email over. (The client crates bring TLS, pools and a second MIME along.)

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail};

use super::email::Email;

/// A server may think about a message for ten minutes (RFC 5321 section 4.5.3.2.6).
const PATIENCE: Duration = Duration::from_secs(600);

/// Hands an email over, and gives what the server says to that.
///
/// # Errors
/// If there is no server, or it refuses the sender, any recipient or the email.
pub(super) fn hand_over(server: &str, email: &Email) -> anyhow::Result<String> {
    let stream = TcpStream::connect(server).with_context(|| {
        format!("{server} does not answer; start `pipeline serve`, or name another mail server with --smtp HOST:PORT")
    })?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut talk = Talk(BufReader::new(stream));
    talk.expect("220", "")?;
    talk.say("250", "EHLO localhost")?;
    let is_ascii = email.sender.is_ascii() && email.recipients.iter().all(|address| address.is_ascii());
    let utf8 = if is_ascii { "" } else { " SMTPUTF8" };
    talk.say("250", &format!("MAIL FROM:<{}>{utf8}", email.sender))?;
    for recipient in &email.recipients {
        talk.say("25", &format!("RCPT TO:<{recipient}>"))?;
    }
    talk.say("354", "DATA")?;
    talk.write(&with_dots(&email.bytes))?;
    let reply = talk.expect("250", "the email")?;
    // The email is the server's by now.
    let _ = talk.write(b"QUIT\r\n");
    Ok(reply)
}

struct Talk(BufReader<TcpStream>);

impl Talk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    fn say(&mut self, code: &str, command: &str) -> anyhow::Result<String> {
        self.write(format!("{command}\r\n").as_bytes())?;
        self.expect(code, command)
    }

    /// The text of the reply's last line, if its code begins like this.
    fn expect(&mut self, code: &str, to: &str) -> anyhow::Result<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).context("the mail server broke off")? == 0 {
                bail!("the mail server broke off");
            }
            let line = line.trim_end();
            // A hyphen behind the code tells that more lines follow.
            let is_last = line.as_bytes().get(3) != Some(&b'-');
            if is_last && line.starts_with(code) {
                return Ok(line.get(4..).unwrap_or_default().to_owned());
            }
            if is_last {
                bail!("the mail server answers to {to}: {line}");
            }
        }
    }
}

/// The email as it is sent: a dot more before each line that begins with one, and a line of one dot at the end.
fn with_dots(email: &[u8]) -> Vec<u8> {
    let mut sent = Vec::with_capacity(email.len() + 8);
    for line in email.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            sent.push(b'.');
        }
        sent.extend_from_slice(line);
    }
    if !sent.is_empty() && !sent.ends_with(b"\r\n") {
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b".\r\n");
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_at_the_beginning_of_lines_are_doubled() {
        assert_eq!(with_dots(b".a\r\n..\r\nb.\r\n"), b"..a\r\n...\r\nb.\r\n.\r\n");
        assert_eq!(with_dots(b"a"), b"a\r\n.\r\n");
        assert_eq!(with_dots(b""), b".\r\n");
    }
}
