//! What one client says, and what it is answered.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use smtp_proto::{MAIL_BODY_BINARYMIME, MAIL_SMTPUTF8, MailFrom, Request};
use tokio::sync::watch;

use crate::body::{Body, Memory, Overflow};
use crate::mailbox::{Mailbox, Message, Protocol, Unstored};
use crate::options::Options;
use crate::reply::Reply;
use crate::server::told_to_stop;
use crate::wire::{Line, Wire};

/// After so many errors in a row the client speaks some other protocol.
const MOST_ERRORS: u32 = 20;

/// One client.
pub(crate) struct Session<M> {
    pub(crate) mailbox: Arc<M>,
    pub(crate) options: Arc<Options>,
    pub(crate) memory: Memory,
    pub(crate) peer: SocketAddr,
    pub(crate) wire: Wire,
    pub(crate) stopped: watch::Receiver<bool>,
    pub(crate) host: Option<(String, Protocol)>,
    pub(crate) mail: Option<Mail>,
}

/// A message whose envelope or chunks are coming in.
pub(crate) struct Mail {
    sender: String,
    protocol: Protocol,
    recipients: Vec<String>,
    chunks: Option<Body>,
}

/// Whether there is more to talk about.
#[derive(PartialEq, Eq)]
enum Then {
    GoOn,
    Close,
}

impl<M: Mailbox> Session<M> {
    /// Talks until one of both has had enough.
    pub(crate) async fn talk(mut self) -> io::Result<()> {
        self.wire.say(format_args!("220 {} ESMTP\r\n", self.options.host));
        let mut line = Vec::new();
        let mut errors = 0;
        loop {
            let reply = match self.next(&mut line).await {
                Ok(Some(Line::Whole)) => match Request::parse(&mut line.iter()) {
                    Ok(request) => {
                        let (reply, then) = self.answer(request.into_owned()).await?;
                        if then == Then::Close {
                            self.wire.say(reply);
                            return self.wire.close().await;
                        }
                        reply
                    }
                    // A browser, say, that a page of strangers has made post an email here.
                    Err(smtp_proto::Error::UnknownCommand) if self.host.is_none() => {
                        return self.close(Reply::new(421, "4.7.0", "This is no HTTP")).await;
                    }
                    Err(error) => Reply::to_error(&error),
                },
                Ok(Some(Line::TooLong)) => Reply::to_error(&smtp_proto::Error::ResponseTooLong),
                Ok(Some(Line::Closed)) => return Ok(()),
                Ok(None) => {
                    return self
                        .close(Reply::new(421, "4.3.2", "The server is shutting down"))
                        .await;
                }
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return self
                        .close(Reply::new(421, "4.4.2", "You were silent for too long"))
                        .await;
                }
                Err(error) => return Err(error),
            };
            errors = if reply.is_error() { errors + 1 } else { 0 };
            self.wire.say(reply);
            if errors == MOST_ERRORS {
                return self.close(Reply::new(421, "4.7.0", "Too many errors")).await;
            }
        }
    }

    async fn close(mut self, reply: Reply) -> io::Result<()> {
        self.wire.say(reply);
        self.wire.close().await
    }

    /// The next line; `None` if the server stops.
    async fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Option<Line>> {
        let Self {
            wire, stopped, options, ..
        } = self;
        tokio::select! {
            line = wire.line(line, options.command_timeout) => line.map(Some),
            () = told_to_stop(stopped) => Ok(None),
        }
    }

    async fn answer(&mut self, request: Request<String>) -> io::Result<(Reply, Then)> {
        let reply = match request {
            Request::Ehlo { host } => self.hello(host, Protocol::Esmtp),
            Request::Helo { host } => self.hello(host, Protocol::Smtp),
            Request::Mail { from } => self.mail(from),
            Request::Rcpt { to } => self.recipient(to.address),
            Request::Data => self.data().await?,
            Request::Bdat { chunk_size, is_last } => self.chunk(chunk_size, is_last).await?,
            Request::Rset => {
                self.mail = None;
                Reply::ok()
            }
            Request::Noop { .. } => Reply::ok(),
            Request::Vrfy { .. } => Reply::new(252, "2.1.5", "Send some mail, and see"),
            Request::Help { .. } => Reply::new(214, "2.0.0", "RFC 5321"),
            Request::Quit => return Ok((Reply::new(221, "2.0.0", "Bye"), Then::Close)),
            _ => Reply::new(502, "5.5.1", "This command is not implemented"),
        };
        Ok((reply, Then::GoOn))
    }

    fn hello(&mut self, host: String, protocol: Protocol) -> Reply {
        self.mail = None;
        self.host = Some((host, protocol));
        if protocol == Protocol::Smtp {
            return Reply::new(250, "", self.options.host.clone());
        }
        let Options {
            host, message_bytes, ..
        } = &*self.options;
        self.wire.say(format_args!(
            "250-{host}\r\n250-PIPELINING\r\n250-SIZE {message_bytes}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n"
        ));
        Reply::end_of_hello()
    }

    fn mail(&mut self, from: MailFrom<String>) -> Reply {
        let Some((_, protocol)) = &self.host else {
            return Reply::bad_sequence("Say EHLO first");
        };
        if self.mail.is_some() {
            return Reply::bad_sequence("The message before is not finished");
        }
        if from.size > self.options.message_bytes {
            return self.too_large();
        }
        if from.flags & MAIL_BODY_BINARYMIME != 0 {
            return Reply::new(555, "5.5.4", "BINARYMIME is not supported");
        }
        let is_utf8 = from.flags & MAIL_SMTPUTF8 != 0 && *protocol == Protocol::Esmtp;
        self.mail = Some(Mail {
            sender: from.address,
            protocol: if is_utf8 { Protocol::Utf8Smtp } else { *protocol },
            recipients: Vec::new(),
            chunks: None,
        });
        Reply::new(250, "2.1.0", "OK")
    }

    fn recipient(&mut self, address: String) -> Reply {
        let Some(mail) = self.mail.as_mut().filter(|mail| mail.chunks.is_none()) else {
            return Reply::bad_sequence("Say MAIL first");
        };
        if address.is_empty() {
            return Reply::new(550, "5.1.1", "There is no such mailbox");
        }
        if let Err(reason) = self.mailbox.accepts(&address) {
            return Reply::new(550, "5.1.1", reason);
        }
        if !mail.recipients.contains(&address) {
            if mail.recipients.len() == self.options.recipients {
                return Reply::new(452, "4.5.3", "Too many recipients");
            }
            mail.recipients.push(address);
        }
        Reply::new(250, "2.1.5", "OK")
    }

    async fn data(&mut self) -> io::Result<Reply> {
        let Some(mail) = self.mail.take() else {
            return Ok(Reply::bad_sequence("Say MAIL first"));
        };
        if mail.recipients.is_empty() || mail.chunks.is_some() {
            self.mail = Some(mail);
            return Ok(Reply::bad_sequence("Say RCPT first, and either DATA or BDAT"));
        }
        self.wire.say("354 Go on, and end with a line of one dot\r\n");
        let mut body = Body::new(self.memory.clone(), self.options.message_bytes);
        self.wire.data(&mut body, self.options.data_timeout).await?;
        Ok(self.store(mail, body).await)
    }

    async fn chunk(&mut self, size: usize, is_last: bool) -> io::Result<Reply> {
        let patience = self.options.data_timeout;
        let mail = self.mail.take().filter(|mail| !mail.recipients.is_empty());
        let Some(mut mail) = mail else {
            // The chunk comes in any case (RFC 3030 section 2).
            self.wire
                .chunk(size, &mut Body::new(self.memory.clone(), 0), patience)
                .await?;
            return Ok(Reply::bad_sequence("Say MAIL and RCPT first"));
        };
        let new = || Body::new(self.memory.clone(), self.options.message_bytes);
        let mut body = mail.chunks.take().unwrap_or_else(new);
        self.wire.chunk(size, &mut body, patience).await?;
        if is_last {
            return Ok(self.store(mail, body).await);
        }
        mail.chunks = Some(body);
        self.mail = Some(mail);
        Ok(Reply::new(250, "2.0.0", format!("{size} bytes received")))
    }

    async fn store(&mut self, mail: Mail, body: Body) -> Reply {
        let (bytes, _in_use) = match body.finish() {
            Ok(body) => body,
            Err(Overflow::Message) => return self.too_large(),
            Err(Overflow::Memory) => return Reply::new(452, "4.3.1", "Too many large messages at once, come again"),
        };
        let message = Message {
            peer: self.peer,
            host: self.host.as_ref().map(|(host, _)| host.clone()).unwrap_or_default(),
            protocol: mail.protocol,
            sender: mail.sender,
            recipients: mail.recipients,
            bytes,
        };
        match self.mailbox.store(message).await {
            Ok(name) => Reply::new(250, "2.0.0", format!("OK {name}")),
            Err(Unstored) => Reply::new(451, "4.3.0", "The message could not be stored, come again"),
        }
    }

    fn too_large(&self) -> Reply {
        let most = self.options.message_bytes;
        Reply::new(552, "5.3.4", format!("The message is larger than {most} bytes"))
    }
}
