//! What the header of a part says about it (RFC 2045, RFC 2183).

use bytes::Bytes;

use crate::encoding::text::shortened;
use crate::encoding::transfer::TransferEncoding;
use crate::header::fields::Headers;
use crate::header::parameters::Parameterized;

/// More fields of one name than this are an attack.
const MAX_CONTENT_TYPES: usize = 8;

/// Bytes of a name. Receipts hold it once for every file and area.
pub(crate) const MAX_NAME: usize = 2_000;

/// Bytes of a media type or a charset's name; the longest registered ones have less.
const MAX_TOKEN: usize = 255;

/// How a part wants to be shown (RFC 2183 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Disposition {
    /// No `Content-Disposition`, or one without a type.
    #[default]
    None,
    /// `inline`.
    Inline,
    /// `attachment`, and every type that nobody knows.
    Attachment,
}

/// The header of a part, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Entity {
    /// The type in lower case, `text/csv`; the default of the place (RFC 2045 section 5.2) where there is none.
    pub media_type: String,
    /// The disposition.
    pub disposition: Disposition,
    /// The name that the sender gave the file.
    pub name: Option<String>,
    /// The charset of a text.
    pub charset: String,
    /// How the body travels.
    pub encoding: TransferEncoding,
    /// What separates the parts of a multipart, raw; empty if it is missing. Shared, as it may be as long as the email.
    pub boundary: Bytes,
}

impl Entity {
    /// Reads the header of a part.
    #[must_use]
    pub(crate) fn read(headers: &Headers<'_>, default_type: &str) -> Self {
        // Of several, which are an error, the one that has parts loses nothing.
        let mut content_types = headers
            .all("content-type")
            .take(MAX_CONTENT_TYPES)
            .map(Parameterized::parse);
        let first = content_types.next().unwrap_or_default();
        let with_parts = content_types.find(|other| is_multipart(other) && !boundary(other).is_empty());
        let content_type = with_parts.filter(|_| !is_multipart(&first)).unwrap_or(first);
        let disposition = headers
            .first("content-disposition")
            .map(Parameterized::parse)
            .unwrap_or_default();
        let name = disposition
            .text("filename")
            .or_else(|| content_type.text("name"))
            .or_else(|| disposition.text("name"))
            .or_else(|| content_type.text("filename"));
        Self {
            media_type: media_type(&content_type.value, default_type),
            disposition: match disposition.value.as_str() {
                "" => Disposition::None,
                "inline" => Disposition::Inline,
                _ => Disposition::Attachment,
            },
            name: name.map(|name| shortened(name, MAX_NAME)),
            charset: shortened(content_type.text("charset").unwrap_or_default(), MAX_TOKEN),
            encoding: headers
                .first("content-transfer-encoding")
                .map(TransferEncoding::from_header)
                .unwrap_or_default(),
            boundary: boundary(&content_type),
        }
    }

    /// Whether it consists of parts.
    #[must_use]
    pub(crate) fn is_multipart(&self) -> bool {
        self.media_type.starts_with("multipart/")
    }

    /// Whether it is a type in which the text of an email is written, not a file.
    #[must_use]
    pub(crate) fn is_text_of_emails(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "text/plain" | "text/html" | "text/enriched" | "text/richtext" | "text/x-amp-html" | "text/watch-html"
        )
    }

    /// Whether it is an email in an email.
    #[must_use]
    pub(crate) fn is_email(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "message/rfc822" | "message/global" | "message/news"
        )
    }

    /// Whether a mail server wrote it for other mail servers: reports on delivery (RFC 3464) and the like.
    #[must_use]
    pub(crate) fn is_mail_report(&self) -> bool {
        matches!(
            self.media_type.as_str(),
            "message/delivery-status"
                | "message/global-delivery-status"
                | "message/disposition-notification"
                | "message/global-disposition-notification"
                | "message/feedback-report"
                | "message/global-headers"
                | "text/rfc822-headers"
        )
    }
}

/// A boundary is bytes, whatever they look like; only one that RFC 2231 cut into pieces has to be put together.
fn is_multipart(content_type: &Parameterized) -> bool {
    content_type.value.starts_with("multipart/")
}

fn boundary(content_type: &Parameterized) -> Bytes {
    match content_type.raw("boundary") {
        Some(plain) => Bytes::copy_from_slice(plain.trim_ascii()),
        None => content_type
            .text("boundary")
            .map(|text| Bytes::copy_from_slice(text.as_bytes().trim_ascii()))
            .unwrap_or_default(),
    }
}

/// Without a type or with half of one it is what RFC 2045 section 5.2 says.
fn media_type(value: &str, default_type: &str) -> String {
    match value {
        "" => default_type.to_owned(),
        "text" => "text/plain".to_owned(),
        "multipart" => "multipart/mixed".to_owned(),
        "message" => "message/rfc822".to_owned(),
        _ => shortened(value.to_owned(), MAX_TOKEN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(raw: &str) -> Entity {
        let raw = format!("{raw}\n\n");
        Entity::read(
            &crate::header::fields::parse(raw.as_bytes(), 0, b'\n', |_| false).0,
            "text/plain",
        )
    }

    #[test]
    fn the_dispositions_name_counts_before_the_types() {
        let both = entity("Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment; filename=b.csv");
        assert_eq!(both.name.as_deref(), Some("b.csv"));
        let empty = entity("Content-Type: text/csv; name=a.csv\nContent-Disposition: attachment; filename=\"\"");
        assert_eq!(empty.name.as_deref(), Some("a.csv"));
    }

    #[test]
    fn an_unknown_disposition_is_an_attachment() {
        assert_eq!(
            entity("Content-Disposition: form-data; name=x").disposition,
            Disposition::Attachment
        );
        assert_eq!(entity("Content-Disposition: INLINE").disposition, Disposition::Inline);
        assert_eq!(
            entity("Content-Disposition: filename=x.csv").disposition,
            Disposition::None
        );
    }

    #[test]
    fn a_boundary_is_taken_as_it_stands() {
        assert_eq!(
            entity("Content-Type: multipart/mixed; boundary=\"=?x?q?=41?=\"").boundary,
            b"=?x?q?=41?="[..]
        );
    }
}
