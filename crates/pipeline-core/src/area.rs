//! Areas: who the readings are for, and the prefix they are delivered under.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::Vars;
use crate::reason::{ReasonCode, Rejection};
use crate::safe_path::safe_part;

/// The importer keeps what it has imported under `archive-<area>/`; no area may begin like that.
const ARCHIVE_PREFIX: &str = "archive-";

/// The part of a key before the first slash: one of the importer's prefixes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Area(String);

impl Area {
    /// The longest area in bytes: a local part has at most 64 (RFC 5321 section 4.5.3.1.1).
    const MAX_BYTES: usize = 100;

    /// The area of an address: its lower-cased local part, or that part's spelling in `AREAS`.
    ///
    /// # Errors
    /// [`ReasonCode::UnknownArea`] if `areas` are given and do not list it, or if no prefix can be made of it.
    pub fn from_local_part(local_part: &str, areas: Option<&Areas>) -> Result<Self, Rejection> {
        let lower = local_part.to_lowercase();
        let unknown = |why: &str| Rejection::new(ReasonCode::UnknownArea, why.to_owned());
        match areas {
            Some(areas) => areas.spelling(&lower).ok_or_else(|| {
                unknown("The email went to an address that no area belongs to. Please check the address.")
            }),
            None => Self::from_key_part(&lower)
                .ok_or_else(|| unknown("The email went to an address that cannot be the name of an area.")),
        }
    }

    /// The area that a key begins with, as a person wrote it.
    #[must_use]
    pub fn from_key_part(part: &str) -> Option<Self> {
        safe_part(&part.replace(['/', '\\'], "_"))
            .filter(|area| area.len() <= Self::MAX_BYTES && !area.to_lowercase().starts_with(ARCHIVE_PREFIX))
            .map(Self)
    }

    /// The prefix under which emails are filed that are for nobody of ours.
    #[must_use]
    pub fn unknown() -> Self {
        Self("unknown-area".to_owned())
    }

    /// The area as it stands in keys.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The areas that exist, each in the spelling that the importer uses (`AREAS`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Areas(Vec<Area>);

impl Areas {
    /// The list, or the entries that cannot be areas.
    ///
    /// # Errors
    /// The names that cannot be the first part of a key.
    pub fn new(names: &[String]) -> Result<Self, Vec<String>> {
        let (good, bad): (Vec<_>, Vec<_>) = names
            .iter()
            .map(|name| {
                Area::from_key_part(name)
                    .filter(|area| area.as_str() == name)
                    .ok_or_else(|| name.clone())
            })
            .partition(Result::is_ok);
        if bad.is_empty() {
            Ok(Self(good.into_iter().flatten().collect()))
        } else {
            Err(bad.into_iter().filter_map(Result::err).collect())
        }
    }

    /// Reads `AREAS`; `None` if it is not set: then every area exists.
    pub fn read(vars: &mut Vars<'_>) -> Option<Self> {
        let names = vars.list("AREAS");
        let areas = Self::new(&names).unwrap_or_else(|bad| {
            vars.problem(format!("AREAS has names that cannot be areas: {}", bad.join(", ")));
            Self(Vec::new())
        });
        (!names.is_empty()).then_some(areas)
    }

    fn spelling(&self, lower: &str) -> Option<Area> {
        self.0
            .iter()
            .find(|area| area.as_str().to_lowercase() == lower)
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(local_part: &str) -> Result<String, ReasonCode> {
        Area::from_local_part(local_part, None)
            .map(|area| area.0)
            .map_err(|rejection| rejection.reason_code)
    }

    #[test]
    fn the_area_is_the_lower_cased_local_part() {
        assert_eq!(area("Sheffield").as_deref(), Ok("sheffield"));
        assert_eq!(area("npower-EON").as_deref(), Ok("npower-eon"));
        assert_eq!(area("Sheffield+Gas").as_deref(), Ok("sheffield+gas"));
    }

    #[test]
    fn where_areas_are_listed_their_spelling_counts_and_others_are_unknown() {
        let areas = Areas::new(&["npower-EON".to_owned(), "bam".to_owned()]).unwrap();
        let listed = |local| Area::from_local_part(local, Some(&areas)).map(|area| area.0);
        assert_eq!(listed("NPOWER-eon").as_deref(), Ok("npower-EON"));
        assert_eq!(listed("sheffield").unwrap_err().reason_code, ReasonCode::UnknownArea);
    }

    #[test]
    fn no_area_begins_like_the_importers_archive() {
        assert_eq!(area("archive-sheffield"), Err(ReasonCode::UnknownArea));
        assert_eq!(area("Archive-x"), Err(ReasonCode::UnknownArea));
        assert_eq!(Areas::new(&["archive-bam".to_owned()]).unwrap_err(), ["archive-bam"]);
    }

    #[test]
    fn an_address_cannot_leave_its_prefix() {
        assert_eq!(area("../../x").as_deref(), Ok(".._.._x"));
        assert_eq!(area("a/b\\c").as_deref(), Ok("a_b_c"));
        assert_eq!(area(".."), Err(ReasonCode::UnknownArea));
        assert_eq!(area(""), Err(ReasonCode::UnknownArea));
        assert_eq!(area(&"x".repeat(200)), Err(ReasonCode::UnknownArea));
    }
}
