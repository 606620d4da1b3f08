//! The zip package that xlsx, xlsm, xlsb and ods are: parts by name, and the relations between them.
//!
//! Open Packaging Conventions, ECMA-376 part 2; ODF 1.3 part 2.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::DeflateDecoder;
use pipeline_core::Limits;
use rawzip::{CompressionMethod, MAX_CENTRAL_DIRECTORY_RECORD_SIZE, ReaderAt, ZipArchive, ZipLocator};
use rawzip::{ZipArchiveEntryWayfinder, ZipFileHeaderRecord};

use crate::error::ConvertError;
use crate::utf8_reader::{Utf8Reader, xml_declaration};
use crate::verified::Verified;
use crate::xml::{Xml, attribute, attribute_value, attributes, broken_part};

/// Parts that list things which are all held in memory (sheets, relations, styles) unpack to no more than this.
const LIST_BYTES: u64 = 64 * 1024 * 1024;
/// A part with a longer name is none that a workbook has.
const NAME_BYTES: usize = 1024;
/// A signature in a comment may look like the end of an archive; so many are looked at.
const ATTEMPTS: usize = 16;

/// A part's content, as it unpacks.
pub(crate) type PartReader<'p> = Box<dyn BufRead + 'p>;
/// A part that is markup.
pub(crate) type PartXml<'p> = Xml<Utf8Reader<PartReader<'p>>>;

/// An opened package.
pub(crate) struct Package<R> {
    archive: ZipArchive<AnyPlace<R>>,
    /// Each part by its folded name.
    parts: HashMap<String, Part>,
    limits: Limits,
    /// How much may still be unpacked in all: parts may share their bytes, and be many.
    left: u64,
}

/// Where a part lies, and how.
#[derive(Debug, Clone, Copy)]
struct Part {
    place: ZipArchiveEntryWayfinder,
    method: CompressionMethod,
    is_encrypted: bool,
}

impl Part {
    fn of_record(record: &ZipFileHeaderRecord<'_>) -> Self {
        Self {
            place: record.wayfinder(),
            method: record.compression_method(),
            is_encrypted: record.flags().bits() & 1 != 0 || record.compression_method() == CompressionMethod::AES,
        }
    }
}

/// A relation from one part to another (ECMA-376 part 2, 6.5).
#[derive(Debug, Clone)]
pub(crate) struct Relation {
    pub(crate) id: String,
    /// The last step of the type's address, which the transitional and the strict variant have in common.
    pub(crate) kind: String,
    /// The part's name, from the package's root.
    pub(crate) target: String,
}

impl<R: Read + Seek> Package<R> {
    /// Opens a package. Memory grows only with the parts that it has, not with what it claims.
    pub(crate) fn open(mut reader: R, limits: &Limits) -> Result<Self, ConvertError> {
        let unreadable = || ConvertError::corrupt("its zip container cannot be read");
        let mut end = reader.seek(SeekFrom::End(0)).map_err(broken_part)?;
        let mut reader = AnyPlace(RefCell::new(reader));
        let mut buffer = vec![0; MAX_CENTRAL_DIRECTORY_RECORD_SIZE];
        for _ in 0..ATTEMPTS {
            reader = match ZipLocator::new().locate_in_reader(reader, &mut buffer, end) {
                Ok(archive) => {
                    end = archive.eocd_offset();
                    match parts(&archive, &mut buffer, limits)? {
                        Some(parts) => {
                            return Ok(Self {
                                archive,
                                parts,
                                limits: limits.clone(),
                                left: limits.unpacked_bytes,
                            });
                        }
                        None => archive.into_inner(),
                    }
                }
                Err((reader, error)) => {
                    end = error.eocd_offset().ok_or_else(unreadable)?;
                    reader
                }
            };
        }
        Err(unreadable())
    }

    /// The limits that it was opened with.
    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn has(&self, part: &str) -> bool {
        self.parts.contains_key(&folded(part))
    }

    /// The first part whose file name begins and ends in this way, whatever its folder: most have `workbook.xml`, some
    /// `workbook2.xml`.
    pub(crate) fn named(&self, beginning: &str, end: &str) -> Option<String> {
        let is_named = |name: &&String| {
            let file = name.rsplit('/').next().unwrap_or_default();
            file.starts_with(beginning) && file.ends_with(end)
        };
        self.parts.keys().filter(is_named).min().cloned()
    }

    /// A part's content.
    pub(crate) fn part(&mut self, name: &str) -> Result<PartReader<'_>, ConvertError> {
        self.part_up_to(self.limits.member_bytes, name)
    }

    /// The content of a part that lists things.
    pub(crate) fn list(&mut self, name: &str) -> Result<PartReader<'_>, ConvertError> {
        self.part_up_to(self.limits.member_bytes.min(LIST_BYTES), name)
    }

    fn part_up_to(&mut self, limit_bytes: u64, name: &str) -> Result<PartReader<'_>, ConvertError> {
        let part = *self.parts.get(&folded(name)).ok_or_else(|| {
            let name: String = name.chars().take(NAME_BYTES).collect();
            ConvertError::corrupt(format!("it has no part {name:?}"))
        })?;
        if part.is_encrypted {
            return Err(ConvertError::Encrypted);
        }
        let entry = self
            .archive
            .get_entry(part.place)
            .map_err(|error| ConvertError::corrupt_by("a part of it cannot be read", error))?;
        let packed = entry.reader();
        let expected = packed.claim_verifier();
        let packed = BufReader::with_capacity(64 * 1024, packed);
        let unpacked: Box<dyn Read + '_> = match part.method {
            CompressionMethod::STORE => Box::new(packed),
            CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(packed)),
            _ => {
                return Err(ConvertError::corrupt(
                    "a part of it is packed in a way that no workbook is",
                ));
            }
        };
        Ok(Box::new(BufReader::with_capacity(
            128 * 1024,
            Bounded {
                inner: Verified::new(unpacked, expected),
                left: limit_bytes,
                left_of_all: &mut self.left,
            },
        )))
    }

    /// A part that is markup.
    pub(crate) fn xml(&mut self, name: &str) -> Result<PartXml<'_>, ConvertError> {
        let text_bytes = self.limits.text_bytes;
        let part = self.part(name)?;
        let text = Utf8Reader::new(part, xml_declaration).map_err(broken_part)?;
        Ok(Xml::new(text, text_bytes))
    }

    /// A part that is markup and lists things.
    pub(crate) fn xml_list(&mut self, name: &str) -> Result<PartXml<'_>, ConvertError> {
        let text_bytes = self.limits.text_bytes;
        let part = self.list(name)?;
        let text = Utf8Reader::new(part, xml_declaration).map_err(broken_part)?;
        Ok(Xml::new(text, text_bytes))
    }

    /// The relations of a part; of the package itself if `part` is empty. None if nothing is said about them.
    pub(crate) fn relations(&mut self, part: &str) -> Result<Vec<Relation>, ConvertError> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let name = resolved(folder, &format!("_rels/{file}.rels"));
        if !self.has(&name) {
            return Ok(Vec::new());
        }
        let limits = self.limits.clone();
        let mut xml = self.xml_list(&name)?;
        let mut relations = Vec::new();
        loop {
            use quick_xml::events::Event;
            match xml.next()? {
                Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                    if relations.len() as u64 >= limits.members {
                        return Err(ConvertError::TooLarge(format!(
                            "it has more than {} relations",
                            limits.members
                        )));
                    }
                    if attribute(&element, "TargetMode").is_some_and(|mode| mode.eq_ignore_ascii_case("external")) {
                        continue;
                    }
                    let mut relation = Relation {
                        id: String::new(),
                        kind: String::new(),
                        target: String::new(),
                    };
                    for attribute in attributes(&element) {
                        let value = attribute_value(&attribute);
                        match attribute.key.local_name().as_ref() {
                            "Id" => relation.id = value.into_owned(),
                            "Type" => relation.kind = value.rsplit('/').next().unwrap_or_default().to_owned(),
                            "Target" => relation.target = resolved(folder, &value),
                            _ => {}
                        }
                    }
                    relations.push(relation);
                }
                Event::Eof => return Ok(relations),
                _ => {}
            }
        }
    }
}

/// Part names are compared without regard to case (ECMA-376 part 2, 6.2.2).
fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Resolves a target against the folder of the part that names it. Writers use `/xl/…`, `../`, `./` and backslashes.
pub(crate) fn resolved(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let absolute = target.starts_with('/');
    let mut steps: Vec<&str> = if absolute {
        Vec::new()
    } else {
        folder.split('/').filter(|step| !step.is_empty()).collect()
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// The parts that the archive lists; `None` if its list makes no sense. Of two parts of one name the first counts.
fn parts<R: Read + Seek>(
    archive: &ZipArchive<AnyPlace<R>>,
    buffer: &mut [u8],
    limits: &Limits,
) -> Result<Option<HashMap<String, Part>>, ConvertError> {
    let mut parts = HashMap::new();
    let mut seen = 0;
    let mut entries = archive.entries(buffer);
    loop {
        match entries.next_entry() {
            Ok(Some(record)) => {
                seen += 1;
                if seen > limits.members {
                    let most = limits.members;
                    return Err(ConvertError::TooLarge(format!("it has more than {most} parts")));
                }
                let path = record.file_path();
                let name = path.as_bytes();
                if name.len() <= NAME_BYTES {
                    let name = folded(&resolved("", &String::from_utf8_lossy(name)));
                    parts.entry(name).or_insert_with(|| Part::of_record(&record));
                }
            }
            Ok(None) => return Ok((seen == archive.entries_hint()).then_some(parts)),
            Err(_) => return Ok(None),
        }
    }
}

/// A reader that is read at any place.
struct AnyPlace<R>(RefCell<R>);

impl<R: Read + Seek> ReaderAt for AnyPlace<R> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut reader = self.0.borrow_mut();
        reader.seek(SeekFrom::Start(offset))?;
        reader.read(buffer)
    }
}

/// Ends a part that unpacks to more than the limit, and all parts at theirs.
struct Bounded<'a, R> {
    inner: R,
    left: u64,
    left_of_all: &'a mut u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let too_large = |what| io::Error::new(io::ErrorKind::FileTooLarge, what);
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| too_large("a part of it unpacks to more bytes than the limit"))?;
        *self.left_of_all = self
            .left_of_all
            .checked_sub(read as u64)
            .ok_or_else(|| too_large("its parts unpack to more bytes in all than the limit"))?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_resolved_however_they_are_written() {
        for (target, part) in [
            ("worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("/xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("./worksheets//sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("..\\xl\\worksheets\\sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("../../../../sheet1.xml", "sheet1.xml"),
        ] {
            assert_eq!(resolved("xl", target), part, "{target}");
        }
    }
}
