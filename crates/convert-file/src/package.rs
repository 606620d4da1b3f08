//! The zip package that xlsx, xlsm, xlsb and ods are: parts by name, and the relations between them.
//!
//! Open Packaging Conventions, ECMA-376 part 2; ODF 1.3 part 2.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::error::ConvertError;
use crate::utf8_reader::{Utf8Reader, xml_declaration};
use crate::xml::{Xml, attribute, attribute_value, attributes, broken_part};

/// Parts that list things which are all held in memory (sheets, relations, styles) unpack to no more than this.
const LIST_BYTES: u64 = 64 * 1024 * 1024;

/// A part's content, as it unpacks.
pub(crate) type PartReader<'p> = Box<dyn BufRead + 'p>;
/// A part that is markup.
pub(crate) type PartXml<'p> = Xml<Utf8Reader<PartReader<'p>>>;

/// An opened package.
pub(crate) struct Package<R> {
    archive: ZipArchive<R>,
    /// The archive's index of each part, by its folded name.
    parts: HashMap<String, usize>,
    limit_bytes: u64,
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
    /// Opens a package; no part may unpack to more than `limit_bytes`.
    pub(crate) fn open(reader: R, limit_bytes: u64) -> Result<Self, ConvertError> {
        let archive = ZipArchive::new(reader)
            .map_err(|error| ConvertError::corrupt_by("its zip container cannot be read", error))?;
        let mut parts = HashMap::with_capacity(archive.len().min(1024));
        for index in 0..archive.len() {
            if let Some(Ok(name)) = archive.name_for_index(index) {
                parts.entry(folded(&resolved("", &name))).or_insert(index);
            }
        }
        Ok(Self {
            archive,
            parts,
            limit_bytes,
        })
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
        self.part_up_to(self.limit_bytes, name)
    }

    /// The content of a part that lists things.
    pub(crate) fn list(&mut self, name: &str) -> Result<PartReader<'_>, ConvertError> {
        self.part_up_to(self.limit_bytes.min(LIST_BYTES), name)
    }

    fn part_up_to(&mut self, limit_bytes: u64, name: &str) -> Result<PartReader<'_>, ConvertError> {
        let missing = || ConvertError::corrupt(format!("it has no part {name:?}"));
        let index = *self.parts.get(&folded(name)).ok_or_else(missing)?;
        let file = self.archive.by_index(index).map_err(|error| match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => ConvertError::Encrypted,
            error => ConvertError::corrupt_by("a part of it cannot be read", error),
        })?;
        Ok(Box::new(BufReader::with_capacity(
            32 * 1024,
            Bounded {
                inner: file,
                left: limit_bytes,
            },
        )))
    }

    /// A part that is markup.
    pub(crate) fn xml(&mut self, name: &str) -> Result<PartXml<'_>, ConvertError> {
        let part = self.part(name)?;
        Ok(Xml::new(Utf8Reader::new(part, xml_declaration).map_err(broken_part)?))
    }

    /// A part that is markup and lists things.
    pub(crate) fn xml_list(&mut self, name: &str) -> Result<PartXml<'_>, ConvertError> {
        let part = self.list(name)?;
        Ok(Xml::new(Utf8Reader::new(part, xml_declaration).map_err(broken_part)?))
    }

    /// The relations of a part; of the package itself if `part` is empty. None if nothing is said about them.
    pub(crate) fn relations(&mut self, part: &str) -> Result<Vec<Relation>, ConvertError> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let name = resolved(folder, &format!("_rels/{file}.rels"));
        if !self.has(&name) {
            return Ok(Vec::new());
        }
        let mut xml = self.xml_list(&name)?;
        let mut relations = Vec::new();
        loop {
            use quick_xml::events::Event;
            match xml.next()? {
                Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
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

/// Ends a part that unpacks to more than the limit.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                "a part of it unpacks to more bytes than the limit",
            )
        })?;
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
