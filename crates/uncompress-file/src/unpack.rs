//! The one way into an archive.

use std::convert::Infallible;
use std::io::{self, Cursor, Read, Seek};

use pipeline_core::{BadPart, Limits, Rejection};
use rawzip::RangeReader;

use crate::content::Content;
use crate::error::{UnpackError, nothing_usable};
use crate::harvest::{Harvest, Visitor};
use crate::member::Member;
use crate::source::Source;
use crate::{gzip, reject, tar, zip};

/// How an archive was unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpacked {
    /// How many members went on.
    pub members: u64,
    /// What was bad: members, and the archive itself if members may be missing from it.
    pub bad: Vec<BadPart>,
}

/// Shows every member of an archive to `visitor`, in the order of the archive.
///
/// Zip, gzip and tar, also a tar in a gzip, are told from one another by their content. `archive_name` is the archive's
/// file name: it names the file in a gzip, and the archive itself among the bad parts.
///
/// Memory grows neither with the archive nor with its members. Everything is checked against `limits` as it comes out,
/// never against what the archive says about itself.
///
/// # Errors
/// If nothing of the archive can be used, if it cannot be read, or if the visitor fails.
pub fn unpack<R: Read + Seek, V: Visitor>(
    archive: &mut R,
    archive_name: &str,
    limits: &Limits,
    visitor: &mut V,
) -> Result<Unpacked, UnpackError<V::Error>> {
    let source = Source::new(archive)?;
    let mut harvest = Harvest::new(visitor, limits);
    let end = unpack_any(&source, archive_name, limits, &mut harvest);
    // Whatever the formats made of it: an archive that could not be read was not looked at.
    if let Some(error) = source.failure() {
        return Err(UnpackError::Read(error));
    }
    end?;
    let (members, bad) = harvest.into_parts();
    match nothing_usable(&bad) {
        _ if members > 0 => Ok(Unpacked { members, bad }),
        Some(rejection) => Err(UnpackError::Rejected(rejection)),
        None => Err(reject::empty()),
    }
}

fn unpack_any<V: Visitor>(
    source: &Source<'_>,
    archive_name: &str,
    limits: &Limits,
    harvest: &mut Harvest<'_, V>,
) -> Result<(), UnpackError<V::Error>> {
    if source.len() > limits.archive_bytes {
        return Err(reject::too_large(limits));
    }
    let mut head = [0; tar::BLOCK];
    let filled = source.read_head(0, &mut head)?;
    let head = head.get(..filled).unwrap_or_default();
    if head.starts_with(&gzip::MAGIC) {
        return gzip::unpack(source, archive_name, limits, harvest);
    }
    if !head.starts_with(&zip::LOCAL_HEADER) && tar::is_tar(head, archive_name) {
        let whole = || RangeReader::new(source, 0..source.len());
        if tar::count_members(&mut io::BufReader::new(whole()), limits.members)? > limits.members {
            return Err(reject::too_many_members(limits));
        }
        return tar::unpack(&mut io::BufReader::new(whole()), archive_name, harvest);
    }
    zip::unpack(source, archive_name, limits, harvest)
}

/// The members of an archive with their contents, and what was bad.
pub type Collected = (Vec<(Member, Vec<u8>)>, Vec<BadPart>);

/// Unpacks an archive in memory. For tests and fuzzing, with
/// limits that fit into memory.
///
/// # Errors
/// If nothing of the archive can be used.
pub fn unpack_bytes(bytes: &[u8], archive_name: &str, limits: &Limits) -> Result<Collected, Rejection> {
    struct Collect(Vec<(Member, Vec<u8>)>);
    impl Visitor for Collect {
        type Error = Infallible;
        fn visit(&mut self, member: &Member, content: &mut Content<'_>) -> Result<(), Infallible> {
            let mut copy = Vec::new();
            if content.copy_to(&mut copy).is_ok_and(|whole| whole) {
                self.0.push((member.clone(), copy));
            }
            Ok(())
        }
    }
    let mut collect = Collect(Vec::new());
    match unpack(&mut Cursor::new(bytes), archive_name, limits, &mut collect) {
        Ok(unpacked) => Ok((collect.0, unpacked.bad)),
        Err(UnpackError::Rejected(rejection)) => Err(rejection),
        // Bytes in memory can always be read.
        Err(UnpackError::Read(_)) => Ok((collect.0, Vec::new())),
        Err(UnpackError::Output(never)) => match never {},
    }
}
