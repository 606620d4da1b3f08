//! xlsb: the same workbook as xlsx in binary parts ([MS-XLSB]).

mod cells;
mod records;
mod styles;

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};

use crate::date::Epoch;
use crate::error::ConvertError;
use crate::package::{Package, Relation};
use crate::package_sheets::{Shared, Tab, too_many};
use crate::sheet_chooser::SheetChooser;
use crate::text_pool::TextPool;
use records::{Records, id};

/// Shows all worksheets to the chooser.
pub(crate) fn read<R: Read + Seek>(
    package: &mut Package<R>,
    chooser: &mut SheetChooser<'_>,
) -> Result<(), ConvertError> {
    let part = package
        .relations("")?
        .into_iter()
        .find(|relation| relation.kind == "officeDocument")
        .map(|relation| relation.target)
        .filter(|part| package.has(part))
        .or_else(|| package.named("workbook", ".bin"))
        .unwrap_or_else(|| "xl/workbook.bin".to_owned());
    let (epoch, tabs) = read_workbook(package, &part)?;
    let relations = package.relations(&part)?;
    let shared = Shared {
        strings: match related(package, &relations, "sharedStrings") {
            Some(part) => read_strings(package, part)?,
            None => TextPool::default(),
        },
        formats: match related(package, &relations, "styles") {
            Some(part) => styles::read(&mut Records::new(package.list(part)?))?,
            None => Vec::new(),
        },
        epoch,
    };
    let by_id: HashMap<&str, &Relation> = relations
        .iter()
        .map(|relation| (relation.id.as_str(), relation))
        .collect();
    let mut seen = HashSet::new();
    for tab in &tabs {
        let relation = by_id.get(tab.relation.as_str());
        if relation.is_some_and(|relation| relation.kind != "worksheet") {
            continue;
        }
        // No two sheets are one; who lists a sheet again wants to keep us busy.
        if !seen.insert(relation.map(|relation| relation.target.as_str())) {
            continue;
        }
        chooser.begin(&tab.name, tab.hidden)?;
        let result = match relation {
            Some(relation) => package
                .part(&relation.target)
                .and_then(|part| cells::read(&mut Records::new(part), &shared, chooser)),
            None => Err(ConvertError::corrupt("a sheet has no part")),
        };
        match result {
            Ok(()) => chooser.end(!tab.hidden)?,
            Err(error) => chooser.end_broken(!tab.hidden, error)?,
        }
    }
    Ok(())
}

fn related<'r, R: Read + Seek>(package: &Package<R>, relations: &'r [Relation], kind: &str) -> Option<&'r str> {
    relations
        .iter()
        .find(|relation| relation.kind == kind)
        .map(|relation| relation.target.as_str())
        .filter(|part| package.has(part))
}

/// The date system and the sheets (2.1.7.61).
fn read_workbook<R: Read + Seek>(package: &mut Package<R>, part: &str) -> Result<(Epoch, Vec<Tab>), ConvertError> {
    let most = package.limits().members;
    let mut records = Records::new(package.list(part)?);
    let mut epoch = Epoch::Y1900;
    let mut tabs = Vec::new();
    while let Some((id, mut fields)) = records.next()? {
        match id {
            id::WB_PROP if fields.u32().is_some_and(|flags| flags & 1 == 1) => epoch = Epoch::Y1904,
            id::BUNDLE_SH => {
                let state = fields.u32();
                fields.u32();
                let relation = fields.wide_string();
                let (Some(state), Some(relation), Some(name)) = (state, relation, fields.wide_string()) else {
                    return Err(ConvertError::corrupt("its list of sheets is cut short"));
                };
                if tabs.len() as u64 >= most {
                    return Err(too_many(most));
                }
                tabs.push(Tab {
                    name: name.into_owned(),
                    relation: relation.into_owned(),
                    hidden: state != 0,
                });
            }
            _ => {}
        }
    }
    Ok((epoch, tabs))
}

fn read_strings<R: Read + Seek>(package: &mut Package<R>, part: &str) -> Result<TextPool, ConvertError> {
    let mut strings = TextPool::new(package.limits());
    let mut records = Records::new(package.part(part)?);
    while let Some((id, mut fields)) = records.next()? {
        if id == id::SST_ITEM {
            strings.add(|out| {
                fields.u8();
                let text = fields
                    .wide_string()
                    .ok_or_else(|| ConvertError::corrupt("a shared text is cut short"))?;
                out.push_str(&text);
                Ok(())
            })?;
        }
    }
    Ok(strings)
}
