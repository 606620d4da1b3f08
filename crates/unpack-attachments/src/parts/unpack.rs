//! An email becomes its files: which parts are files, and which are the email's text.

use bytes::Bytes;
use memchr::memmem;
use pipeline_core::{BadPart, Limits, ReasonCode, Rejection, SafePath, kind};

use crate::encoding::text::shortened;
use crate::encoding::transfer::TransferEncoding;
use crate::encoding::uuencode;
use crate::header::fields;
use crate::parts::body_table;
use crate::parts::entity::{Disposition, Entity, MAX_NAME};
use crate::parts::file_name::file_name;
use crate::parts::mime::{self, Parent, Part};
use crate::parts::piece::{Piece, pieces};
use crate::parts::tnef;

/// What is decoded of an email may have as many bytes as this many of the largest emails.
const DECODED_TIMES: u64 = 2;

/// What an email holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unpacked {
    /// Its files, in the order of the email.
    pub files: Vec<File>,
    /// Its texts, those of emails within it too.
    pub bodies: Vec<Body>,
    /// What could not be unpacked.
    pub bad: Vec<BadPart>,
}

/// A file of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The name it goes on under.
    pub name: SafePath,
    /// The name that the sender gave it, if any.
    pub sent_name: Option<String>,
    /// Which part it is, the same whenever this email is unpacked: `2`, `3/message/1`, `2/winmail/1`, `1/uu/1`.
    pub path: String,
    /// How many emails and containers it was in, not counting the outermost email.
    pub depth: u32,
    /// The bytes that were attached.
    pub bytes: Bytes,
    /// Whether it is a text of the email that has the form of a table, and was not attached as a file.
    pub is_body: bool,
}

impl File {
    /// Whether readings may be in it, as opposed to logos, letters and signatures.
    #[must_use]
    pub fn is_data(&self) -> bool {
        let mut content = std::io::Cursor::new(&self.bytes);
        kind::classify(&mut content, self.name.as_str()).is_ok_and(|kind| kind.is_data())
    }
}

/// A text of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Whether it is HTML.
    pub is_html: bool,
    /// Its bytes, in `charset`.
    pub bytes: Bytes,
    /// The charset that its header names; empty if none.
    pub charset: String,
}

/// Unpacks an email. If nobody else holds its bytes, its files are decoded in their place, and take no memory of their own.
///
/// # Errors
/// [`ReasonCode::Empty`], [`ReasonCode::NotAnEmail`], and [`ReasonCode::TooManyMembers`] for more parts than
/// `limits.members`. What is wrong with one part only is a bad part.
pub fn unpack(email: Bytes, limits: &Limits) -> Result<Unpacked, Rejection> {
    if email.is_empty() {
        return Err(Rejection::new(ReasonCode::Empty, "The email is empty."));
    }
    if fields::start_of_email(&email).is_none() {
        let reason = "This is not an email: it does not begin with an email's header.";
        return Err(Rejection::new(ReasonCode::NotAnEmail, reason));
    }
    let mut unpacker = Unpacker {
        limits,
        found: Unpacked::default(),
        work: vec![Work::Email(Place::default(), email)],
        parts: 0,
        decoded_bytes: 0,
    };
    while let Some(work) = unpacker.work.pop() {
        match work {
            Work::Email(place, message) => unpacker.email(&place, message)?,
            Work::Part(place, body, part) => unpacker.part(place, body, *part)?,
            Work::Winmail(place, container, name) => unpacker.winmail(&place, &container, name)?,
        }
    }
    Ok(unpacker.found)
}

/// What is left to unpack; a list instead of recursion, its last entry next.
enum Work {
    Email(Place, Bytes),
    Part(Place, Piece, Box<Part>),
    Winmail(Place, Bytes, Option<String>),
}

/// Where in the email something is.
#[derive(Debug, Clone, Default)]
struct Place {
    path: String,
    depth: u32,
}

impl Place {
    fn part(&self, number: &str) -> Self {
        let slash = if self.path.is_empty() { "" } else { "/" };
        Self {
            path: format!("{}{slash}{number}", self.path),
            depth: self.depth,
        }
    }

    fn inside(&self, what: &str) -> Self {
        Self {
            path: format!("{}/{what}", self.path),
            depth: self.depth.saturating_add(1),
        }
    }
}

struct Unpacker<'a> {
    limits: &'a Limits,
    found: Unpacked,
    work: Vec<Work>,
    parts: u64,
    /// Bytes of everything that was decoded so far, what it was decoded from counting: it never is less.
    decoded_bytes: u64,
}

impl Unpacker<'_> {
    fn email(&mut self, place: &Place, message: Bytes) -> Result<(), Rejection> {
        let start = fields::start_of_email(&message).unwrap_or_default();
        let parts = mime::parts(&message, start, self.parts_left()).map_err(|_| self.too_many())?;
        self.add_parts(place, message, parts)
    }

    fn add_parts(&mut self, place: &Place, message: Bytes, parts: Vec<Part>) -> Result<(), Rejection> {
        self.count(parts.len())?;
        let places: Vec<_> = parts.iter().map(|part| part.body.clone()).collect();
        let work = parts
            .into_iter()
            .zip(pieces(message, &places))
            .rev()
            .map(|(part, body)| Work::Part(place.part(&part.path), body, Box::new(part)));
        self.work.extend(work);
        Ok(())
    }

    fn part(&mut self, place: Place, body: Piece, part: Part) -> Result<(), Rejection> {
        let Part { entity, parent, .. } = part;
        match entity.media_type.as_str() {
            "message/partial" => self.bad(
                &place,
                entity.name,
                ReasonCode::Unsupported,
                "is a fragment of an email that was split into several. Please send it whole.",
            ),
            "message/external-body" => self.bad(
                &place,
                entity.name,
                ReasonCode::Unsupported,
                "only names a file that is kept elsewhere. Please attach the file.",
            ),
            "application/applefile" if parent == Parent::AppleDouble => {}
            _ if entity.is_multipart() => return self.undivided(&place, entity, body.freeze()),
            _ if entity.is_mail_report() => {}
            _ if entity.is_text_of_emails()
                && entity.name.is_none()
                && entity.disposition != Disposition::Attachment =>
            {
                return self.text(&place, entity, parent, body);
            }
            _ => self.file(&place, entity, body),
        }
        Ok(())
    }

    /// A multipart without any boundary. If it says that it is encoded, which RFC 2045 section 6.4 forbids, its parts
    /// may be inside; else it is text.
    fn undivided(&mut self, place: &Place, entity: Entity, body: Bytes) -> Result<(), Rejection> {
        let shared = Piece::Shared(body.clone());
        let Some(decoded) = self.decode(place, entity.name.as_ref(), entity.encoding, shared) else {
            return Ok(());
        };
        let inside = place.inside("decoded");
        let entity = Entity {
            encoding: TransferEncoding::Identity,
            ..entity
        };
        if decoded == body {
            let entity = Entity {
                media_type: "text/plain".to_owned(),
                ..entity
            };
            return self.text(place, entity, Parent::Message, Piece::Shared(body));
        }
        if !self.may_open(&inside, entity.name.clone()) {
            return Ok(());
        }
        let parts = mime::parts_of_body(&decoded, entity, self.parts_left()).map_err(|_| self.too_many())?;
        self.add_parts(&inside, decoded, parts)
    }

    /// The text of an email. Files may be in it all the same: uuencoded ones, or it is a table itself.
    fn text(&mut self, place: &Place, entity: Entity, parent: Parent, body: Piece) -> Result<(), Rejection> {
        let Some(bytes) = self.decode(place, None, entity.encoding, body) else {
            return Ok(());
        };
        let is_html = matches!(
            entity.media_type.as_str(),
            "text/html" | "text/x-amp-html" | "text/watch-html"
        );
        let mut body = Body {
            is_html,
            bytes: bytes.clone(),
            charset: entity.charset,
        };
        if entity.media_type == "text/plain" {
            let is_alone =
                parent == Parent::Message || (parent == Parent::Mixed && entity.disposition == Disposition::Inline);
            if self.uuencoded(place, &mut body)? {
                return Ok(());
            }
            if is_alone && body_table::is_table(&bytes) {
                self.add_file(place, None, &entity.media_type, bytes);
                if let Some(file) = self.found.files.last_mut() {
                    file.is_body = true;
                }
            }
        }
        self.found.bodies.push(body);
        Ok(())
    }

    /// Takes the uuencoded files out of a text; whether there were any.
    fn uuencoded(&mut self, place: &Place, text: &mut Body) -> Result<bool, Rejection> {
        if memmem::find(&text.bytes, b"begin").is_none() || !self.may_decode(place, None, text.bytes.len()) {
            return Ok(false);
        }
        let found = uuencode::split(&text.bytes, self.files_left());
        self.count(found.blocks.len())?;
        if found.blocks.is_empty() {
            return Ok(false);
        }
        for (index, block) in found.blocks.into_iter().enumerate() {
            let place = place.part(&format!("uu/{}", index + 1));
            let name = Some(shortened(block.name, MAX_NAME));
            match block.bytes {
                Some(bytes) => self.open_or_add(&place, name, "", bytes.into()),
                None => self.bad(
                    &place,
                    name,
                    ReasonCode::CorruptAttachment,
                    "is damaged or cut off. Please send it again.",
                ),
            }
        }
        let around = found.around.into_iter().filter_map(|range| text.bytes.get(range));
        self.found.bodies.extend(around.map(|piece| Body {
            bytes: text.bytes.slice_ref(piece),
            ..text.clone()
        }));
        Ok(true)
    }

    fn file(&mut self, place: &Place, entity: Entity, body: Piece) {
        let Some(bytes) = self.decode(place, entity.name.as_ref(), entity.encoding, body) else {
            return;
        };
        if entity.is_email() && fields::start_of_email(&bytes).is_some() {
            self.open_email(place, entity.name, bytes);
        } else {
            self.open_or_add(place, entity.name, &entity.media_type, bytes);
        }
    }

    /// A file, unless it is an email or a container of Outlook's by its name or content.
    fn open_or_add(&mut self, place: &Place, name: Option<String>, media_type: &str, bytes: Bytes) {
        let lower_name = name.as_deref().unwrap_or_default().trim_end().to_ascii_lowercase();
        // A message that was attached as nothing in particular; text that only looks like one keeps its type.
        let is_anything = matches!(media_type, "" | "application/octet-stream");
        let is_email = (lower_name.ends_with(".eml") && fields::start_of_email(&bytes).is_some())
            || (is_anything && !lower_name.ends_with(".csv") && kind::is_email(&bytes));
        if is_email {
            self.open_email(place, name, bytes);
        } else if tnef::is_tnef(&bytes) {
            self.work.push(Work::Winmail(place.clone(), bytes, name));
        } else {
            self.add_file(place, name, media_type, bytes);
        }
    }

    fn open_email(&mut self, place: &Place, name: Option<String>, bytes: Bytes) {
        let inside = place.inside("message");
        if self.may_open(&inside, name) {
            self.work.push(Work::Email(inside, bytes));
        }
    }

    /// A container of Outlook's. Of a damaged one the files that are whole go on, and the email is put aside with it.
    fn winmail(&mut self, place: &Place, container: &Bytes, name: Option<String>) -> Result<(), Rejection> {
        let read = tnef::read(container, self.files_left());
        self.count(read.attachments.len())?;
        let mut embedded = Vec::new();
        for (index, attachment) in read.attachments.into_iter().enumerate() {
            let inside = place.part(&format!("winmail/{}", index + 1));
            let bytes = container.slice_ref(attachment.data);
            let name = attachment.name.map(|name| shortened(name, MAX_NAME));
            if !attachment.is_embedded_message {
                self.open_or_add(&inside, name, "", bytes);
                continue;
            }
            let inside = Place {
                depth: inside.depth.saturating_add(1),
                ..inside
            };
            if self.may_open(&inside, name.clone()) {
                embedded.push(Work::Winmail(inside, bytes, name));
            }
        }
        self.work.extend(embedded.into_iter().rev());
        if read.is_corrupt {
            let name = name.or_else(|| Some("winmail.dat".to_owned()));
            self.bad(
                place,
                name,
                ReasonCode::CorruptAttachment,
                "is damaged. Please send the files as ordinary attachments.",
            );
        }
        Ok(())
    }

    /// Decodes a body, if [`may_decode`](Self::may_decode).
    fn decode(
        &mut self,
        place: &Place,
        name: Option<&String>,
        encoding: TransferEncoding,
        body: Piece,
    ) -> Option<Bytes> {
        if encoding != TransferEncoding::Identity && !self.may_decode(place, name, body.len()) {
            return None;
        }
        let decoded = match body {
            Piece::Own(body) => encoding.decode_in_place(body),
            Piece::Shared(body) => encoding.decode(&body),
        };
        if decoded.is_none() {
            self.bad(
                place,
                name.cloned(),
                ReasonCode::CorruptAttachment,
                "is damaged or cut off. Please send it again.",
            );
        }
        decoded
    }

    /// Whether there is memory to decode a body: emails in emails, each encoded again, are held at every level.
    fn may_decode(&mut self, place: &Place, name: Option<&String>, length: usize) -> bool {
        let decoded_bytes = self.decoded_bytes.saturating_add(length as u64);
        let may = decoded_bytes <= self.limits.email_bytes.saturating_mul(DECODED_TIMES);
        if may {
            self.decoded_bytes = decoded_bytes;
        } else {
            self.bad(
                place,
                name.cloned(),
                ReasonCode::TooLarge,
                "is encoded too many times over. Please attach the files themselves.",
            );
        }
        may
    }

    fn may_open(&mut self, inside: &Place, name: Option<String>) -> bool {
        let may_open = inside.depth <= self.limits.depth;
        if !may_open {
            self.bad(
                inside,
                name,
                ReasonCode::TooDeep,
                "is in too many emails, one in the other. Please attach the files themselves.",
            );
        }
        may_open
    }

    fn add_file(&mut self, place: &Place, sent_name: Option<String>, media_type: &str, bytes: Bytes) {
        let number = self.found.files.len() + 1;
        match file_name(sent_name.as_deref(), "attachment", number, media_type) {
            Some(name) => self.found.files.push(File {
                name,
                sent_name,
                path: place.path.clone(),
                depth: place.depth,
                bytes,
                is_body: false,
            }),
            None => self.bad(
                place,
                sent_name,
                ReasonCode::CorruptAttachment,
                "has a name that cannot be used.",
            ),
        }
    }

    /// Notes a part that could not be unpacked; `why` completes a sentence that begins with what it is.
    fn bad(&mut self, place: &Place, name: Option<String>, code: ReasonCode, why: &str) {
        self.found.bad.push(BadPart {
            part: name.unwrap_or_else(|| format!("part {}", place.path)),
            rejection: Rejection::new(code, format!("This attachment {why}")),
        });
    }

    fn parts_left(&self) -> u64 {
        self.limits.members.saturating_sub(self.parts)
    }

    fn files_left(&self) -> usize {
        usize::try_from(self.parts_left()).unwrap_or(usize::MAX)
    }

    fn count(&mut self, parts: usize) -> Result<(), Rejection> {
        self.parts = self.parts.saturating_add(u64::try_from(parts).unwrap_or(u64::MAX));
        if self.parts > self.limits.members {
            Err(self.too_many())
        } else {
            Ok(())
        }
    }

    fn too_many(&self) -> Rejection {
        let reason = format!("The email has more than {} parts.", self.limits.members);
        Rejection::new(ReasonCode::TooManyMembers, reason)
    }
}
