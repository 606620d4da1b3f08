//! The files that are sent: made by code, each small, each with a known end.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use fastrand::Rng;
use pipeline_core::ReasonCode;
use zip::write::SimpleFileOptions;

/// A file with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub holds: Holds,
}

/// What is in a file. Readings are told apart by a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
    /// CSV that is clean already.
    Readings(u8),
    /// The same as XLSX.
    Workbook(u8),
    /// The same as a web page with a table, which programs call `.xls`.
    Page(u8),
    /// A zip file.
    Archive(Vec<File>),
    /// A zip file one member of which is damaged beside these.
    DamagedArchive(Vec<File>),
    /// The first half of a workbook.
    HalfAWorkbook(u8),
    /// A picture.
    Logo,
    /// A text that is no table.
    Letter,
    /// No byte.
    Nothing,
}

/// How a file, or a part of it, ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// In amr-data, with these bytes.
    Delivered(Vec<u8>),
    /// In unprocessable.
    Rejected(ReasonCode),
}

impl File {
    /// The names that suppliers use; few, so that they meet.
    pub const NAMES: [&'static str; 2] = ["import", "readings"];
    /// How many different readings emails bring; few, so that they meet.
    pub const CONTENTS: u8 = 3;

    /// Any file of a name without its extension, `depth` deep in archives.
    pub fn random(rng: &mut Rng, stem: &str, depth: u32) -> Self {
        let content = rng.u8(..Self::CONTENTS);
        let holds = match rng.u8(..16) {
            0 => Holds::Workbook(content),
            1 => Holds::Page(content),
            2..=4 if depth < 2 => Holds::Archive(members(rng, depth)),
            5 if depth < 2 => Holds::DamagedArchive(members(rng, depth)),
            6 => match rng.u8(..4) {
                0 => Holds::Logo,
                1 => Holds::Letter,
                2 => Holds::Nothing,
                _ => Holds::HalfAWorkbook(content),
            },
            _ => Holds::Readings(content),
        };
        let name = holds.named(stem);
        Self { name, holds }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.holds.to_bytes()
    }

    /// Its ends, each with the path that it is filed under, `name` being the file's own path.
    pub fn ends(&self, name: &str) -> Vec<(String, End)> {
        let beside = |member: &str| match name.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{member}"),
            None => member.to_owned(),
        };
        let of_members = |members: &[Self]| -> Vec<_> {
            members
                .iter()
                .flat_map(|member| member.ends(&beside(&member.name)))
                .collect()
        };
        let rejected = |code| vec![(name.to_owned(), End::Rejected(code))];
        match &self.holds {
            Holds::Readings(content) => vec![(name.to_owned(), End::Delivered(readings(*content)))],
            Holds::Workbook(content) | Holds::Page(content) => {
                vec![(format!("{name}.csv"), End::Delivered(readings(*content)))]
            }
            Holds::Archive(members) => of_members(members),
            Holds::DamagedArchive(members) => {
                let mut ends = of_members(members);
                ends.extend(rejected(ReasonCode::CorruptArchive));
                ends
            }
            Holds::HalfAWorkbook(_) => rejected(ReasonCode::CorruptSpreadsheet),
            Holds::Logo => rejected(ReasonCode::NotData),
            Holds::Letter => rejected(ReasonCode::NotATable),
            Holds::Nothing => rejected(ReasonCode::Empty),
        }
    }
}

impl Holds {
    /// A name for it.
    pub fn named(&self, stem: &str) -> String {
        let extension = match self {
            Self::Readings(_) => "csv",
            Self::Workbook(_) | Self::HalfAWorkbook(_) => "xlsx",
            Self::Page(_) => "xls",
            Self::Archive(_) | Self::DamagedArchive(_) => "zip",
            Self::Logo => "png",
            Self::Letter => "txt",
            Self::Nothing => "dat",
        };
        format!("{stem}.{extension}")
    }

    /// The bytes of such a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Readings(content) => readings(*content),
            Self::Workbook(content) => workbook(*content),
            Self::Page(content) => page(*content),
            Self::Archive(members) => zipped(members.iter().map(|file| (file.name.as_str(), file.to_bytes()))),
            Self::DamagedArchive(members) => damaged(members),
            Self::HalfAWorkbook(content) => {
                let mut whole = workbook(*content);
                whole.truncate(whole.len() / 2);
                whole
            }
            Self::Logo => b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89".to_vec(),
            Self::Letter => b"Dear all,\nthe readings of this month will follow next week.\nKind regards\n".to_vec(),
            Self::Nothing => Vec::new(),
        }
    }
}

/// One or two, of different names: the writer wants that.
fn members(rng: &mut Rng, depth: u32) -> Vec<File> {
    let count = rng.usize(1..=2);
    let names = File::NAMES.iter().take(count);
    names.map(|name| File::random(rng, name, depth + 1)).collect()
}

fn rows(content: u8) -> [[String; 4]; 2] {
    let texts = |texts: [&str; 4]| texts.map(str::to_owned);
    let mut values = texts(["9123456789", "", "1.5", "2.5"]);
    values[1] = format!("{:02}/03/2025", content);
    [texts(["MPR", "Date", "hr0030", "hr0100"]), values]
}

fn readings(content: u8) -> Vec<u8> {
    let lines = rows(content).map(|row| row.join(",") + "\n");
    lines.concat().into_bytes()
}

fn page(content: u8) -> Vec<u8> {
    let row = |row: [String; 4]| format!("<tr><td>{}</td></tr>", row.join("</td><td>"));
    format!(
        "<html><body><table>{}</table></body></html>",
        rows(content).map(row).concat()
    )
    .into_bytes()
}

/// The smallest workbook: texts stand in its cells.
fn workbook(content: u8) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let mut cells = String::new();
    for (number, row) in (1..).zip(rows(content)) {
        write!(cells, "<row r=\"{number}\">").unwrap();
        for (column, text) in ["A", "B", "C", "D"].iter().zip(row) {
            write!(
                cells,
                "<c r=\"{column}{number}\" t=\"inlineStr\"><is><t>{text}</t></is></c>"
            )
            .unwrap();
        }
        cells.push_str("</row>");
    }
    let relation = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"r1\" Type=\"{OFFICE}/{kind}\" \
             Target=\"{target}\"/></Relationships>"
        )
    };
    let parts = [
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Override PartName=\"/xl/workbook.xml\" ContentType=\"{TYPE}.sheet.main+xml\"/>\
                 <Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"{TYPE}.worksheet+xml\"/></Types>"
            ),
        ),
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml")),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"Readings\" sheetId=\"1\" \
                 r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relation("worksheet", "worksheets/sheet1.xml"),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{cells}</sheetData></worksheet>"),
        ),
    ];
    zipped(parts.into_iter().map(|(name, part)| (name, part.into_bytes())))
}

fn zipped<'a>(members: impl Iterator<Item = (&'a str, Vec<u8>)>) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, bytes) in members {
        archive.start_file(name, stored).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// One member's checksum is wrong.
fn damaged(members: &[File]) -> Vec<u8> {
    const GOOD: &[u8] = b"these bytes were whole";
    let bad = ("damaged.csv", GOOD.to_vec());
    let files = members.iter().map(|file| (file.name.as_str(), file.to_bytes()));
    let mut archive = zipped(files.chain([bad]));
    let at = archive.windows(GOOD.len()).position(|part| part == GOOD).unwrap();
    archive[at] ^= 1;
    archive
}
