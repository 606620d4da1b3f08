//! Keys: how objects are named, so that no name is ever used for two contents.

use std::fmt;
use std::str::FromStr;

use time::OffsetDateTime;
use time::macros::format_description;

use crate::area::Area;
use crate::origin::Origin;
use crate::safe_path::SafePath;

/// Longest key that we make, in bytes of UTF-8. S3 allows 1,024; the importer puts `archive-` in front.
const MAX_KEY_BYTES: usize = 900;

/// Below this lie the receipts that replays have retired. No origin begins like that.
const GENERATIONS: &str = "generations/";

/// How delivered files are named (`KEY_LAYOUT`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyLayout {
    /// `sheffield/import.csv`.
    #[default]
    Flat,
    /// `sheffield/20250323-101112/import.csv`, for suppliers who send a file of one name every day: the importer archives
    /// under the same key.
    Dated,
}

/// The value is neither `flat` nor `dated`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `flat` or `dated`")]
pub struct UnknownLayout;

impl FromStr for KeyLayout {
    type Err = UnknownLayout;

    fn from_str(text: &str) -> Result<Self, UnknownLayout> {
        match text {
            "flat" => Ok(Self::Flat),
            "dated" => Ok(Self::Dated),
            _ => Err(UnknownLayout),
        }
    }
}

/// An S3 key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// What the keys begin with of what a replay has set aside, in unprocessable. No area begins like that.
    pub const REPLAYED: &str = "archive-replay/";

    /// A key as S3 names an object.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// In process, uncompressed and spreadsheet: `<area>/<origin>/<rest>`, so that it is never used twice.
    #[must_use]
    pub fn staging(area: &Area, origin: Origin, rest: &SafePath) -> Self {
        Self::cut(&format!("{area}/{origin}/"), rest.as_str())
    }

    /// In amr-data and unprocessable: the keys to try in turn. The first is what people expect; the others bear
    /// the origin, for when an object of another origin holds the first.
    #[must_use]
    pub fn delivery(
        layout: KeyLayout,
        area: &Area,
        origin: Origin,
        received: OffsetDateTime,
        rest: &SafePath,
    ) -> [Self; 3] {
        let time = stamp(received);
        let plain = match layout {
            KeyLayout::Flat => format!("{area}/"),
            KeyLayout::Dated => format!("{area}/{time}/"),
        };
        [
            plain,
            format!("{area}/{time}-{}/", origin.short()),
            format!("{area}/{time}-{origin}/"),
        ]
        .map(|prefix| Self::cut(&prefix, rest.as_str()))
    }

    /// The receipt of an origin.
    #[must_use]
    pub fn receipt(origin: Origin) -> Self {
        Self(format!("{origin}.json"))
    }

    /// What the keys of an origin's retired receipts begin with.
    #[must_use]
    pub fn generations(origin: Origin) -> String {
        format!("{GENERATIONS}{origin}/")
    }

    /// The place in the receipts bucket to which a replay moves an origin's receipt: the `number`th that it retires.
    #[must_use]
    pub fn retired_receipt(origin: Origin, number: u32) -> Self {
        Self(format!("{}{number:06}.json", Self::generations(origin)))
    }

    /// The place in unprocessable to which a replay moves a reject, while it is under way.
    #[must_use]
    pub fn replayed(origin: Origin, generation: u32, rest: &SafePath) -> Self {
        Self::cut(&format!("{}{origin}/{generation}/", Self::REPLAYED), rest.as_str())
    }

    /// The origin of what a replay has set aside at this key.
    #[must_use]
    pub fn replayed_origin(&self) -> Option<Origin> {
        self.0.strip_prefix(Self::REPLAYED)?.split_once('/')?.0.parse().ok()
    }

    /// The origin whose receipt this key is, retired or not.
    #[must_use]
    pub fn receipt_origin(&self) -> Option<Origin> {
        let name = match self.0.strip_prefix(GENERATIONS) {
            Some(retired) => retired.split_once('/')?.0,
            None => self.0.strip_suffix(".json")?,
        };
        name.parse().ok()
    }

    /// Splits the key of an object that waits for a stage. The origin is there if the pipeline made the key.
    #[must_use]
    pub fn parse_staging(&self) -> (Option<Area>, Option<Origin>, Option<SafePath>) {
        let Some((area, below)) = self.0.split_once('/') else {
            return (None, None, SafePath::from_path(&self.0));
        };
        let area = Area::from_key_part(area);
        match below.split_once('/').map(|(origin, rest)| (origin.parse(), rest)) {
            Some((Ok(origin), rest)) => (area, Some(origin), SafePath::from_path(rest)),
            _ => (area, None, SafePath::from_path(below)),
        }
    }

    /// The key as S3 names it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Cuts what is too long by a hash in the middle: the beginning tells a person what it is, the end tells a program.
    fn cut(prefix: &str, rest: &str) -> Self {
        let room = MAX_KEY_BYTES.saturating_sub(prefix.len());
        if rest.len() <= room {
            return Self(format!("{prefix}{rest}"));
        }
        let hash: String = blake3::hash(rest.as_bytes()).to_hex().chars().take(16).collect();
        let half = room.saturating_sub(hash.len() + 4) / 2;
        let head = rest.get(..rest.floor_char_boundary(half)).unwrap_or_default();
        let tail = rest
            .get(rest.ceil_char_boundary(rest.len().saturating_sub(half))..)
            .unwrap_or_default();
        // A cut beside a slash or a blank would leave an empty part or a name that begins with a blank.
        let edge = |c: char| c == '/' || c == ' ' || c == '.';
        Self(format!(
            "{prefix}{}~{hash}~{}",
            head.trim_end_matches(edge),
            tail.trim_start_matches([' ', '/'])
        ))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `YYYYMMDD-HHMMSS` in UTC.
#[must_use]
pub fn stamp(time: OffsetDateTime) -> String {
    time.to_offset(time::UtcOffset::UTC)
        .format(format_description!("[year][month][day]-[hour][minute][second]"))
        .unwrap_or_else(|_| "00000000-000000".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    fn origin() -> Origin {
        "0123456789abcdef0123456789abcdef".parse().unwrap()
    }

    fn area() -> Area {
        Area::from_key_part("sheffield").unwrap()
    }

    fn delivery(layout: KeyLayout) -> [String; 3] {
        let rest = SafePath::from_path("import.csv").unwrap();
        Key::delivery(layout, &area(), origin(), datetime!(2025-03-23 11:11:12 +1), &rest).map(|key| key.0)
    }

    #[test]
    fn a_flat_key_is_area_and_name_and_a_second_one_bears_time_and_origin() {
        let [first, second, third] = delivery(KeyLayout::Flat);
        assert_eq!(first, "sheffield/import.csv");
        assert_eq!(second, "sheffield/20250323-101112-01234567/import.csv");
        assert_eq!(
            third,
            "sheffield/20250323-101112-0123456789abcdef0123456789abcdef/import.csv"
        );
    }

    #[test]
    fn a_dated_key_bears_the_time_when_the_email_was_received() {
        let [first, second, _] = delivery(KeyLayout::Dated);
        assert_eq!(first, "sheffield/20250323-101112/import.csv");
        assert_eq!(second, "sheffield/20250323-101112-01234567/import.csv");
    }

    #[test]
    fn a_receipts_key_tells_its_origin_retired_or_not() {
        for key in [Key::receipt(origin()), Key::retired_receipt(origin(), 7)] {
            assert_eq!(key.receipt_origin(), Some(origin()), "{key}");
        }
        assert!(
            Key::retired_receipt(origin(), 7)
                .as_str()
                .starts_with(&Key::generations(origin()))
        );
        for other in ["x.json", "generations/x.json", "0123456789abcdef0123456789abcdef", ""] {
            assert_eq!(Key::new(other).receipt_origin(), None, "{other}");
        }
    }

    #[test]
    fn what_a_replay_sets_aside_lies_where_no_area_is() {
        let key = Key::replayed(origin(), 2, &SafePath::from_path("march/hh.zip").unwrap());
        assert_eq!(key.as_str(), format!("archive-replay/{}/2/march/hh.zip", origin()));
        assert_eq!(key.replayed_origin(), Some(origin()));
        assert_eq!(key.parse_staging().0, None);
        assert_eq!(Key::new("sheffield/hh.zip").replayed_origin(), None);
    }

    #[test]
    fn a_staging_key_reads_back_and_a_dropped_file_has_no_origin_in_its_key() {
        let rest = SafePath::from_path("2023/x.csv").unwrap();
        let key = Key::staging(&area(), origin(), &rest);
        assert_eq!(key.parse_staging(), (Some(area()), Some(origin()), Some(rest)));
        let (dropped_area, dropped_origin, name) = Key::new("sheffield/2023/x.csv").parse_staging();
        assert_eq!((dropped_area, dropped_origin), (Some(area()), None));
        assert_eq!(name.unwrap().as_str(), "2023/x.csv");
        assert_eq!(Key::new("x.csv").parse_staging().0, None);
    }

    proptest! {
        #[test]
        fn a_long_name_is_cut_in_the_middle_and_stays_safe(name in "[a-zA-Z0-9 ./ä€𝄞-]{800,1400}") {
            if let Some(rest) = SafePath::from_path(&name) {
                let key = Key::staging(&area(), origin(), &rest);
                prop_assert!(key.as_str().len() <= MAX_KEY_BYTES);
                let (_, _, again) = key.parse_staging();
                prop_assert_eq!(&Key::staging(&area(), origin(), &again.unwrap()), &key);
            }
        }

        #[test]
        fn two_long_names_never_share_a_key(a in "[ab]{900,1000}", b in "[ab]{900,1000}") {
            let key = |name: &str| Key::staging(&area(), origin(), &SafePath::from_path(name).unwrap());
            prop_assert_eq!(key(&a) == key(&b), a == b);
        }
    }
}
