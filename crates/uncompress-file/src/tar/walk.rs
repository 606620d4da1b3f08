//! The entries of a tar, one after the other.

use std::io::{self, Read};

use tar::{EntryType, Header};

use super::block::{self, BLOCK};
use super::extension::Overrides;
use crate::error::{Defect, UnpackError};
use crate::member;
use crate::names;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    /// A file with its holes left out; the pieces are not put together here.
    Sparse,
    /// A folder, a link, a device: no content.
    Other,
}

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its place in the archive, counted from 1.
    pub(super) number: u64,
    /// Its path as the sender wrote it.
    pub(super) name: String,
    pub(super) kind: Kind,
}

impl Entry {
    /// Whether it is one that is unpacked.
    pub(super) fn is_wanted(&self) -> bool {
        self.kind != Kind::Other && !member::is_system_file(&self.name)
    }
}

/// Where the archive turned out to be damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage(pub(super) Defect);

/// Shows every entry with its content, and says what is wrong with the archive around them. After a damaged header the
/// next sound one is looked for, as GNU tar does.
pub(super) fn walk<E>(
    stream: &mut dyn Read,
    mut each: impl FnMut(&Entry, &mut dyn Read) -> Result<(), UnpackError<E>>,
) -> Result<Option<Damage>, UnpackError<E>> {
    let mut walk = Walk::default();
    loop {
        let mut block = [0; BLOCK];
        match fill(stream, &mut block) {
            Ok(0) => return Ok(walk.end()),
            Ok(BLOCK) => {}
            Ok(filled) if block::is_zero(block.get(..filled).unwrap_or_default()) => return Ok(walk.end()),
            Ok(_) if walk.has_ended => return Ok(walk.damage),
            Ok(_) => return Ok(walk.damaged(Defect::Directory("it ends in the middle of a member's header"))),
            Err(error) => return Ok(walk.damaged(of_archive(&error))),
        }
        if block::is_zero(&block) {
            walk.has_ended = true;
            continue;
        }
        match block::header(&block) {
            // After damage any block may be content; those of a header bear a magic.
            Some(_) if walk.is_lost && !block::has_magic(&block) => {}
            Some(header) => {
                (walk.has_ended, walk.is_lost) = (false, false);
                if let Err(error) = walk.entry(header, stream, &mut each)? {
                    return Ok(walk.damaged(of_archive(&error)));
                }
            }
            None if walk.has_ended => return Ok(walk.damage),
            None => {
                walk.is_lost = true;
                walk.damage
                    .get_or_insert(Damage(Defect::Directory("the header of a member makes no sense")));
            }
        }
    }
}

/// What is known between two blocks.
#[derive(Default)]
struct Walk {
    number: u64,
    overrides: Overrides,
    /// Whether the zeros that end an archive have come. Archives that were joined have more behind them.
    has_ended: bool,
    /// Whether the last header was damaged, so that nothing says where the next one is.
    is_lost: bool,
    damage: Option<Damage>,
}

impl Walk {
    fn end(self) -> Option<Damage> {
        if self.has_ended || self.number == 0 {
            return self.damage;
        }
        self.damaged(Defect::Directory("it ends without its end mark"))
    }

    fn damaged(self, defect: Defect) -> Option<Damage> {
        self.damage.or(Some(Damage(defect)))
    }

    /// Handles a header and the content after it. The inner error is one of the stream.
    fn entry<E>(
        &mut self,
        header: &Header,
        stream: &mut dyn Read,
        each: &mut impl FnMut(&Entry, &mut dyn Read) -> Result<(), UnpackError<E>>,
    ) -> Result<io::Result<()>, UnpackError<E>> {
        let Ok(size) = header.entry_size() else {
            self.is_lost = true;
            self.damage
                .get_or_insert(Damage(Defect::Directory("the header of a member makes no sense")));
            return Ok(Ok(()));
        };
        let kind = header.entry_type();
        if let EntryType::GNULongName | EntryType::XHeader = kind {
            let mut content = Content { stream, left: size };
            let read = match kind {
                EntryType::XHeader => self.overrides.read_pax(&mut content),
                _ => self.overrides.read_long_name(&mut content),
            };
            return Ok(read.and_then(|()| content.skip(size)));
        }
        if let EntryType::GNULongLink | EntryType::XGlobalHeader = kind {
            return Ok(Content { stream, left: size }.skip(size));
        }
        self.number += 1;
        let overrides = std::mem::take(&mut self.overrides);
        // A link has no content, whatever size it names.
        let size = if kind == EntryType::Link {
            0
        } else {
            overrides.size.unwrap_or(size)
        };
        let raw = overrides.name.unwrap_or_else(|| header.path_bytes().into_owned());
        let kind = if overrides.is_sparse {
            Kind::Sparse
        } else {
            kind_of(header, &raw, size)
        };
        let entry = Entry {
            number: self.number,
            name: names::of_tar(&raw),
            kind,
        };
        let mut content = Content { stream, left: size };
        each(&entry, &mut content)?;
        Ok(content.skip(size))
    }
}

fn kind_of(header: &Header, raw_name: &[u8], size: u64) -> Kind {
    match header.entry_type() {
        EntryType::Directory | EntryType::Link | EntryType::Symlink => Kind::Other,
        EntryType::Char | EntryType::Block | EntryType::Fifo => Kind::Other,
        EntryType::GNUSparse => Kind::Sparse,
        other => match other.as_byte() {
            // GNU: a listing of a folder, the label of a volume.
            b'D' | b'V' => Kind::Other,
            // GNU: the rest of a file that begins on another volume.
            b'M' => Kind::Sparse,
            // Version 7 tells folders by their names alone. What is unknown is a file (POSIX `pax`, typeflag).
            _ if size == 0 && member::is_folder_name(raw_name) => Kind::Other,
            _ => Kind::File,
        },
    }
}

/// The content of one entry, which fails where the archive ends too early.
struct Content<'a> {
    stream: &'a mut dyn Read,
    left: u64,
}

impl Content<'_> {
    /// Reads over what is left of `size` bytes, and over the padding to a whole block.
    fn skip(self, size: u64) -> io::Result<()> {
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        let rest = io::copy(&mut self.stream.take(self.left), &mut io::sink())?;
        if rest < self.left {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // An archive that lacks the last padding lacks nothing.
        io::copy(&mut self.stream.take(padding), &mut io::sink()).map(|_| ())
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.stream.read(buffer.get_mut(..wanted).unwrap_or_default())?;
        if read == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// What an error of the stream says about the archive.
fn of_archive(error: &io::Error) -> Defect {
    match Defect::of(error) {
        Defect::CutShort => Defect::Directory("it is cut short"),
        other => other,
    }
}

/// Fills the block as far as the stream goes.
fn fill(stream: &mut dyn Read, block: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
