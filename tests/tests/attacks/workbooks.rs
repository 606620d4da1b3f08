//! Hostile workbooks that are packages or text: xlsx, xlsb, ods, SpreadsheetML, web pages.

use end_to_end_tests::soak;

use crate::attack::{self, Attack};
use crate::deflated::Deflated;
use crate::xlsx_parts::{CSV, ROWS, Xlsx};
use crate::zip_bytes::{End, Header, Zip, zip, zip_ending};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// An email with this workbook.
fn xlsx(name: &str, workbook: &Xlsx) -> Attack {
    Attack::attached(name, "march.xlsx", workbook.bytes())
}

/// A process of its own, for a workbook that unpacks to much.
fn large_xlsx(name: &str, workbook: impl FnOnce() -> Xlsx + 'static) -> Attack {
    Attack::file(name, "march.xlsx", move |out| workbook().write(out)).scaled()
}

fn sheet(head: &str, piece: &str, times: u64, tail: &str) -> Deflated {
    Deflated::new(
        format!("<worksheet><sheetData>{head}").as_bytes(),
        piece.as_bytes(),
        times,
        format!("{tail}</sheetData></worksheet>").as_bytes(),
    )
}

#[test]
fn markup_that_blows_up_is_never_expanded() {
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY lol{n} \"{}\">", format!("&lol{};", n - 1).repeat(10)))
        .collect();
    let dtd = |declarations: &str, rows: &str| {
        let text = format!(
            "<?xml version=\"1.0\"?><!DOCTYPE worksheet [{declarations}]><worksheet><sheetData>{rows}</sheetData></worksheet>"
        );
        Xlsx::of_sheet(Deflated::of(text.as_bytes()))
    };
    let cell = |entity: &str| ROWS.replace("MPR", entity);
    let csv = |entity: &str| CSV.replace("MPR", entity);
    let attributes: String = (0..soak::scale(60_000, 1_000_000))
        .map(|n| format!("a{n}=\"\" "))
        .collect();
    let deep = soak::scale(100_000, 1_000_000) as usize;
    attack::run(vec![
        xlsx(
            "billion-laughs",
            &dtd(&format!("<!ENTITY lol0 \"lol\">{laughs}"), &cell("&lol9;")),
        )
        .delivers("march.xlsx.csv", csv("&lol9;")),
        xlsx(
            "quadratic-blow-up",
            &dtd(
                &format!("<!ENTITY a \"{}\">", "a".repeat(500_000)),
                &cell(&"&a;".repeat(1_000)),
            ),
        )
        .delivers("march.xlsx.csv", csv(&"&a;".repeat(1_000))),
        xlsx(
            "external-entity",
            &dtd("<!ENTITY x SYSTEM \"file:///etc/passwd\">", &cell("&x;")),
        )
        .delivers("march.xlsx.csv", csv("&x;")),
        xlsx(
            "parameter-entity",
            &dtd("<!ENTITY % x SYSTEM \"http://127.0.0.1:9/x.dtd\"> %x;", ROWS),
        )
        .delivers("march.xlsx.csv", CSV),
        xlsx("deep-markup", &Xlsx::of_rows(&"<x>".repeat(deep))).rejected(&["corrupt-spreadsheet"]),
        xlsx(
            "deep-workbook-part",
            &Xlsx::sound().text("xl/workbook.xml", &"<x>".repeat(deep)),
        )
        .rejected(&["corrupt-spreadsheet"]),
        xlsx(
            "attributes",
            &Xlsx::of_rows(&ROWS.replace("<c ", &format!("<c {attributes} "))),
        )
        .delivers("march.xlsx.csv", CSV),
        xlsx(
            "unclosed",
            &Xlsx::of_sheet(Deflated::of(format!("<worksheet><sheetData>{ROWS}").as_bytes())),
        )
        .rejected(&["corrupt-spreadsheet"]),
    ]);
}

#[test]
fn large_parts_of_a_workbook_are_refused_before_they_fill_the_memory() {
    let strings = |head: &'static str, piece: &'static str, times: u64, tail: &'static str| {
        move || {
            let rows = ROWS.replace(r#"t="inlineStr"><is><t>MPR</t></is>"#, r#"t="s"><v>0</v>"#);
            Xlsx::of_rows(&rows).part(
                "xl/sharedStrings.xml",
                Deflated::new(head.as_bytes(), piece.as_bytes(), times, tail.as_bytes()),
            )
        }
    };
    let huge = soak::scale(32 * MIB, GIB);
    attack::run(vec![
        large_xlsx(
            "shared-strings",
            strings(
                "<sst>",
                "<si><t>Kilowatt hours, half-hourly</t></si>",
                huge / 43,
                "</sst>",
            ),
        )
        .rejected(&["too-large"]),
        large_xlsx("shared-strings-empty", strings("<sst>", "<si/>", huge / 20, "</sst>")).rejected(&["too-large"]),
        large_xlsx("one-string", strings("<sst><si><t>", "x", huge / 2, "</t></si></sst>")).rejected(&["too-large"]),
        large_xlsx(
            "one-string-of-runs",
            strings("<sst><si>", "<r><t>xxxxxxxx</t></r>", huge / 2, "</si></sst>"),
        )
        .rejected(&["too-large"]),
        large_xlsx(
            "one-string-of-escapes",
            strings("<sst><si><t>", "_x0041_", huge / 2, "</t></si></sst>"),
        )
        .rejected(&["too-large"]),
        large_xlsx("sheet-of-blanks", || {
            Xlsx::of_sheet(sheet(ROWS, " ", soak::scale(24 * MIB, 10 * GIB), ""))
        })
        .rejected(&["too-large"]),
        large_xlsx("sheet-of-comments", || {
            Xlsx::of_sheet(sheet(ROWS, "<!---->", soak::scale(2 * MIB, 2 * GIB), ""))
        })
        .rejected(&["too-large"]),
        large_xlsx("long-names-of-elements", || {
            let name = "n".repeat(soak::scale(900_000, 15_000_000) as usize);
            Xlsx::of_sheet(sheet(ROWS, &format!("<{name}>"), 100, ""))
        })
        .rejected(&["corrupt-spreadsheet"]),
        large_xlsx("long-row", || {
            let cell = format!(
                "<c t=\"str\"><v>{}</v></c>",
                "x".repeat(soak::scale(500_000, 8 << 20) as usize)
            );
            Xlsx::of_sheet(sheet("<row>", &cell, 40, "</row>"))
        })
        .rejected(&["too-large"]),
        large_xlsx("endless-row", || {
            Xlsx::of_sheet(sheet(
                "<row>",
                "<c><v>1</v></c>",
                soak::scale(300_000, 30_000_000),
                "</row>",
            ))
        })
        .rejected(&["too-large"]),
        large_xlsx("empty-cells", || {
            Xlsx::of_sheet(sheet(
                ROWS,
                r#"<row r="3"><c s="0"/></row>"#,
                soak::scale(100_000, 10_000_000),
                "",
            ))
        })
        .delivers("march.xlsx.csv", CSV),
        large_xlsx("styles", || {
            let xfs = Deflated::new(
                b"<styleSheet><cellXfs>",
                b"<xf numFmtId=\"14\"/>",
                soak::scale(50_000, 2_000_000),
                b"</cellXfs></styleSheet>",
            );
            Xlsx::sound().part("xl/styles.xml", xfs)
        })
        .delivers_something("march.xlsx.csv"),
        large_xlsx("formats", || {
            let formats: String = (0..soak::scale(20_000, 1_000_000))
                .map(|n| format!("<numFmt numFmtId=\"{n}\" formatCode=\"0\"/>"))
                .collect();
            Xlsx::sound().text(
                "xl/styles.xml",
                &format!("<styleSheet><numFmts>{formats}</numFmts></styleSheet>"),
            )
        })
        .delivers("march.xlsx.csv", CSV),
        large_xlsx("sheets", || {
            Xlsx::sound().part(
                "xl/workbook.xml",
                Deflated::new(
                    b"<workbook><sheets>",
                    b"<sheet/>",
                    soak::scale(50_000, 8_000_000),
                    b"</sheets></workbook>",
                ),
            )
        })
        .rejected(&["too-large"]),
        large_xlsx("relations", || {
            let relations = Deflated::new(
                b"<Relationships>",
                b"<Relationship/>",
                soak::scale(50_000, 4_000_000),
                b"</Relationships>",
            );
            Xlsx::sound().part("xl/_rels/workbook.xml.rels", relations)
        })
        .rejected(&["too-large"]),
        large_xlsx("out-of-order", || {
            let row = soak::scale(100_000, 1_048_576);
            let rows: String = (1..row)
                .rev()
                .map(|row| {
                    format!(
                        "<row r=\"{row}\"><c><v>12345678</v></c><c><v>0.123456</v></c><c><v>0.2345678</v></c></row>"
                    )
                })
                .collect();
            Xlsx::of_rows(&rows)
        })
        .rejected(&["too-large"]),
    ]);
}

#[test]
fn cells_may_say_that_they_are_anywhere() {
    let with_cell = |cell: &str| Xlsx::of_rows(&format!("{ROWS}<row><c {cell}><v>7</v></c></row>"));
    let dimension = |range: &str| {
        let text = format!("<worksheet><dimension ref=\"{range}\"/><sheetData>{ROWS}</sheetData></worksheet>");
        Xlsx::of_sheet(Deflated::of(text.as_bytes()))
    };
    let rows = |numbers: &[u64]| {
        let row = |row: &u64| {
            format!("<row r=\"{row}\"><c r=\"A{row}\"><v>{row}</v></c><c><v>2</v></c><c><v>3</v></c></row>")
        };
        Xlsx::of_rows(&numbers.iter().map(row).collect::<String>())
    };
    attack::run(vec![
        xlsx("last-cell", &with_cell("r=\"XFD1048576\"")).rejected(&["too-large"]),
        xlsx("beyond-the-last-cell", &with_cell("r=\"ZZZZZZ4294967295\"")).rejected(&["too-large"]),
        xlsx(
            "beyond-all-numbers",
            &with_cell(&format!("r=\"A{}\"", "9".repeat(1_000))),
        )
        .rejected(&["too-large"]),
        xlsx("no-place", &with_cell("r=\"&#0;\"")).rejected(&["corrupt-spreadsheet"]),
        xlsx("dimension-huge", &dimension("A1:XFD1048576")).delivers("march.xlsx.csv", CSV),
        xlsx("dimension-tiny", &dimension("A1")).delivers("march.xlsx.csv", CSV),
        xlsx("dimension-rubbish", &dimension("ZZZZZZZZZZ99999999999:-1")).delivers("march.xlsx.csv", CSV),
        xlsx("rows-descending", &rows(&[3, 2, 1])).delivers("march.xlsx.csv", "1,2,3\n2,2,3\n3,2,3\n"),
        xlsx("rows-twice", &rows(&[1, 2, 1])).delivers("march.xlsx.csv", "1,2,3\n2,2,3\n"),
        xlsx("row-nought", &rows(&[0, 1, 2])).rejected(&["corrupt-spreadsheet"]),
        xlsx("row-huge", &rows(&[1, 2, 4_294_967_296])).rejected(&["too-large"]),
        xlsx("shared-text-missing", &with_cell("t=\"s\"")).rejected(&["corrupt-spreadsheet"]),
        xlsx("style-missing", &with_cell("s=\"4000000000\"")).delivers("march.xlsx.csv", format!("{CSV}7,,\n")),
    ]);
}

#[test]
fn relations_lead_nowhere_but_into_the_workbook() {
    let target = |target: &str| {
        let relations =
            format!("<Relationships><Relationship Id=\"rId1\" Type=\"x/worksheet\" {target}/></Relationships>");
        Xlsx::sound()
            .without("xl/worksheets/sheet1.xml")
            .text("xl/_rels/workbook.xml.rels", &relations)
    };
    let broken = [
        ("outside", target("Target=\"../../../../etc/passwd\"")),
        ("absolute", target("Target=\"/etc/passwd\"")),
        ("file-address", target("Target=\"file:///etc/passwd\"")),
        ("web-address", target("Target=\"http://127.0.0.1:9/sheet.xml\"")),
        (
            "external",
            target("Target=\"http://127.0.0.1:9/sheet.xml\" TargetMode=\"External\""),
        ),
        ("sheet-missing", target("Target=\"worksheets/sheet1.xml\"")),
        (
            "no-relations",
            Xlsx::sound()
                .without("xl/_rels/workbook.xml.rels")
                .without("xl/worksheets/sheet1.xml"),
        ),
    ];
    let mut attacks: Vec<Attack> = broken
        .iter()
        .map(|(name, workbook)| xlsx(&format!("relation-{name}"), workbook).rejected(&["corrupt-spreadsheet"]))
        .collect();
    let turns = [
        ("to-the-workbook", target("Target=\"workbook.xml\"")),
        ("to-the-relations", target("Target=\"_rels/workbook.xml.rels\"")),
    ];
    attacks.extend(
        turns
            .iter()
            .map(|(name, workbook)| xlsx(&format!("relation-{name}"), workbook).rejected(&["empty"])),
    );
    attack::run(attacks);
}

#[test]
fn a_package_is_as_large_as_it_is_and_not_as_it_claims() {
    let ending = |end: End| zip_ending(&end, |zip| Xlsx::sound().list(zip));
    let claims = |count: u64| End {
        count: Some(count),
        directory_size: Some(count.saturating_mul(46)),
        is_zip64: true,
        ..End::default()
    };
    let refused = [
        ("claims-100-million-parts", ending(claims(100_000_000))),
        ("claims-all-parts", ending(claims(u64::MAX))),
        (
            "directory-beyond",
            ending(End {
                directory_at: Some(u64::MAX - 5),
                is_zip64: true,
                ..End::default()
            }),
        ),
        (
            "encrypted-part",
            zip(|zip| {
                Xlsx::sound().without("xl/worksheets/sheet1.xml").list(zip)?;
                let content = Deflated::of(b"<worksheet/>");
                let header = Header {
                    flags: 1,
                    ..Header::of("xl/worksheets/sheet1.xml", &content)
                };
                zip.add_as(&header, &header, &content)
            }),
        ),
        (
            "part-of-another-length",
            zip(|zip| {
                Xlsx::sound().without("xl/worksheets/sheet1.xml").list(zip)?;
                let content = Deflated::of(format!("<worksheet><sheetData>{ROWS}</sheetData></worksheet>").as_bytes());
                let header = Header {
                    size: 10,
                    ..Header::of("xl/worksheets/sheet1.xml", &content)
                };
                zip.add_as(&header, &header, &content)
            }),
        ),
    ];
    let mut attacks: Vec<Attack> = refused
        .into_iter()
        .map(|(name, bytes)| {
            let code = if name == "encrypted-part" {
                "encrypted"
            } else {
                "corrupt-spreadsheet"
            };
            Attack::attached(name, "march.xlsx", bytes).rejected(&[code])
        })
        .collect();
    // A list of parts that would fill the memory, after which the archive is as large as what it claims.
    attacks.push(
        Attack::file("reserved-parts", "march.xlsx", move |out| {
            let mut zip = Zip::new(out);
            Xlsx::sound().list(&mut zip)?;
            for _ in 0..soak::scale(30, 2_000) {
                zip.raw(&vec![0; MIB as usize])?;
            }
            zip.finish(&claims(40_000_000))
        })
        .rejected(&["corrupt-spreadsheet"])
        .scaled(),
    );
    attacks.push(
        Attack::file("long-names-of-parts", "march.xlsx", |out| {
            let mut zip = Zip::new(out);
            Xlsx::sound().list(&mut zip)?;
            let content = Deflated::of(b"");
            for number in 0..soak::scale(200, 9_000) {
                let mut name = format!("xl/{number}").into_bytes();
                name.resize(0xFFFF, b'n');
                zip.list(&Header::of(&name, &content));
            }
            zip.finish(&End::default())
        })
        .delivers("march.xlsx.csv", CSV)
        .scaled(),
    );
    // Hidden sheets that share their bytes: each within the limit of a part, all far over that of a workbook.
    attacks.push(
        Attack::file("sheets-that-share-bytes", "march.xlsx", |out| {
            let sheets = 900;
            let tabs: String = (0..sheets).map(|n| format!("<sheet name=\"{n}\" state=\"hidden\" r:id=\"h{n}\"/>")).collect();
            let related: String = (0..sheets)
                .map(|n| format!("<Relationship Id=\"h{n}\" Type=\"x/worksheet\" Target=\"worksheets/h{n}.xml\"/>"))
                .collect();
            let mut zip = Zip::new(out);
            Xlsx::sound()
                .text("xl/workbook.xml", &format!("<workbook><sheets><sheet name=\"R\" r:id=\"rId1\"/>{tabs}</sheets></workbook>"))
                .text(
                    "xl/_rels/workbook.xml.rels",
                    &format!("<Relationships>{related}<Relationship Id=\"rId1\" Type=\"x/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"),
                )
                .list(&mut zip)?;
            let blank = sheet("", " ", soak::scale(10 * MIB, GIB), "");
            for n in 0..sheets {
                zip.list(&Header::of(format!("xl/worksheets/h{n}.xml"), &blank));
            }
            zip.add("xl/worksheets/h.xml", &blank)?;
            zip.finish(&End::default())
        })
        .delivers("march.xlsx.csv", CSV)
        .scaled(),
    );
    attack::run(attacks);
}
