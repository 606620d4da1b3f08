//! Reading markup piece by piece, within limits.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use pipeline_core::bytes_in_words;

use crate::error::ConvertError;
use crate::utf8_reader::Utf8Reader;

/// No spreadsheet format nests deeper than a few dozen elements.
const DEPTH: u32 = 256;
/// Nor has it longer names; those of all open elements are held in memory.
const NAME_BYTES: usize = 1024;

/// A pull parser that gives up on markup that is too large or too deep. Empty elements come as a start and an end.
pub(crate) struct Xml<R: BufRead> {
    reader: Reader<Metered<R>>,
    buffer: Vec<u8>,
    depth: u32,
    text_bytes: u64,
}

impl<R: BufRead> Xml<R> {
    /// No tag and no text may have more than `text_bytes`: they are held in memory.
    pub(crate) fn new(source: R, text_bytes: u64) -> Self {
        let mut reader = Reader::from_reader(Metered {
            inner: source,
            left: text_bytes,
            most: text_bytes,
        });
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Self {
            reader,
            buffer: Vec::with_capacity(1024),
            depth: 0,
            text_bytes,
        }
    }

    /// The next piece of markup. An end that comes before every element is closed is an error.
    pub(crate) fn next(&mut self) -> Result<Event<'_>, ConvertError> {
        self.buffer.clear();
        self.reader.get_mut().left = self.text_bytes;
        let event = self.reader.read_event_into(&mut self.buffer).map_err(broken_markup)?;
        match event {
            Event::Start(ref element) => {
                self.depth += 1;
                if element.name().as_ref().len() > NAME_BYTES {
                    return Err(ConvertError::corrupt("its markup has names that no workbook has"));
                }
                if self.depth > DEPTH {
                    return Err(ConvertError::corrupt("its markup is nested too deeply"));
                }
            }
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            Event::Eof if self.depth > 0 => return Err(ConvertError::corrupt("its markup ends early")),
            _ => {}
        }
        Ok(event)
    }

    /// How many elements are open.
    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }

    /// After a start: reads to the element's end.
    pub(crate) fn skip(&mut self) -> Result<(), ConvertError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            self.next()?;
        }
        Ok(())
    }

    /// After a start: appends the element's own text (not that of elements inside it), and reads to its end.
    pub(crate) fn text(&mut self, out: &mut String) -> Result<(), ConvertError> {
        let inside = self.depth;
        let start = out.len();
        while self.depth >= inside {
            let own = self.depth == inside;
            let event = self.next()?;
            if own {
                push_text(&event, out);
                self.bounded(out.len() - start)?;
            }
        }
        Ok(())
    }

    /// Gives up on a text that was put together from ever more pieces.
    pub(crate) fn bounded(&self, bytes: usize) -> Result<(), ConvertError> {
        if bytes as u64 > self.text_bytes {
            return Err(ConvertError::TooLarge(long_text(self.text_bytes)));
        }
        Ok(())
    }
}

impl<R: BufRead> Xml<Utf8Reader<R>> {
    /// After a start or an end: what of the following markup lies in memory, at most as much as a tag or a text may have.
    /// Whoever understands the beginning of it can take it away with [`consume`](Self::consume), if it opens and closes the same elements.
    pub(crate) fn window(&mut self) -> Result<&str, ConvertError> {
        let most = usize::try_from(self.text_bytes).unwrap_or(usize::MAX);
        let window = self.reader.get_mut().inner.fill_text();
        let window = window.map_err(|error| broken_markup(error.into()))?;
        Ok(window.get(..window.floor_char_boundary(most)).unwrap_or_default())
    }

    /// Goes on behind so many bytes of the [`window`](Self::window).
    pub(crate) fn consume(&mut self, bytes: usize) {
        self.reader.get_mut().inner.consume(bytes);
    }
}

/// What is said of a text that is too long.
pub(crate) fn long_text(most: u64) -> String {
    format!("one cell holds more than {} of text", bytes_in_words(most))
}

/// Appends what a piece of markup says as text: character data and references. Line ends become LF (XML 1.0, 2.11).
pub(crate) fn push_text(event: &Event<'_>, out: &mut String) {
    match event {
        Event::Text(text) => out.push_str(&text.xml10_content()),
        Event::CData(text) => out.push_str(&text.xml10_content()),
        Event::GeneralRef(reference) => push_reference(reference, out),
        _ => {}
    }
}

fn push_reference(reference: &BytesRef<'_>, out: &mut String) {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        out.push(character);
    } else if let Some(text) = quick_xml::escape::resolve_xml_entity(reference) {
        out.push_str(text);
    } else {
        // A reference that nothing declares: kept as it stands.
        out.push('&');
        out.push_str(reference);
        out.push(';');
    }
}

/// The attribute with this local name, whatever its prefix.
pub(crate) fn attribute<'e>(element: &'e BytesStart<'_>, name: &str) -> Option<Cow<'e, str>> {
    attributes(element)
        .find_map(|attribute| (attribute.key.local_name().as_ref() == name).then(|| attribute_value(&attribute)))
}

/// All attributes that can be read.
pub(crate) fn attributes<'e>(element: &'e BytesStart<'_>) -> impl Iterator<Item = Attribute<'e>> {
    let mut attributes = element.attributes();
    attributes.with_checks(false);
    attributes.filter_map(Result::ok)
}

/// The value with references resolved; as it stands where that fails.
pub(crate) fn attribute_value<'e>(attribute: &Attribute<'e>) -> Cow<'e, str> {
    attribute
        .normalized_value(XmlVersion::Implicit1_0)
        .unwrap_or_else(|_| attribute.value.clone())
}

/// XML Schema's boolean: `1` or `true`.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value.trim(), "1") || value.trim().eq_ignore_ascii_case("true")
}

/// What a parser's error says about the file.
fn broken_markup(error: quick_xml::Error) -> ConvertError {
    match error {
        quick_xml::Error::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            ConvertError::TooLarge(error.to_string())
        }
        error => ConvertError::corrupt_by("its markup cannot be read", error),
    }
}

/// What a reading error says about the file: a limit, or broken compression.
pub(crate) fn broken_part(error: io::Error) -> ConvertError {
    if error.kind() == io::ErrorKind::FileTooLarge {
        ConvertError::TooLarge(error.to_string())
    } else {
        ConvertError::corrupt_by("a part of it cannot be read", error)
    }
}

/// Ends a reading that goes on for too long.
struct Metered<R> {
    inner: R,
    left: u64,
    most: u64,
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, long_text(self.most)));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount as u64);
        self.inner.consume(amount);
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use pipeline_core::MIB;

    use super::*;

    #[test]
    fn text_is_the_elements_own_with_references_resolved() {
        let mut xml = Xml::new(
            "<a>x &amp; <b>not this</b>&#163;<![CDATA[<y>]]>&odd; & z</a>".as_bytes(),
            MIB,
        );
        xml.next().unwrap();
        let mut text = String::new();
        xml.text(&mut text).unwrap();
        assert_eq!(text, "x & £<y>&odd; & z");
        assert!(matches!(xml.next().unwrap(), Event::Eof));
    }

    #[test]
    fn attributes_are_found_whatever_their_prefix() {
        let mut xml = Xml::new("<x:c r:id=\"a&quot;b\" s='1'/>".as_bytes(), MIB);
        let Event::Start(element) = xml.next().unwrap() else {
            panic!()
        };
        assert_eq!(attribute(&element, "id").unwrap(), "a\"b");
        assert_eq!(attribute(&element, "s").unwrap(), "1");
        assert_eq!(attribute(&element, "r"), None);
    }

    #[test]
    fn markup_that_ends_early_is_broken() {
        let mut xml = Xml::new("<a><b>".as_bytes(), MIB);
        xml.next().unwrap();
        assert!(matches!(xml.skip(), Err(ConvertError::Corrupt { .. })));
    }

    #[test]
    fn markup_that_is_nested_too_deeply_is_given_up() {
        let deep = "<a>".repeat(1000);
        let mut xml = Xml::new(deep.as_bytes(), MIB);
        let error = loop {
            if let Err(error) = xml.next() {
                break error;
            }
        };
        assert!(error.to_string().contains("deep"));
    }

    #[test]
    fn a_text_without_end_is_too_large() {
        let source = std::io::BufReader::new(std::io::repeat(b'a'));
        let mut xml = Xml::new(source, MIB);
        assert!(matches!(xml.next(), Err(ConvertError::TooLarge(_))));
    }
}
