//! An xlsx of parts that say anything (ECMA-376).

use std::io::{self, Write};

use crate::deflated::Deflated;
use crate::zip_bytes::{End, Zip};

/// Three columns and two rows, which make a table.
pub(crate) const ROWS: &str = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>MPR</t></is></c><c r="B1" t="inlineStr"><is><t>Date</t></is></c><c r="C1" t="inlineStr"><is><t>kWh</t></is></c></row><row r="2"><c r="A2"><v>9100000001</v></c><c r="B2"><v>1</v></c><c r="C2"><v>0.5</v></c></row>"#;
/// What becomes of them.
pub(crate) const CSV: &str = "MPR,Date,kWh\n9100000001,1,0.5\n";

const TYPES: &str = "<Types/>";
const ROOT: &str =
    r#"<Relationships><Relationship Id="r" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const RELATIONS: &str = r#"<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="x/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="x/styles" Target="styles.xml"/></Relationships>"#;
const WORKBOOK: &str = r#"<workbook><sheets><sheet name="Readings" r:id="rId1"/></sheets></workbook>"#;

/// The parts; sound unless replaced.
pub(crate) struct Xlsx {
    parts: Vec<(String, Deflated)>,
}

impl Xlsx {
    /// A workbook with this sheet.
    pub(crate) fn of_sheet(sheet: Deflated) -> Self {
        let whole = Self { parts: Vec::new() };
        whole
            .text("[Content_Types].xml", TYPES)
            .text("_rels/.rels", ROOT)
            .text("xl/workbook.xml", WORKBOOK)
            .text("xl/_rels/workbook.xml.rels", RELATIONS)
            .part("xl/worksheets/sheet1.xml", sheet)
    }

    /// A workbook whose sheet has these rows.
    pub(crate) fn of_rows(rows: &str) -> Self {
        Self::of_sheet(Deflated::of(
            format!("<worksheet><sheetData>{rows}</sheetData></worksheet>").as_bytes(),
        ))
    }

    /// A workbook of the rows that make a table.
    pub(crate) fn sound() -> Self {
        Self::of_rows(ROWS)
    }

    /// With this part, in the place of the one of that name.
    pub(crate) fn part(mut self, name: &str, content: Deflated) -> Self {
        self.parts.retain(|(other, _)| other != name);
        self.parts.push((name.to_owned(), content));
        self
    }

    pub(crate) fn text(self, name: &str, content: &str) -> Self {
        self.part(name, Deflated::of(content.as_bytes()))
    }

    /// Without this part.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.parts.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn list(&self, zip: &mut Zip<'_>) -> io::Result<()> {
        self.parts.iter().try_for_each(|(name, content)| zip.add(name, content))
    }

    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut zip = Zip::new(out);
        self.list(&mut zip)?;
        zip.finish(&End::default())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes).unwrap();
        bytes
    }
}
