//! Hostile workbooks that are OpenDocument, SpreadsheetML 2003 or web pages: a few bytes that stand for a great many cells.

use end_to_end_tests::soak;

use crate::attack::{self, Attack};
use crate::deflated::Deflated;
use crate::zip_bytes::{End, Zip};

const MIB: u64 = 1 << 20;

/// An OpenDocument of this content, in a process of its own.
fn ods(name: &str, content: impl FnOnce() -> Deflated + 'static) -> Attack {
    Attack::file(name, "march.ods", move |out| {
        let mut zip = Zip::new(out);
        zip.add("META-INF/manifest.xml", &Deflated::of(b"<manifest/>"))?;
        zip.add("content.xml", &content())?;
        zip.finish(&End::default())
    })
    .scaled()
}

fn tables(head: &str, piece: &str, times: u64, tail: &str) -> Deflated {
    let head = format!("<office:document-content xmlns:office=\"o\" xmlns:table=\"t\">{head}");
    Deflated::new(
        head.as_bytes(),
        piece.as_bytes(),
        times,
        format!("{tail}</office:document-content>").as_bytes(),
    )
}

const VALUE: &str = "<table:table-cell office:value-type=\"float\" office:value=\"1\"/>";

fn table(rows: &str) -> String {
    format!("<table:table table:name=\"R\">{rows}</table:table>")
}

fn good_rows() -> String {
    format!("<table:table-row>{}</table:table-row>", VALUE.repeat(3)).repeat(2)
}

#[test]
fn repeated_cells_of_an_opendocument_are_counted_before_they_are_written() {
    let repeated = |columns: &str, rows: &str| {
        let cell = VALUE.replace(
            "<table:table-cell",
            &format!("<table:table-cell table:number-columns-repeated=\"{columns}\""),
        );
        let row = format!("<table:table-row table:number-rows-repeated=\"{rows}\">{cell}</table:table-row>");
        move || tables(&table(&row), "", 0, "")
    };
    let blank = "<table:table-row table:number-rows-repeated=\"4294967295\"><table:table-cell table:number-columns-repeated=\"4294967295\"/></table:table-row>";
    attack::run(vec![
        ods("repeated-both-ways", repeated("1000000", "1048576")).rejected(&["too-large"]),
        ods("repeated-most", repeated("4294967295", "4294967295")).rejected(&["too-large"]),
        ods("repeated-negative", repeated("-1", "-1")).delivers("march.ods.csv", "1\n"),
        ods("repeated-blanks", move || {
            tables(&table(&format!("{}{blank}", good_rows())), "", 0, "")
        })
        .delivers("march.ods.csv", "1,1,1\n1,1,1\n"),
        // Each within the limit of a sheet, and no table, so that the next one is looked at, too.
        ods("many-sheets-of-repeated-rows", || {
            let rows = soak::scale(190_000, 19_000_000);
            let row = format!("<table:table-row table:number-rows-repeated=\"{rows}\">{VALUE}</table:table-row>");
            tables("", &table(&row), soak::scale(900, 9_000), "")
        })
        .set("LIMIT_UNPACKED_BYTES", soak::scale(4 << 20, 10 << 30))
        .rejected(&["too-large"])
        .within(std::time::Duration::from_secs(600)),
        ods("long-texts-in-a-row", || {
            let text = "x".repeat(soak::scale(500_000, 8 * MIB) as usize);
            let cell = format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
            tables(
                "<table:table><table:table-row>",
                &cell,
                200,
                "</table:table-row></table:table>",
            )
        })
        .rejected(&["too-large"]),
        ods("paragraphs-without-end", || {
            tables(
                "<table:table><table:table-row><table:table-cell>",
                "<p>xxxxxxxxxxxxxxxx</p>",
                soak::scale(100_000, 40_000_000),
                "</table:table-cell></table:table-row></table:table>",
            )
        })
        .rejected(&["too-large"]),
        ods("blanks-without-end", || {
            tables(
                "<table:table><table:table-row><table:table-cell><p>",
                "<s c=\"4000000000\"/>",
                soak::scale(10_000, 1_000_000),
                "</p></table:table-cell></table:table-row></table:table>",
            )
        })
        .rejected(&["too-large"]),
        ods("long-names-of-styles", || {
            let name = "n".repeat(soak::scale(800_000, 12 * MIB) as usize);
            let column = format!("<table:table-column table:default-cell-style-name=\"{name}\"/>");
            let head = format!("<table:table table:name=\"{}\">", "n".repeat(500_000));
            tables(
                &head,
                &column,
                soak::scale(10, 150),
                &format!("{}</table:table>", good_rows()),
            )
        })
        .delivers("march.ods.csv", "1,1,1\n1,1,1\n"),
        ods("tables-within-tables", || {
            tables(&"<table:table>".repeat(100_000), "", 0, "")
        })
        .rejected(&["corrupt-spreadsheet"]),
    ]);
}

/// A SpreadsheetML 2003 workbook of these rows.
fn spreadsheet_ml(name: &str, rows: &str) -> Attack {
    let text = format!(
        "<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet ss:Name=\"R\"><Table>{rows}</Table></Worksheet></Workbook>"
    );
    Attack::attached(name, "march.xls", text)
}

#[test]
fn places_and_spans_of_a_spreadsheet_ml_are_only_numbers() {
    let row = format!(
        "<Row>{}</Row>",
        "<Cell><Data ss:Type=\"Number\">1</Data></Cell>".repeat(3)
    );
    let good = row.repeat(2);
    let cell =
        |attributes: &str| format!("{good}<Row><Cell {attributes}><Data ss:Type=\"Number\">7</Data></Cell></Row>");
    let csv = "1,1,1\n1,1,1\n";
    let long = "s".repeat(soak::scale(200_000, 4_000_000) as usize);
    attack::run(vec![
        spreadsheet_ml("ml-column", &cell("ss:Index=\"4294967295\"")).rejected(&["too-large"]),
        spreadsheet_ml(
            "ml-row",
            &format!("{good}<Row ss:Index=\"4294967295\"><Cell><Data>7</Data></Cell></Row>"),
        )
        .rejected(&["too-large"]),
        spreadsheet_ml(
            "ml-row-span",
            &format!("{good}<Row ss:Span=\"4294967295\"/><Row><Cell><Data>7</Data></Cell></Row>"),
        )
        .rejected(&["too-large"]),
        spreadsheet_ml(
            "ml-merged",
            &cell("ss:MergeAcross=\"4294967295\" ss:MergeDown=\"4294967295\""),
        )
        .delivers("march.xls.csv", format!("{csv}7,,\n")),
        spreadsheet_ml("ml-beyond-numbers", &cell("ss:Index=\"99999999999999999999\""))
            .delivers("march.xls.csv", format!("{csv}7,,\n")),
        spreadsheet_ml(
            "ml-column-span",
            &format!("<Column ss:Span=\"4294967295\" ss:StyleID=\"{long}\"/>{good}"),
        )
        .delivers("march.xls.csv", csv),
        spreadsheet_ml("ml-doctype", &format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{good}")).delivers("march.xls.csv", csv),
        spreadsheet_ml("ml-deep", &"<Row>".repeat(100_000)).rejected(&["corrupt-spreadsheet"]),
    ]);
}

/// A page that calls itself a workbook, in a process of its own.
fn page(name: &str, head: &str, piece: impl Into<String>, times: u64) -> Attack {
    let (head, piece) = (format!("<html><body>{head}"), piece.into());
    Attack::file(name, "march.xls", move |out| {
        out.write_all(head.as_bytes())?;
        (0..times).try_for_each(|_| out.write_all(piece.as_bytes()))
    })
    .scaled()
}

#[test]
fn tables_of_a_page_are_no_larger_than_what_is_in_them() {
    let good = "<table><tr><td>MPR<td>Date<td>kWh<tr><td>1<td>2<td>3</table>";
    let csv = "MPR,Date,kWh\n1,2,3\n";
    let columns = "<td colspan=1000000000 rowspan=1000000000>x".repeat(20);
    let spanned = format!("<table><tr>{columns}");
    let mut attacks = vec![
        page(
            "spans",
            &good.replace("<td>3", "<td colspan=1000000000 rowspan=1000000000>3"),
            "",
            0,
        )
        .delivers("march.xls.csv", csv),
        page(
            "spans-over-everything",
            &spanned,
            "<tr><td>",
            soak::scale(100_000, 100_000_000),
        )
        .rejected(&["too-large"]),
        page(
            "rows-below-spans",
            &format!("{good}{spanned}"),
            "<tr>",
            soak::scale(100_000, 250_000_000),
        )
        .delivers("march.xls.csv", csv),
        page(
            "spans-in-every-table",
            good,
            format!("<table><tr>{columns}</table>"),
            soak::scale(2_000, 1_000_000),
        )
        .rejected(&["too-large"]),
        page(
            "tables-within-tables",
            good,
            "<table><tr><td>",
            soak::scale(100_000, 1_000_000),
        )
        .rejected(&["html"]),
        page(
            "tables-without-end",
            good,
            "<table></table>",
            soak::scale(20_000, 900_000),
        )
        .delivers("march.xls.csv", csv),
        page(
            "texts-in-nested-tables",
            "",
            format!("<table><tr><td>{}", "x".repeat(soak::scale(100_000, 15 * MIB) as usize)),
            60,
        )
        .rejected(&["too-large"]),
        page(
            "text-without-end",
            "<table><tr><td>",
            "x".repeat(1000),
            soak::scale(5_000, 1_000_000),
        )
        .rejected(&["too-large"]),
        page(
            "tag-without-end",
            &format!("{good}<table "),
            "x=\"x\" ",
            soak::scale(100_000, 100_000_000),
        )
        .delivers("march.xls.csv", csv),
        page(
            "comment-without-end",
            &format!("{good}<!--"),
            "- ->",
            soak::scale(100_000, 100_000_000),
        )
        .delivers("march.xls.csv", csv),
        page(
            "references",
            &good.replace("MPR", &"&amp".repeat(100_000)),
            "&",
            soak::scale(100_000, 100_000_000),
        )
        .delivers_something("march.xls.csv"),
        page("unclosed-tags", good, "<td><b><i><p", soak::scale(50_000, 50_000_000)).delivers("march.xls.csv", csv),
    ];
    // A million of anything takes its time.
    if soak::scale(0, 1) == 1 {
        attacks.push(page("too-many-tables", good, "<table></table>", 2_000_000).rejected(&["html"]));
    }
    attack::run(attacks);
}
