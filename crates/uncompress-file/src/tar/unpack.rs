//! A tar becomes its members.

use std::io::Read;

use super::walk::{Damage, Kind, walk};
use crate::error::{Defect, UnpackError};
use crate::harvest::{Harvest, Visitor};

/// How many members would be unpacked; not counted further than one beyond `most`.
pub(crate) fn count_members<E>(stream: &mut dyn Read, most: u64) -> Result<u64, UnpackError<E>> {
    let mut members = 0;
    let counted = walk(stream, |entry, _| {
        members += u64::from(entry.is_wanted());
        if members > most {
            Err(UnpackError::Output(()))
        } else {
            Ok(())
        }
    });
    match counted {
        Ok(_) | Err(UnpackError::Output(_)) => Ok(members),
        Err(UnpackError::Rejected(rejection)) => Err(UnpackError::Rejected(rejection)),
        Err(UnpackError::Read(error)) => Err(UnpackError::Read(error)),
    }
}

/// Unpacks a tar.
pub(crate) fn unpack<V: Visitor>(
    stream: &mut dyn Read,
    archive_name: &str,
    harvest: &mut Harvest<'_, V>,
) -> Result<(), UnpackError<V::Error>> {
    let damage = walk(stream, |entry, content| {
        if !entry.is_wanted() {
            return Ok(());
        }
        if entry.kind == Kind::Sparse {
            harvest.refuse(&entry.name, &Defect::Unsupported("sparse or split files in a tar"));
            return Ok(());
        }
        harvest.offer(entry.number, &entry.name, content)
    })?;
    if let Some(Damage(defect)) = damage {
        harvest.refuse(archive_name, &defect);
    }
    Ok(())
}
