//! Names of files that have none: `attachment-3.csv`, `download-1.zip`.

use pipeline_core::SafePath;

/// The name that a file goes on under: the sender's, made safe, or `<what>-<number>` and the extension of its type.
/// Nothing in a made-up name is unsafe, so there always is one.
#[must_use]
pub(crate) fn file_name(sent: Option<&str>, what: &str, number: usize, media_type: &str) -> Option<SafePath> {
    sent.and_then(SafePath::from_file_name)
        .or_else(|| SafePath::from_file_name(&format!("{what}-{number}{}", extension(media_type))))
}

/// The usual extension of a media type (IANA registrations and the system's `mime.types`), with its dot; empty where
/// there is none.
#[must_use]
pub(crate) fn extension(media_type: &str) -> &'static str {
    match media_type {
        "text/csv"
        | "text/x-csv"
        | "text/comma-separated-values"
        | "text/x-comma-separated-values"
        | "application/csv"
        | "application/x-csv" => ".csv",
        "text/plain" => ".txt",
        "text/tab-separated-values" => ".tsv",
        "text/html" | "application/xhtml+xml" => ".html",
        "text/calendar" | "application/ics" => ".ics",
        "text/vcard" | "text/x-vcard" | "text/directory" => ".vcf",
        "text/xml" | "application/xml" => ".xml",
        "text/rtf" | "application/rtf" => ".rtf",
        "application/json" => ".json",
        "application/pdf" | "application/x-pdf" => ".pdf",
        "application/zip" | "application/x-zip" | "application/x-zip-compressed" | "multipart/x-zip" => ".zip",
        "application/gzip" | "application/x-gzip" | "application/x-compressed" => ".gz",
        "application/x-tar" => ".tar",
        "application/x-gtar" | "application/x-gtar-compressed" | "application/x-compressed-tar" => ".tar.gz",
        "application/x-7z-compressed" => ".7z",
        "application/vnd.rar" | "application/x-rar-compressed" | "application/x-rar" => ".rar",
        "application/vnd.ms-excel" | "application/msexcel" | "application/x-msexcel" | "application/excel" => ".xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => ".xlsx",
        "application/vnd.ms-excel.sheet.macroenabled.12" => ".xlsm",
        "application/vnd.ms-excel.sheet.binary.macroenabled.12" => ".xlsb",
        "application/vnd.oasis.opendocument.spreadsheet" => ".ods",
        "application/msword" => ".doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => ".docx",
        "application/vnd.ms-powerpoint" => ".ppt",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation" => ".pptx",
        "application/vnd.ms-outlook" => ".msg",
        "application/ms-tnef" | "application/vnd.ms-tnef" => ".dat",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => ".p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => ".p7m",
        "application/pgp-signature" => ".asc",
        "application/octet-stream" | "application/binary" => ".bin",
        "image/png" => ".png",
        "image/jpeg" | "image/jpg" | "image/pjpeg" => ".jpg",
        "image/gif" => ".gif",
        "image/bmp" => ".bmp",
        "image/tiff" => ".tiff",
        "image/svg+xml" => ".svg",
        "image/webp" => ".webp",
        "image/heic" => ".heic",
        "message/rfc822" | "message/global" | "message/news" => ".eml",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(sent: Option<&str>, number: usize, media_type: &str) -> String {
        file_name(sent, "attachment", number, media_type)
            .unwrap()
            .as_str()
            .to_owned()
    }

    #[test]
    fn a_file_without_a_name_gets_its_number_and_its_types_extension() {
        assert_eq!(name(None, 2, "text/csv"), "attachment-2.csv");
        assert_eq!(name(Some("../.."), 1, "application/zip"), "attachment-1.zip");
        assert_eq!(name(None, 3, "x-odd/type"), "attachment-3");
    }

    #[test]
    fn of_a_path_the_last_part_counts() {
        assert_eq!(name(Some("C:\\out\\gas.csv"), 1, "text/csv"), "gas.csv");
        assert_eq!(name(Some("../../etc/gas.csv"), 1, "text/csv"), "gas.csv");
    }
}
