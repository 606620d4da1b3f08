//! Address lists (RFC 5322 section 3.4 and its obsolete forms): only the addresses, without the names around them.

use std::collections::VecDeque;

use crate::encoding::encoded_word::decode_words;
use crate::encoding::text::guess;
use crate::header::fields::unfold;

/// Bytes of one header value that are read; a longer list of recipients is an attack.
const MAX_BYTES: usize = 1024 * 1024;

/// An address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// What stands before the at sign, unquoted.
    pub local_part: String,
    /// The domain in lower case, without a dot at its end.
    pub domain: String,
}

/// The addresses of a raw, folded header value, in order; those of groups too.
///
/// A header whose whole value was made an encoded word, which RFC 2047 forbids, is decoded first.
#[must_use]
pub fn addresses(raw: &[u8]) -> Vec<Address> {
    let line = unfold(raw.get(..MAX_BYTES).unwrap_or(raw));
    let found = List::parse(&guess(&line));
    if found.is_empty() && memchr::memmem::find(&line, b"=?").is_some() {
        return List::parse(&decode_words(&line));
    }
    found
}

/// A header value without its comments (RFC 5322 section 3.2.2).
#[must_use]
pub(crate) fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = Chars::new(text);
    while let Some(c) = chars.next() {
        if c == '(' && chars.skip_comment() {
            kept.push(' ');
        } else {
            kept.push(c);
        }
    }
    kept
}

/// A word without blanks in it: an address if it has an at sign outside quotes.
#[derive(Default)]
struct Word {
    text: String,
    at: Option<usize>,
    is_quoted: bool,
}

impl Word {
    fn push(&mut self, c: char) {
        if c == '@' {
            self.at = Some(self.text.len());
        }
        self.text.push(c);
    }

    fn address(&self) -> Option<Address> {
        let (local_part, domain) = self.text.split_at_checked(self.at?)?;
        let domain = domain.strip_prefix('@')?;
        let (local_part, domain) = match (local_part.strip_prefix('\''), domain.strip_suffix('\'')) {
            (Some(local_part), Some(domain)) => (local_part, domain),
            _ => (local_part, domain),
        };
        let domain = domain.trim_end_matches('.');
        (!local_part.is_empty() && !domain.is_empty()).then(|| Address {
            local_part: local_part.to_owned(),
            domain: domain.to_lowercase(),
        })
    }
}

#[derive(Default)]
struct List {
    found: Vec<Address>,
    /// The words of the mailbox that is being read.
    words: Vec<Word>,
    word: Word,
    /// Whether a blank was seen behind the word, so that the next one is another unless it begins with `@` or `.`.
    is_word_over: bool,
    angle: Option<Address>,
}

impl List {
    fn parse(text: &str) -> Vec<Address> {
        let mut list = Self::default();
        let mut chars = Chars::new(text);
        while let Some(c) = chars.next() {
            match c {
                '(' if chars.skip_comment() => list.is_word_over = true,
                '"' if chars.has_closing_quote() => list.quoted(&mut chars),
                '<' => list.angle(&mut chars),
                '[' => list.literal(&mut chars),
                ',' | ';' => list.end_mailbox(),
                // The name of a group, or `mailto:`.
                ':' => list.forget_mailbox(),
                c if c.is_whitespace() => list.is_word_over = true,
                c => list.push(c),
            }
        }
        list.end_mailbox();
        list.found
    }

    fn push(&mut self, c: char) {
        let is_glue = matches!(c, '@' | '.') || self.word.text.ends_with(['@', '.']);
        if self.is_word_over && !is_glue {
            self.end_word();
        }
        self.is_word_over = false;
        self.word.push(c);
    }

    fn quoted(&mut self, chars: &mut Chars) {
        if self.is_word_over {
            self.end_word();
        }
        self.is_word_over = false;
        self.word.is_quoted = true;
        while let Some(c) = chars.next() {
            match c {
                '"' => return,
                '\\' => self.word.text.extend(chars.next()),
                c => self.word.text.push(c),
            }
        }
    }

    /// `<address>`; a source route before the address is obsolete and passed over.
    fn angle(&mut self, chars: &mut Chars) {
        let outer = std::mem::take(&mut self.word);
        self.words.push(outer);
        let mut is_mailbox_over = false;
        while let Some(c) = chars.next() {
            match c {
                '>' => break,
                // The bracket is never closed, or this is a source route.
                ',' | ';' if self.word.at.is_some_and(|at| at > 0) => {
                    is_mailbox_over = true;
                    break;
                }
                ':' => self.word = Word::default(),
                '(' if chars.skip_comment() => {}
                '"' if chars.has_closing_quote() => {
                    self.is_word_over = false;
                    self.quoted(chars);
                }
                c if c.is_whitespace() => {}
                c => self.word.push(c),
            }
        }
        let inner = std::mem::take(&mut self.word);
        self.angle = inner.address().or(self.angle.take());
        self.is_word_over = true;
        if is_mailbox_over {
            self.end_mailbox();
        }
    }

    fn literal(&mut self, chars: &mut Chars) {
        self.push('[');
        while let Some(c) = chars.next() {
            self.word.text.push(c);
            if c == ']' {
                return;
            }
        }
    }

    fn end_word(&mut self) {
        self.is_word_over = false;
        let word = std::mem::take(&mut self.word);
        if !word.text.is_empty() {
            self.words.push(word);
        }
    }

    fn forget_mailbox(&mut self) {
        self.end_word();
        self.words.clear();
        self.angle = None;
    }

    /// An address in angle brackets counts; else every word that is one; else one that somebody put in quotes.
    fn end_mailbox(&mut self) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        let before = self.found.len();
        match self.angle.take() {
            Some(address) => self.found.push(address),
            None => self.found.extend(words.iter().filter_map(Word::address)),
        }
        if self.found.len() == before {
            let quoted = words.iter().filter(|word| word.is_quoted && word.at.is_none());
            self.found.extend(quoted.filter_map(|word| {
                let at = word.text.rfind('@');
                let text = word.text.trim().to_owned();
                (!text.contains(char::is_whitespace)).then_some(())?;
                Word {
                    text,
                    at,
                    is_quoted: true,
                }
                .address()
            }));
        }
    }
}

/// The characters of a value, with what has to look ahead: each look that finds nothing is the last of its kind, so
/// that unclosed quotes and comments cost no time.
struct Chars {
    rest: VecDeque<char>,
    no_quote_ahead: bool,
    no_comment_end_ahead: bool,
}

impl Chars {
    fn new(text: &str) -> Self {
        Self {
            rest: text.chars().collect(),
            no_quote_ahead: false,
            no_comment_end_ahead: false,
        }
    }

    fn next(&mut self) -> Option<char> {
        self.rest.pop_front()
    }

    /// Whether the quote that was just read is closed further on.
    fn has_closing_quote(&mut self) -> bool {
        if !self.no_quote_ahead {
            self.no_quote_ahead = !self.rest.contains(&'"');
        }
        !self.no_quote_ahead
    }

    /// Skips the rest of a comment whose parenthesis was just read; false if it never closes.
    fn skip_comment(&mut self) -> bool {
        if self.no_comment_end_ahead {
            return false;
        }
        let mut depth = 1_usize;
        let mut is_escaped = false;
        let end = self.rest.iter().position(|&c| {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        match end {
            Some(end) => drop(self.rest.drain(..=end)),
            None => self.no_comment_end_ahead = true,
        }
        end.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        addresses(text.as_bytes())
            .into_iter()
            .map(|address| format!("{}@{}", address.local_part, address.domain))
            .collect()
    }

    #[test]
    fn names_around_an_address_do_not_matter() {
        assert_eq!(list("\"Doe, John\" <sheffield@Example.org>"), ["sheffield@example.org"]);
        assert_eq!(
            list("Doe John <sheffield@example.org>, bam@example.org"),
            ["sheffield@example.org", "bam@example.org"]
        );
        assert_eq!(
            list("=?utf-8?Q?Doe=2C_John?= <sheffield@example.org>"),
            ["sheffield@example.org"]
        );
        assert_eq!(
            list("\"other@example.com\" <sheffield@example.org>"),
            ["sheffield@example.org"]
        );
        assert_eq!(
            list("other@example.com <sheffield@example.org>"),
            ["sheffield@example.org"]
        );
        assert_eq!(list("Sheffield sheffield@example.org"), ["sheffield@example.org"]);
    }

    #[test]
    fn groups_give_their_members_and_an_empty_one_gives_none() {
        assert!(list("undisclosed-recipients:;").is_empty());
        assert!(list("undisclosed-recipients: ;").is_empty());
        assert_eq!(
            list("Suppliers: a@x.org, B <b@x.org>;, c@x.org"),
            ["a@x.org", "b@x.org", "c@x.org"]
        );
        assert_eq!(list("\"A: b\": a@x.org;"), ["a@x.org"]);
    }

    #[test]
    fn comments_are_passed_over_wherever_they_stand() {
        assert_eq!(
            list("sheffield(the (old) one)@example.org (Sheffield, UK)"),
            ["sheffield@example.org"]
        );
        assert_eq!(list("<sheffield@example.org> (a@x.org"), ["sheffield@example.org"]);
    }

    #[test]
    fn quoted_local_parts_are_unquoted() {
        assert_eq!(list("\"half hourly\"@example.org"), ["half hourly@example.org"]);
        assert_eq!(list("<\"a@b\\\"c\"@example.org>"), ["a@b\"c@example.org"]);
    }

    #[test]
    fn obsolete_and_wrong_forms_are_understood() {
        assert_eq!(list("a@x.org; b@y.org"), ["a@x.org", "b@y.org"]);
        assert_eq!(list("<@relay.org,@other.org:a@x.org>"), ["a@x.org"]);
        assert_eq!(list("a . b @ x . org"), ["a.b@x.org"]);
        assert_eq!(list("mailto:a@x.org, <mailto:b@x.org>"), ["a@x.org", "b@x.org"]);
        assert_eq!(list("'a@x.org', \"b@x.org\""), ["a@x.org", "b@x.org"]);
        assert_eq!(list("a@x.org."), ["a@x.org"]);
        assert_eq!(list("A <a@x.org, B <b@x.org"), ["a@x.org", "b@x.org"]);
        assert_eq!(list("a@[10.0.0.1]"), ["a@[10.0.0.1]"]);
        assert_eq!(list("=?utf-8?Q?Sheffield_<a=40x.org>?="), ["a@x.org"]);
        assert_eq!(list("\"Doe, John <a@x.org>"), ["a@x.org"]);
    }

    #[test]
    fn what_has_no_domain_or_no_local_part_is_no_address() {
        assert!(list("sheffield, @example.org, <>, a@, <@>").is_empty());
    }

    #[test]
    fn unclosed_quotes_and_comments_take_no_time() {
        assert!(list(&"(".repeat(300_000)).is_empty());
        assert!(list(&"\"".repeat(300_001)).is_empty());
        assert_eq!(without_comments("a (b (c) d) e (f"), "a   e (f");
    }
}
