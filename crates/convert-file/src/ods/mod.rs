//! ods: OpenDocument spreadsheets (OASIS ODF 1.3, part 3).

mod cell;
mod styles;
mod table;
mod text;

use std::io::{Read, Seek};

use quick_xml::events::Event;

use crate::error::ConvertError;
use crate::package::Package;
use crate::sheet_chooser::SheetChooser;
use styles::Styles;

/// Shows all tables to the chooser.
pub(crate) fn read<R: Read + Seek>(
    package: &mut Package<R>,
    chooser: &mut SheetChooser<'_>,
) -> Result<(), ConvertError> {
    refuse_encrypted(package)?;
    let mut styles = Styles::default();
    if package.has("styles.xml") {
        let mut xml = package.xml_list("styles.xml")?;
        loop {
            match xml.next()? {
                Event::Start(element) => {
                    let element = element.to_owned();
                    styles.read(&element, &mut xml)?;
                }
                Event::Eof => break,
                _ => {}
            }
        }
    }
    let mut xml = package.xml("content.xml")?;
    loop {
        match xml.next()? {
            Event::Start(element) => {
                let element = element.to_owned();
                match element.local_name().as_ref() {
                    "table" => table::read(&element, &mut xml, &styles, chooser)?,
                    // Both may hold tables that are no sheets.
                    "tracked-changes" | "dde-links" => xml.skip()?,
                    _ => styles.read(&element, &mut xml)?,
                }
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// The manifest tells how each encrypted part is to be decrypted (ODF 1.3 part 2, 4.4).
fn refuse_encrypted<R: Read + Seek>(package: &mut Package<R>) -> Result<(), ConvertError> {
    const MANIFEST: &str = "META-INF/manifest.xml";
    if !package.has(MANIFEST) {
        return Ok(());
    }
    let mut xml = package.xml_list(MANIFEST)?;
    loop {
        match xml.next()? {
            Event::Start(element) if element.local_name().as_ref() == "encryption-data" => {
                return Err(ConvertError::Encrypted);
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}
