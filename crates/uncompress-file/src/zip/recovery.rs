//! The members of an archive whose list is lost, by the headers before their data.

use pipeline_core::Limits;

use super::entry::Entry;
use super::local::{LOCAL_HEADER, LocalHeader};
use super::view::View;
use crate::error::{Defect, UnpackError};

/// An entry, or the name of one that is cut short.
pub(super) enum Found {
    Entry(Entry),
    CutShort(String),
}

/// Shows every entry that has a header, in the order of the archive, and says how many there are. Reading goes on where
/// the data of the one before end, so that an archive inside the archive is not taken apart. It stops behind the last
/// entry that `limits` allow.
pub(super) fn for_each<E>(
    view: View<'_, '_>,
    limits: &Limits,
    mut each: impl FnMut(Found) -> Result<(), UnpackError<E>>,
) -> Result<u64, UnpackError<E>> {
    let mut number = 0;
    let mut from = 0;
    while number <= limits.members {
        let Some(at) = view.source.find(LOCAL_HEADER, from)? else {
            break;
        };
        number += 1;
        let Some(mut header) = LocalHeader::read(view, at)? else {
            each(Found::CutShort(format!("entry {number}")))?;
            break;
        };
        if header.leaves_sizes_open() && !header.read_descriptor(view)? {
            let entry = Entry::of_header(number, &header, at);
            each(if entry.is_encrypted {
                Found::Entry(entry)
            } else {
                Found::CutShort(entry.name)
            })?;
            break;
        }
        from = header.data_at.saturating_add(header.packed_size);
        each(Found::Entry(Entry::of_header(number, &header, at)))?;
    }
    Ok(number)
}

/// What is said about the archive itself.
pub(super) const LIST_LOST: Defect = Defect::Directory("its list of members is lost or incomplete");
