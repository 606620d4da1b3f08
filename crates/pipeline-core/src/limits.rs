//! Every cap on size, count and depth, in one place.

use crate::config::Vars;

/// 1 MiB in bytes.
pub const MIB: u64 = 1024 * 1024;
/// 1 GiB in bytes.
pub const GIB: u64 = 1024 * MIB;

/// Absolute caps, checked against real output before allocating. Each can be set by an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Emails in emails and archives in archives, counted together (`LIMIT_DEPTH`).
    pub depth: u32,
    /// Members of one archive, parts of one email (`LIMIT_MEMBERS`).
    pub members: u64,
    /// Bytes of any file as it arrives in process or spreadsheet (`LIMIT_FILE_BYTES`).
    pub file_bytes: u64,
    /// Bytes of one archive as it arrives (`LIMIT_ARCHIVE_BYTES`).
    pub archive_bytes: u64,
    /// Bytes of one unpacked member (`LIMIT_MEMBER_BYTES`).
    pub member_bytes: u64,
    /// Bytes of all unpacked members of one archive together (`LIMIT_UNPACKED_BYTES`).
    pub unpacked_bytes: u64,
    /// Bytes of one email (`LIMIT_EMAIL_BYTES`).
    pub email_bytes: u64,
    /// Bytes of one download (`LIMIT_DOWNLOAD_BYTES`).
    pub download_bytes: u64,
    /// Cells of one sheet, blank ones inside the used range included (`LIMIT_SHEET_CELLS`).
    pub sheet_cells: u64,
    /// Bytes of one text of a workbook (`LIMIT_TEXT_BYTES`).
    pub text_bytes: u64,
    /// Bytes of all texts that a workbook's cells share, which are held in memory (`LIMIT_SHARED_TEXTS_BYTES`).
    pub shared_texts_bytes: u64,
    /// Bytes of the texts of one row, which are held in memory; cells that come out of order may have twice as many
    /// (`LIMIT_ROW_BYTES`).
    pub row_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 4,
            members: 10_000,
            file_bytes: 4 * GIB,
            archive_bytes: 4 * GIB,
            member_bytes: 2 * GIB,
            unpacked_bytes: 10 * GIB,
            email_bytes: 100 * MIB,
            download_bytes: 100 * MIB,
            sheet_cells: 20_000_000,
            text_bytes: 16 * MIB,
            shared_texts_bytes: 128 * MIB,
            row_bytes: 32 * MIB,
        }
    }
}

impl Limits {
    /// Reads the limits that are set; the others keep their defaults.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let default = Self::default();
        Self {
            depth: vars.parsed("LIMIT_DEPTH", default.depth),
            members: vars.parsed("LIMIT_MEMBERS", default.members),
            file_bytes: vars.parsed("LIMIT_FILE_BYTES", default.file_bytes),
            archive_bytes: vars.parsed("LIMIT_ARCHIVE_BYTES", default.archive_bytes),
            member_bytes: vars.parsed("LIMIT_MEMBER_BYTES", default.member_bytes),
            unpacked_bytes: vars.parsed("LIMIT_UNPACKED_BYTES", default.unpacked_bytes),
            email_bytes: vars.parsed("LIMIT_EMAIL_BYTES", default.email_bytes),
            download_bytes: vars.parsed("LIMIT_DOWNLOAD_BYTES", default.download_bytes),
            sheet_cells: vars.parsed("LIMIT_SHEET_CELLS", default.sheet_cells),
            text_bytes: vars.parsed("LIMIT_TEXT_BYTES", default.text_bytes),
            shared_texts_bytes: vars.parsed("LIMIT_SHARED_TEXTS_BYTES", default.shared_texts_bytes),
            row_bytes: vars.parsed("LIMIT_ROW_BYTES", default.row_bytes),
        }
    }
}

/// A number of bytes as people say it: in the largest unit that divides it.
#[must_use]
pub fn bytes_in_words(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(GIB, "GiB"), (MIB, "MiB"), (1024, "KiB")];
    let unit = UNITS
        .iter()
        .find(|(size, _)| bytes >= *size && bytes.is_multiple_of(*size));
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(size, name)| format!("{} {name}", bytes / size),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_said_in_the_largest_unit_that_divides_them() {
        assert_eq!(bytes_in_words(2 << 30), "2 GiB");
        assert_eq!(bytes_in_words(1536 << 20), "1536 MiB");
        assert_eq!(bytes_in_words(1000), "1000 bytes");
        assert_eq!(bytes_in_words(0), "0 bytes");
    }
}
