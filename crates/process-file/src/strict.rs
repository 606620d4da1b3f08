//! A strict CSV parser for the tests: it refuses what Ruby's `CSV` refuses, as the importer uses that.

/// The records of a text, or what is illegal in it. A record without any field is a blank line.
pub(crate) fn parse(text: &str, delimiter: char) -> Result<Vec<Vec<String>>, String> {
    let mut records = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (record, behind) = record(rest, delimiter)?;
        records.push(record);
        rest = behind;
    }
    Ok(records)
}

fn record(text: &str, delimiter: char) -> Result<(Vec<String>, &str), String> {
    if let Some(behind) = text.strip_prefix('\n') {
        return Ok((Vec::new(), behind));
    }
    let mut record = Vec::new();
    let mut rest = text;
    loop {
        let (field, behind) = match rest.strip_prefix('"') {
            Some(inside) => quoted(inside)?,
            None => unquoted(rest, delimiter)?,
        };
        record.push(field);
        let mut behind = behind.chars();
        let terminator = behind.next();
        rest = behind.as_str();
        match terminator {
            None | Some('\n') => return Ok((record, rest)),
            Some(c) if c == delimiter => {}
            Some(c) => return Err(format!("{c:?} after a quoted field")),
        }
    }
}

fn quoted(inside: &str) -> Result<(String, &str), String> {
    let mut value = String::new();
    let mut rest = inside;
    loop {
        let (text, behind) = rest.split_once('"').ok_or("a quoted field is not closed")?;
        value.push_str(text);
        rest = behind;
        match rest.strip_prefix('"') {
            Some(behind) => rest = behind,
            None => return Ok((value, rest)),
        }
        value.push('"');
    }
}

fn unquoted(text: &str, delimiter: char) -> Result<(String, &str), String> {
    let end = text.find([delimiter, '\n']).unwrap_or(text.len());
    let (value, behind) = text.split_at(end);
    match value.find(['"', '\r']) {
        Some(_) => Err(format!("a quote or CR in the unquoted field {value:?}")),
        None => Ok((value.to_owned(), behind)),
    }
}
