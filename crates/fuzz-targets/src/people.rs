//! Who is answered, and by which letter.

use mail_parser::MessageParser;
use notify::reply::letter;
use notify::{Mailbox, Original, Ours, answerable};
use time::OffsetDateTime;

/// Fields of a letter that may go out.
const FIELDS: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "x-auto-response-suppress",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];

/// An email of which nothing could be used.
///
/// # Panics
/// If ourselves are answered, or a letter would go to anybody else than its sender, or say more than we wrote.
pub(crate) fn reply(bytes: &[u8]) {
    let ours = Ours {
        domains: vec!["example.org".to_owned()],
        reply_from: Mailbox::parse("data@team.example"),
    };
    let Some(original) = Original::read(bytes) else { return };
    assert_eq!(Some(&original), Original::read(bytes).as_ref(), "read in two ways");
    let (Ok(to), Some(from)) = (answerable(&original, &ours), &ours.reply_from) else {
        return;
    };
    assert!(
        to.domain() != "example.org" && to.expose() != from.expose(),
        "we answer ourselves"
    );
    let letter = letter(
        "Please send it again.\n",
        to,
        from,
        &original,
        OffsetDateTime::UNIX_EPOCH,
    );
    let parsed = MessageParser::new().parse(&letter);
    assert!(parsed.is_some(), "no letter: {letter:?}");
    let Some(parsed) = parsed else { return };
    for header in parsed.headers() {
        let name = header.name().to_ascii_lowercase();
        assert!(FIELDS.contains(&name.as_str()), "the letter has a field {name:?}");
    }
    let all: Vec<_> = parsed.to().map(|to| to.iter().collect()).unwrap_or_default();
    let only = matches!(all.as_slice(), [one] if one.address() == Some(to.expose().as_str()));
    assert!(only, "the letter is to {all:?}");
}
