//! Emails for tests that make their own.

use std::fmt::Write as _;

/// An email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The areas that it is sent to.
    pub areas: Vec<String>,
    /// Its Message-ID, if it has one.
    pub message_id: Option<String>,
    /// When it was received, as its topmost `Received` says it; `None` for no such header.
    pub received: Option<String>,
    /// Its files.
    pub attachments: Vec<Attachment>,
}

/// A file of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Mail {
    /// An email to one area, received on 23 March 2025 at 10:11:12 UTC.
    pub fn to(area: &str) -> Self {
        Self {
            areas: vec![area.to_owned()],
            message_id: None,
            received: Some("Sun, 23 Mar 2025 10:11:12 +0000".to_owned()),
            attachments: Vec::new(),
        }
    }

    /// With a file more.
    #[must_use]
    pub fn attach(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.attachments.push(Attachment {
            name: name.to_owned(),
            bytes: bytes.into(),
        });
        self
    }

    /// With this Message-ID.
    #[must_use]
    pub fn message_id(mut self, id: &str) -> Self {
        self.message_id = Some(id.to_owned());
        self
    }

    /// Received at this time.
    #[must_use]
    pub fn received(mut self, date: &str) -> Self {
        self.received = Some(date.to_owned());
        self
    }

    /// The email's bytes. Files are sent as they are (RFC 3030, `binary`).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut header = String::new();
        if let Some(received) = &self.received {
            write!(
                header,
                "Received: from mx.supplier.example by inbound.example.org; {received}\r\n"
            )
            .unwrap();
        }
        let to: Vec<String> = self.areas.iter().map(|area| format!("{area}@example.org")).collect();
        write!(header, "From: hh-data@supplier.example\r\nTo: {}\r\n", to.join(", ")).unwrap();
        if let Some(id) = &self.message_id {
            write!(header, "Message-ID: {id}\r\n").unwrap();
        }
        header.push_str("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_part\"\r\n\r\n");
        header.push_str("--=_part\r\nContent-Type: text/plain\r\n\r\nPlease find the readings attached.\r\n\r\n");
        let mut email = header.into_bytes();
        for Attachment { name, bytes } in &self.attachments {
            let header = format!(
                "--=_part\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\
                 Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n"
            );
            email.extend_from_slice(header.as_bytes());
            email.extend_from_slice(bytes);
            email.extend_from_slice(b"\r\n");
        }
        email.extend_from_slice(b"--=_part--\r\n");
        email
    }
}
