//! Header blocks (RFC 5322 section 2.2), as mail programs and scripts really write them.

use crate::encoding::lines::{Line, Lines, line_end};
use crate::encoding::text::{guess, is_blank, starts_with_ignoring_case};

/// Fields of one name that are kept; a header block of more is an attack.
const MAX_FIELDS: usize = 1_000;

/// Bytes of one field's value that are kept. It is copied several times until it is read.
const MAX_VALUE: usize = 1024 * 1024;

/// Names that only an email has; with `content-` and `x-` they tell an email from other text.
const KNOWN: [&str; 27] = [
    "received",
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "return-path",
    "reply-to",
    "sender",
    "delivered-to",
    "in-reply-to",
    "references",
    "dkim-signature",
    "domainkey-signature",
    "authentication-results",
    "received-spf",
    "importance",
    "priority",
    "thread-topic",
    "thread-index",
    "user-agent",
    "auto-submitted",
    "precedence",
    "disposition-notification-to",
];

const KNOWN_PREFIXES: [&[u8]; 5] = [b"content-", b"x-", b"arc-", b"list-", b"resent-"];

/// Names that this crate asks for; other fields are not kept, so that a header of 50 MB costs no memory.
const WANTED: [&[u8]; 12] = [
    b"content-type",
    b"content-disposition",
    b"content-transfer-encoding",
    b"to",
    b"cc",
    b"delivered-to",
    b"x-original-to",
    b"x-forwarded-to",
    b"received",
    b"message-id",
    b"x-ses-virus-verdict",
    b"x-ses-spam-verdict",
];

/// The fields of a header block, in order, their values raw and folded.
#[derive(Debug, Clone, Default)]
pub struct Headers<'a> {
    fields: Vec<(&'a [u8], &'a [u8])>,
    known: bool,
}

impl<'a> Headers<'a> {
    /// The raw values of all fields of a name, topmost first.
    pub fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a [u8]> + 's {
        self.fields
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| *value)
    }

    /// The raw value of the topmost field of a name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// The raw values of the fields of a name that stand above the topmost field of another: none without that.
    pub fn above<'s>(&'s self, name: &'s str, other: &str) -> impl Iterator<Item = &'a [u8]> + 's {
        let other = self
            .fields
            .iter()
            .position(|(field, _)| field.eq_ignore_ascii_case(other.as_bytes()));
        self.fields
            .iter()
            .take(other.unwrap_or_default())
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| *value)
    }

    /// The unfolded text of the topmost field of a name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.first(name).map(|value| guess(&unfold(value)).trim().to_owned())
    }

    /// Whether there was a field that only emails have.
    #[must_use]
    pub const fn has_known_field(&self) -> bool {
        self.known
    }
}

/// A folded value on one line: line ends go, the blanks behind them stay (RFC 5322 section 2.2.3).
#[must_use]
pub(crate) fn unfold(value: &[u8]) -> Vec<u8> {
    value
        .iter()
        .filter(|&&byte| byte != b'\r' && byte != b'\n')
        .map(|&byte| if byte == b'\t' { b' ' } else { byte })
        .collect()
}

/// The header of an email, whatever stands before it; `None` if this is no email.
#[must_use]
pub fn headers(email: &[u8]) -> Option<Headers<'_>> {
    let start = start_of_email(email)?;
    Some(parse(email, start, line_end(email), |_| false).0)
}

/// The header block of `bytes` that begins at `start`, and where the body begins.
///
/// The block ends at a blank line, at a line that `is_delimiter` (a MIME boundary follows at once), or at the first
/// line that is no field and has none of an email's fields behind it: the blank line was forgotten.
pub(crate) fn parse<'a>(
    bytes: &'a [u8],
    start: usize,
    line_end: u8,
    is_delimiter: impl Fn(&[u8]) -> bool,
) -> (Headers<'a>, usize) {
    let mut block = Block {
        bytes,
        line_end,
        headers: Headers::default(),
        kept: [0; WANTED.len()],
        open: None,
        last_known: None,
    };
    let mut lines = Lines::new(bytes, start, line_end);
    while let Some(line) = lines.next() {
        if is_delimiter(line.text) {
            block.close(line.start);
            return (block.headers, line.start);
        }
        let is_continued = line.text.first().is_some_and(|&byte| byte == b' ' || byte == b'\t');
        if is_blank(line.text) && !(is_continued && block.goes_on_after_blanks(lines.clone().next())) {
            block.close(line.start);
            return (block.headers, line.end);
        }
        if is_continued || block.is_unindented_continuation(line) {
            continue;
        }
        if let Some((name, value_at)) = field_name(line.text) {
            block.close(line.start);
            block.headers.known |= is_known(name);
            block.open = Some((name, line.start + value_at));
        } else if !is_mailbox_line(line.text) && !block.has_known_field_after(line.start, &is_delimiter) {
            block.close(line.start);
            return (block.headers, line.start);
        } else {
            block.close(line.start);
        }
    }
    block.close(bytes.len());
    (block.headers, bytes.len())
}

/// Where the header of an email begins, behind a byte order mark, blank lines and a mailbox file's `From ` line;
/// `None` if this is no email: no field comes first, or none that only emails have.
#[must_use]
pub(crate) fn start_of_email(bytes: &[u8]) -> Option<usize> {
    let bom = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut lines =
        Lines::new(bytes, bom, line_end(bytes)).skip_while(|line| is_blank(line.text) || is_mailbox_line(line.text));
    let first = lines.next()?;
    let is_email = field_name(first.text).is_some()
        && (begins_known_field(first.text)
            || lines
                .take_while(|line| !is_blank(line.text))
                .any(|line| begins_known_field(line.text)));
    is_email.then_some(first.start)
}

/// Whether `line` begins a field that only emails have.
#[must_use]
pub(crate) fn begins_known_field(line: &[u8]) -> bool {
    field_name(line).is_some_and(|(name, _)| is_known(name))
}

/// Whether `line` is what mailbox files put before an email (RFC 4155).
#[must_use]
pub(crate) fn is_mailbox_line(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

struct Block<'a> {
    bytes: &'a [u8],
    line_end: u8,
    headers: Headers<'a>,
    /// How many fields of each wanted name were kept.
    kept: [usize; WANTED.len()],
    open: Option<(&'a [u8], usize)>,
    last_known: Option<usize>,
}

impl<'a> Block<'a> {
    /// Ends the field that is open, before `at`.
    fn close(&mut self, at: usize) {
        let Some((name, value_at)) = self.open.take() else {
            return;
        };
        let wanted = WANTED.iter().zip(&mut self.kept);
        for (_, kept) in wanted.filter(|(wanted, kept)| wanted.eq_ignore_ascii_case(name) && **kept < MAX_FIELDS) {
            *kept += 1;
            let value = self.bytes.get(value_at..at).unwrap_or_default();
            self.headers
                .fields
                .push((name, value.get(..MAX_VALUE).unwrap_or(value)));
        }
    }

    /// A line of blanks is a badly folded value if a field or more of the value follows, else it ends the block.
    fn goes_on_after_blanks(&self, next: Option<Line<'_>>) -> bool {
        self.open.is_some()
            && next.is_some_and(|line| {
                line.text.first().is_some_and(u8::is_ascii_whitespace) && !is_blank(line.text)
                    || begins_known_field(line.text)
            })
    }

    /// Scripts forget to indent: `Content-Disposition: attachment;` and on the next line `filename="x.csv"`.
    fn is_unindented_continuation(&self, line: Line<'_>) -> bool {
        let Some((name, value_at)) = self.open else {
            return false;
        };
        let value = self.bytes.get(value_at..line.start).unwrap_or_default();
        let is_parameter = line
            .text
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric() && !b"-*".contains(byte))
            .is_some_and(|at| at > 0 && line.text.get(at) == Some(&b'='));
        is_parameter && starts_with_ignoring_case(name, b"content-") && value.trim_ascii_end().ends_with(b";")
    }

    /// Whether one of an email's fields stands between `at` and the next blank line or boundary: then the line at `at`
    /// is junk.
    fn has_known_field_after(&mut self, at: usize, is_delimiter: impl Fn(&[u8]) -> bool) -> bool {
        let (bytes, line_end) = (self.bytes, self.line_end);
        let last = *self.last_known.get_or_insert_with(|| {
            Lines::new(bytes, at, line_end)
                .take_while(|line| !is_blank(line.text) && !is_delimiter(line.text))
                .filter(|line| begins_known_field(line.text))
                .last()
                .map_or(0, |line| line.start)
        });
        last > at
    }
}

/// The name of a field, and where its value begins. RFC 5322 allows more characters, but a line of CSV such as
/// `Date,00:30` must not pass for a field.
fn field_name(line: &[u8]) -> Option<(&[u8], usize)> {
    let colon = line.iter().take(256).position(|&byte| byte == b':')?;
    let name = line.get(..colon)?.trim_ascii_end();
    let is_name = !name.is_empty()
        && name
            .iter()
            .all(|&byte| byte.is_ascii_graphic() && !br#",;|"'()<>@[]{}=\"#.contains(&byte));
    is_name.then_some((name, colon + 1))
}

fn is_known(name: &[u8]) -> bool {
    KNOWN.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
        || KNOWN_PREFIXES
            .iter()
            .any(|prefix| starts_with_ignoring_case(name, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(bytes: &[u8]) -> (Headers<'_>, &[u8]) {
        let (headers, body) = parse(bytes, 0, line_end(bytes), |_| false);
        (headers, &bytes[body..])
    }

    #[test]
    fn fields_are_unfolded_and_the_topmost_counts() {
        let (headers, body) = block(b"Message-ID:\r\n <1@x>\r\nmessage-id: <2@x>\r\n\r\nbody");
        assert_eq!(headers.text("Message-ID").as_deref(), Some("<1@x>"));
        assert_eq!(headers.all("message-id").count(), 2);
        assert_eq!(body, b"body");
    }

    #[test]
    fn blanks_before_the_colon_are_allowed() {
        assert_eq!(block(b"To : a@x\n\n").0.text("to").as_deref(), Some("a@x"));
    }

    #[test]
    fn raw_latin_1_and_utf_8_values_are_read() {
        assert_eq!(
            block(b"To: Z\xe4hler <a@x>\n\n").0.text("to").as_deref(),
            Some("Zähler <a@x>")
        );
        assert_eq!(
            block("To: Zähler <a@x>\n\n".as_bytes()).0.text("to").as_deref(),
            Some("Zähler <a@x>")
        );
    }

    #[test]
    fn a_parameter_that_nobody_indented_belongs_to_its_field() {
        let (headers, body) = block(b"Content-Disposition: attachment;\nfilename=\"x.csv\"\n\nMPR,Date");
        assert!(
            headers
                .text("content-disposition")
                .unwrap()
                .ends_with("filename=\"x.csv\"")
        );
        assert_eq!(body, b"MPR,Date");
    }

    #[test]
    fn a_forgotten_blank_line_ends_the_block_all_the_same() {
        let (headers, body) = block(b"Content-Type: text/csv\nMPR,Date,00:30\n1,2,3\n\n4");
        assert_eq!(headers.text("content-type").as_deref(), Some("text/csv"));
        assert_eq!(body, b"MPR,Date,00:30\n1,2,3\n\n4");
    }

    #[test]
    fn junk_between_fields_is_passed_over() {
        let (headers, body) = block(b"To: a@x\n>From someone Mon\nrubbish\nCc: b@x\n\nbody");
        assert_eq!(headers.text("to").as_deref(), Some("a@x"));
        assert_eq!(headers.text("cc").as_deref(), Some("b@x"));
        assert_eq!(body, b"body");
    }

    #[test]
    fn a_value_folded_over_a_line_of_blanks_goes_on() {
        let (headers, body) = block(b"To: a@x,\r\n \r\n b@x\r\nCc: c@x\r\n \r\nbody");
        assert_eq!(headers.text("to").as_deref(), Some("a@x,  b@x"));
        assert_eq!(body, b"body");
    }

    #[test]
    fn an_email_begins_with_a_field_that_only_emails_have() {
        assert_eq!(start_of_email(b"\xef\xbb\xbf\r\nFrom a@x Mon\nTo: b@x\n\n"), Some(18));
        assert_eq!(start_of_email(b"Foo: 1\nSubject: x\n\n"), Some(0));
        for other in [
            &b"MPR,Date,00:30\n1,2,3\n"[..],
            b"PK\x03\x04",
            b"",
            b"\n\n",
            b"Report: monthly\nSite: 1\n\nTo: x\n",
        ] {
            assert_eq!(start_of_email(other), None);
        }
    }

    #[test]
    fn a_line_of_csv_is_no_field() {
        assert!(field_name(b"Date,00:30,01:00").is_none());
        assert!(field_name(b"Meter Name,Serial,Date,00:30").is_none());
        assert!(!begins_known_field(b"Report: monthly"));
    }
}
