//! xlsx and xlsm: SpreadsheetML in a package (ECMA-376, transitional and strict).

mod cells;
mod cursor;
mod place;
mod plain;
mod rich_text;
mod styles;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Read, Seek};

use quick_xml::events::Event;

use crate::date::Epoch;
use crate::error::ConvertError;
use crate::package::{Package, Relation};
use crate::package_sheets::{Shared, Tab, too_many};
use crate::sheet_chooser::SheetChooser;
use crate::text_pool::TextPool;
use crate::utf8_reader::Utf8Reader;
use crate::xml::{Xml, attribute, is_true};

/// The content of the workbook part.
#[derive(Debug, Default)]
struct Workbook {
    epoch: Epoch,
    sheets: Vec<Tab>,
}

/// Shows all worksheets to the chooser.
pub(crate) fn read<R: Read + Seek>(
    package: &mut Package<R>,
    chooser: &mut SheetChooser<'_>,
) -> Result<(), ConvertError> {
    let part = workbook_part(package)?;
    let workbook = read_workbook(package, &part)?;
    let relations = package.relations(&part)?;
    let shared = Shared {
        strings: match related(package, &relations, &part, "sharedStrings") {
            Some(part) => read_strings(package, &part)?,
            None => TextPool::default(),
        },
        formats: match related(package, &relations, &part, "styles") {
            Some(part) => styles::read(&mut package.xml_list(&part)?)?,
            None => Vec::new(),
        },
        epoch: workbook.epoch,
    };
    let by_id: HashMap<&str, &Relation> = relations
        .iter()
        .map(|relation| (relation.id.as_str(), relation))
        .collect();
    let mut seen = HashSet::new();
    for (number, tab) in workbook.sheets.iter().enumerate() {
        let relation = by_id.get(tab.relation.as_str());
        if relation.is_some_and(|relation| relation.kind != "worksheet") {
            continue;
        }
        let part = relation.map_or_else(
            || format!("xl/worksheets/sheet{}.xml", number + 1),
            |relation| relation.target.clone(),
        );
        // No two sheets are one; who lists a sheet again wants to keep us busy.
        if !seen.insert(part.clone()) {
            continue;
        }
        chooser.begin(&tab.name, tab.hidden)?;
        let result = package
            .xml(&part)
            .and_then(|mut xml| cells::read(&mut xml, &shared, chooser));
        match result {
            Ok(()) => chooser.end(!tab.hidden)?,
            Err(error) => chooser.end_broken(!tab.hidden, error)?,
        }
    }
    Ok(())
}

/// The package says which part is the workbook; without a word it is where everybody puts it.
fn workbook_part<R: Read + Seek>(package: &mut Package<R>) -> Result<String, ConvertError> {
    let relations = package.relations("")?;
    Ok(relations
        .into_iter()
        .find(|relation| relation.kind == "officeDocument")
        .map(|relation| relation.target)
        .filter(|part| package.has(part))
        .or_else(|| package.named("workbook", ".xml"))
        .unwrap_or_else(|| "xl/workbook.xml".to_owned()))
}

/// The part of a kind that the workbook relates to, else the part that has the usual name.
fn related<R: Read + Seek>(package: &Package<R>, relations: &[Relation], workbook: &str, kind: &str) -> Option<String> {
    let related = relations
        .iter()
        .find(|relation| relation.kind == kind)
        .map(|relation| relation.target.clone());
    let folder = workbook.rsplit_once('/').map_or("", |(folder, _)| folder);
    related
        .or_else(|| Some(format!("{folder}/{kind}.xml")))
        .filter(|part| package.has(part))
}

fn read_workbook<R: Read + Seek>(package: &mut Package<R>, part: &str) -> Result<Workbook, ConvertError> {
    let most = package.limits().members;
    let mut xml = package.xml_list(part)?;
    let mut workbook = Workbook::default();
    loop {
        match xml.next()? {
            Event::Start(element) => match element.local_name().as_ref() {
                "workbookPr" if attribute(&element, "date1904").is_some_and(|value| is_true(&value)) => {
                    workbook.epoch = Epoch::Y1904;
                }
                "sheet" if workbook.sheets.len() as u64 >= most => return Err(too_many(most)),
                "sheet" => workbook.sheets.push(Tab {
                    name: attribute(&element, "name").unwrap_or_default().into_owned(),
                    relation: attribute(&element, "id").unwrap_or_default().into_owned(),
                    hidden: attribute(&element, "state")
                        .is_some_and(|state| state.to_ascii_lowercase().ends_with("hidden")),
                }),
                _ => {}
            },
            Event::Eof => return Ok(workbook),
            _ => {}
        }
    }
}

fn read_strings<R: Read + Seek>(package: &mut Package<R>, part: &str) -> Result<TextPool, ConvertError> {
    let mut strings = TextPool::new(package.limits());
    let mut xml = package.xml(part)?;
    loop {
        match xml.next()? {
            Event::Start(element) => {
                if element.local_name().as_ref() == "si" {
                    strings.add(|out| rich_text::read(&mut xml, out))?;
                }
                read_plain_strings(&mut xml, &mut strings)?;
            }
            Event::Eof => return Ok(strings),
            _ => {}
        }
    }
}

/// Adds the strings that come next, as far as they are plain.
fn read_plain_strings<R: BufRead>(xml: &mut Xml<Utf8Reader<R>>, strings: &mut TextPool) -> Result<(), ConvertError> {
    let window = xml.window()?;
    let mut rest = window;
    while let Some((text, length)) = plain::string(rest) {
        strings.add(|out| {
            cursor::push_resolved(text, out);
            Ok(())
        })?;
        rest = rest.get(length..).unwrap_or_default();
    }
    let read = window.len() - rest.len();
    xml.consume(read);
    Ok(())
}
