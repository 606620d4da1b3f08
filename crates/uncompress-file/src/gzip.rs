//! Gzip (RFC 1952): one file, or a tar of many.

use std::io::{self, BufReader, Read};

use flate2::bufread::GzDecoder;
use pipeline_core::Limits;
use rawzip::RangeReader;

use crate::error::{Defect, UnpackError};
use crate::harvest::{Harvest, Visitor};
use crate::names;
use crate::reject;
use crate::source::Source;
use crate::tar;

/// How gzip begins, the only compression method that there is included (RFC 1952 section 2.3).
pub(crate) const MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Unpacks a gzip file.
pub(crate) fn unpack<V: Visitor>(
    source: &Source<'_>,
    archive_name: &str,
    limits: &Limits,
    harvest: &mut Harvest<'_, V>,
) -> Result<(), UnpackError<V::Error>> {
    let name = ungzipped(archive_name);
    let mut stream = Unzipped::new(source, limits);
    let mut head = Vec::new();
    // An error comes again when the rest is read.
    let _ = stream.by_ref().take(tar::BLOCK as u64).read_to_end(&mut head);
    if tar::is_tar(&head, name.as_deref().unwrap_or(archive_name)) {
        survey(source, limits)?;
        return tar::unpack(&mut Unzipped::new(source, limits), archive_name, harvest);
    }
    let name = file_name(name, stream.name.take()).unwrap_or_else(|| archive_name.to_owned());
    harvest.offer(1, &name, &mut head.as_slice().chain(stream))
}

/// Reads a compressed tar to its end before any of its members goes on. Only at the end does the checksum prove that they
/// are what was packed; if it does not, nobody can tell which of them is damaged. What is merely cut short is right as far
/// as it goes; but damage, too, may make a decoder run over the end.
fn survey<E>(source: &Source<'_>, limits: &Limits) -> Result<(), UnpackError<E>> {
    let mut stream = Unzipped::new(source, limits);
    if tar::count_members(&mut stream, limits.members)? > limits.members {
        return Err(reject::too_many_members(limits));
    }
    // The error is in the stream.
    let _ = io::copy(&mut stream, &mut io::sink());
    match stream.failed {
        None | Some(Defect::TooLargeInAll(_)) => Ok(()),
        Some(Defect::CutShort) if !ends_as_a_whole_tar_does(source)? => Ok(()),
        Some(_) => Err(reject::damaged(
            "its content is not what was packed, so none of its members can be trusted",
        )),
    }
}

/// Whether the last four bytes may be the length of a tar, which is one of whole blocks. In a gzip file that is whole they
/// are the length of the content (RFC 1952 section 2.3.1); in one that is cut they are anything.
fn ends_as_a_whole_tar_does(source: &Source<'_>) -> io::Result<bool> {
    let length = source.array_at(source.len().saturating_sub(4))?.map(u32::from_le_bytes);
    Ok(length.is_some_and(|length| length.is_multiple_of(tar::BLOCK as u32)))
}

/// The name without what gzip appended to it; `None` if it does not end in that.
fn ungzipped(archive_name: &str) -> Option<String> {
    let (stem, extension) = archive_name.rsplit_once('.')?;
    let is_bare = stem.is_empty() || stem.ends_with(['/', '\\']);
    match extension.to_ascii_lowercase().as_str() {
        _ if is_bare => None,
        "gz" => Some(stem.to_owned()),
        "tgz" | "taz" => Some(format!("{stem}.tar")),
        _ => None,
    }
}

/// The archive's name without its ending goes first; but where that tells no format (`data.gz`) and the header's does
/// (`readings.csv`), the header's is the better one.
fn file_name(ungzipped: Option<String>, stored: Option<String>) -> Option<String> {
    match (ungzipped, stored) {
        (Some(name), Some(stored)) if !has_extension(&name) && has_extension(&stored) => Some(stored),
        (Some(name), _) => Some(name),
        (None, stored) => stored,
    }
}

fn has_extension(name: &str) -> bool {
    name.rsplit_once('.')
        .is_some_and(|(stem, extension)| !stem.is_empty() && !extension.is_empty())
}

/// What a tar may have beside the content of its members: headers, padding, long names.
const TAR_OVERHEAD_BYTES: u64 = 64 << 20;

/// Gzip members one after the other are one stream (RFC 1952 section 2.2); a stranger's may have so many.
const MAX_GZIP_MEMBERS: u32 = 1 << 20;

/// The unpacked stream. An error comes again at every further read.
struct Unzipped<'s, 'r> {
    source: &'s Source<'r>,
    decoder: Option<GzDecoder<Packed<'s, 'r>>>,
    /// The file name in the first header.
    name: Option<String>,
    gzip_members: u32,
    cap: u64,
    left: u64,
    failed: Option<Defect>,
}

type Packed<'s, 'r> = BufReader<RangeReader<&'s Source<'r>>>;

impl<'s, 'r> Unzipped<'s, 'r> {
    fn new(source: &'s Source<'r>, limits: &Limits) -> Self {
        let packed = BufReader::with_capacity(64 * 1024, RangeReader::new(source, 0..source.len()));
        let decoder = GzDecoder::new(packed);
        let name = decoder
            .header()
            .and_then(|header| header.filename())
            .map(names::of_gzip)
            // It is no path (RFC 1952 section 2.3.1); where it is one, the file name counts.
            .and_then(|name| name.rsplit(['/', '\\']).next().map(ToOwned::to_owned));
        Self {
            source,
            decoder: Some(decoder),
            name: name.filter(|name| !name.is_empty()),
            gzip_members: 1,
            cap: limits.unpacked_bytes,
            left: limits.unpacked_bytes.saturating_add(TAR_OVERHEAD_BYTES),
            failed: None,
        }
    }

    fn read_on(&mut self, buffer: &mut [u8]) -> Result<usize, Defect> {
        while let Some(decoder) = &mut self.decoder {
            let read = decoder.read(buffer).map_err(|error| Defect::of(&error))?;
            if read > 0 || buffer.is_empty() {
                self.left = self
                    .left
                    .checked_sub(read as u64)
                    .ok_or(Defect::TooLargeInAll(self.cap))?;
                return Ok(read);
            }
            self.next_gzip_member()?;
        }
        Ok(0)
    }

    /// Goes on with the next member of the gzip file. What is none is padding or garbage, which gzip itself ignores.
    fn next_gzip_member(&mut self) -> Result<(), Defect> {
        let Some(packed) = self.decoder.take().map(GzDecoder::into_inner) else {
            return Ok(());
        };
        let position = packed.get_ref().position() - packed.buffer().len() as u64;
        let next = self
            .source
            .array_at::<3>(position)
            .map_err(|error| Defect::of(&error))?;
        if next == Some(MAGIC) {
            self.gzip_members += 1;
            if self.gzip_members > MAX_GZIP_MEMBERS {
                return Err(Defect::Corrupt("it consists of too many pieces"));
            }
            self.decoder = Some(GzDecoder::new(packed));
        }
        Ok(())
    }
}

impl Read for Unzipped<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(defect) = &self.failed {
            return Err(defect.clone().into());
        }
        self.read_on(buffer).map_err(|defect| {
            self.failed = Some(defect.clone());
            defect.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_named_as_the_archive_without_its_ending() {
        assert_eq!(
            ungzipped("HH_Consumption.csv.gz").as_deref(),
            Some("HH_Consumption.csv")
        );
        assert_eq!(ungzipped("2024/HH.CSV.GZ").as_deref(), Some("2024/HH.CSV"));
        assert_eq!(ungzipped("export.tgz").as_deref(), Some("export.tar"));
        assert_eq!(ungzipped("export.taz").as_deref(), Some("export.tar"));
        assert_eq!(ungzipped("HH_Consumption.csv"), None);
        assert_eq!(ungzipped(".gz"), None);
        assert_eq!(ungzipped("2024/.gz"), None);
    }
}
