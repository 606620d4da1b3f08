//! What a client says to the SMTP server.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use smtp_server::{Mailbox, Message, Options, SmtpServer, Unstored};
use tokio::runtime::Runtime;

const MESSAGE_BYTES: usize = 8 * 1024;
const RECIPIENTS: usize = 10;
/// A server that is silent for so long hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keeps messages, all but those for `nobody@…`.
#[derive(Default)]
struct Kept(Mutex<Vec<Message>>);

impl Kept {
    fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Mailbox for Kept {
    fn accepts(&self, recipient: &str) -> Result<(), String> {
        if recipient.starts_with("nobody@") {
            return Err("nobody lives here".to_owned());
        }
        Ok(())
    }

    async fn store(&self, message: Message) -> Result<String, Unstored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok("stored".to_owned())
    }
}

/// One server for all rounds, which come one after the other.
struct Post {
    kept: Arc<Kept>,
    server: SmtpServer,
    _runtime: Runtime,
}

impl Post {
    fn open() -> io::Result<Self> {
        let runtime = Runtime::new()?;
        let kept = Arc::new(Kept::default());
        let options = Options {
            message_bytes: MESSAGE_BYTES,
            recipients: RECIPIENTS,
            ..Options::default()
        };
        let server = runtime.block_on(SmtpServer::start(Arc::clone(&kept), options))?;
        Ok(Self {
            kept,
            server,
            _runtime: runtime,
        })
    }

    /// Says it all at once and hangs up; gives what was heard, and whether that is everything.
    fn say(&self, bytes: &[u8]) -> io::Result<(Vec<u8>, bool)> {
        let mut stream = TcpStream::connect(self.server.address())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        // The server may close the connection while there is more to say.
        let was_said = stream.write_all(bytes).is_ok() && stream.shutdown(Shutdown::Write).is_ok();
        let mut heard = Vec::new();
        match stream.read_to_end(&mut heard) {
            Ok(_) => Ok((heard, was_said)),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok((heard, false)),
            Err(error) => Err(error),
        }
    }
}

/// A client of the SMTP server.
///
/// # Panics
/// If the server hangs, answers what is no reply, keeps what it did not answer for, or keeps it for nobody, for somebody twice, or in lines
/// of an envelope that end early.
pub(crate) fn smtp(bytes: &[u8]) {
    static POST: OnceLock<io::Result<Post>> = OnceLock::new();
    let post = POST.get_or_init(Post::open).as_ref();
    let heard = post.map(|post| post.say(bytes));
    assert!(
        matches!(heard, Ok(Ok(_))),
        "the server hangs, or there is none: {heard:?}"
    );
    let (Ok(post), Ok(Ok((heard, is_all)))) = (post, heard) else {
        return;
    };
    let heard = String::from_utf8_lossy(&heard).into_owned();
    let mut answered_for = 0;
    for line in heard
        .split_inclusive("\r\n")
        .filter(|line| is_all || line.ends_with('\n'))
    {
        let (code, rest) = line.split_at_checked(3).unwrap_or_default();
        let is_reply = code.bytes().all(|byte| byte.is_ascii_digit()) && rest.starts_with([' ', '-']);
        assert!(is_reply && line.ends_with("\r\n"), "{line:?} is no reply");
        answered_for += usize::from(line.starts_with("250 2.0.0 OK stored"));
    }
    let kept = post.kept.take();
    assert!(
        !is_all || kept.len() == answered_for,
        "{} are kept, not {answered_for}",
        kept.len()
    );
    for message in kept {
        let Message {
            sender,
            recipients,
            host,
            bytes: content,
            ..
        } = message;
        assert!((1..=RECIPIENTS).contains(&recipients.len()), "for {recipients:?}");
        assert!(content.len() <= MESSAGE_BYTES.min(bytes.len()), "it grew");
        for (number, recipient) in recipients.iter().enumerate() {
            assert!(!recipient.starts_with("nobody@"), "for nobody");
            assert!(!recipients.iter().take(number).any(|other| other == recipient), "twice");
        }
        for word in recipients.iter().chain([&sender, &host]) {
            assert!(!word.contains(['\r', '\n']), "{word:?} ends its line");
        }
    }
}
