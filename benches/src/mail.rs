//! Emails with attachments.

use std::fmt::Write as _;

/// How an attachment travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Travels {
    /// In base64, lines of 76 characters.
    Base64,
    /// Quoted-printable: texts only.
    QuotedPrintable,
}

/// A file of an email.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its encoding.
    pub travels: Travels,
}

impl Attachment {
    /// A CSV as Outlook on Windows sends it, where CSV opens in Excel.
    #[must_use]
    pub fn csv(name: String, bytes: Vec<u8>) -> Self {
        Self {
            name,
            media_type: "application/vnd.ms-excel",
            bytes,
            travels: Travels::Base64,
        }
    }
}

const BOUNDARY: &str = "----=_NextPart_000_0012_01DA3B2C.7F4E5D60";

/// An email to an area, with a letter and attachments; lines end in CRLF.
#[must_use]
pub fn email(area: &str, number: u64, attachments: &[Attachment]) -> String {
    let length: usize = attachments.iter().map(|attachment| attachment.bytes.len()).sum();
    let mut mail = String::with_capacity(length / 2 * 3 + 4096);
    write!(
        mail,
        "Return-Path: <reports@supplier.example>\r\n\
         Received: from mail.supplier.example (mail.supplier.example [192.0.2.25]) by inbound-smtp.eu-west-1.amazonaws.com with SMTP id {number:016x} for {area}@data.example.org; Fri, 01 Sep 2023 06:{:02}:{:02} +0000 (UTC)\r\n\
         X-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\n\
         From: \"Supplier Reports\" <reports@supplier.example>\r\nTo: <{area}@data.example.org>\r\nSubject: Half-hourly data\r\n\
         Date: Fri, 1 Sep 2023 06:00:00 +0000\r\nMessage-ID: <{number:08}@supplier.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed;\r\n\tboundary=\"{BOUNDARY}\"\r\n\r\nThis is a multi-part message in MIME format.\r\n\r\n\
         --{BOUNDARY}\r\nContent-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
         Please find attached your half-hourly data.\r\n\r\nKind regards,\r\nThe data team\r\n",
        number / 60 % 60,
        number % 60
    )
    .unwrap();
    for attachment in attachments {
        let encoding = match attachment.travels {
            Travels::Base64 => "base64",
            Travels::QuotedPrintable => "quoted-printable",
        };
        let (name, media_type) = (&attachment.name, attachment.media_type);
        write!(
            mail,
            "\r\n--{BOUNDARY}\r\nContent-Type: {media_type};\r\n\tname=\"{name}\"\r\nContent-Transfer-Encoding: {encoding}\r\n\
             Content-Disposition: attachment;\r\n\tfilename=\"{name}\"\r\n\r\n"
        )
        .unwrap();
        match attachment.travels {
            Travels::Base64 => push_base64(&attachment.bytes, &mut mail),
            Travels::QuotedPrintable => push_quoted_printable(&attachment.bytes, &mut mail),
        }
    }
    write!(mail, "\r\n--{BOUNDARY}--\r\n").unwrap();
    mail
}

fn push_base64(bytes: &[u8], out: &mut String) {
    for line in bytes.chunks(57) {
        base64_simd::STANDARD.encode_append(line, out);
        out.push_str("\r\n");
    }
}

/// RFC 2045 section 6.7, with lines of up to 76 characters.
fn push_quoted_printable(bytes: &[u8], out: &mut String) {
    let mut width = 0;
    let mut rest = bytes.iter().peekable();
    while let Some(byte) = rest.next() {
        if *byte == b'\r' && rest.peek() == Some(&&b'\n') {
            rest.next();
            out.push_str("\r\n");
            width = 0;
            continue;
        }
        if width > 71 {
            out.push_str("=\r\n");
            width = 0;
        }
        if matches!(byte, b' '..=b'<' | b'>'..=b'~') {
            out.push(char::from(*byte));
            width += 1;
        } else {
            write!(out, "={byte:02X}").unwrap();
            width += 3;
        }
    }
}
