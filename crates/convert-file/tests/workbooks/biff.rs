//! Making xls workbooks record by record ([MS-XLS]; BIFF5 is much the same with shorter texts).

use std::io::{Cursor, Write as _};

/// A record: number, length, data.
pub(crate) fn record(id: u16, data: &[u8]) -> Vec<u8> {
    let mut record = id.to_le_bytes().to_vec();
    record.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
    record.extend(data);
    record
}

/// Row, column and style of a cell, and what follows.
fn cell(id: u16, (row, column, style): (u16, u16, u16), rest: &[u8]) -> Vec<u8> {
    let head = [row, column, style].map(u16::to_le_bytes).concat();
    record(id, &[head.as_slice(), rest].concat())
}

pub(crate) fn number(at: (u16, u16, u16), value: f64) -> Vec<u8> {
    cell(0x0203, at, &value.to_le_bytes())
}

pub(crate) fn rk(at: (u16, u16, u16), raw: u32) -> Vec<u8> {
    cell(0x027E, at, &raw.to_le_bytes())
}

pub(crate) fn shared(at: (u16, u16, u16), index: u32) -> Vec<u8> {
    cell(0x00FD, at, &index.to_le_bytes())
}

pub(crate) fn bool_or_error(at: (u16, u16, u16), value: u8, is_error: bool) -> Vec<u8> {
    cell(0x0205, at, &[value, u8::from(is_error)])
}

pub(crate) fn formula(at: (u16, u16, u16), result: [u8; 8]) -> Vec<u8> {
    cell(0x0006, at, &[result.as_slice(), &[0; 6], &[3, 0, 0x1E, 1, 0]].concat())
}

pub(crate) fn many_rk(row: u16, column: u16, cells: &[(u16, u32)]) -> Vec<u8> {
    let mut data = [row, column].map(u16::to_le_bytes).concat();
    for (style, raw) in cells {
        data.extend(style.to_le_bytes());
        data.extend(raw.to_le_bytes());
    }
    data.extend((column + u16::try_from(cells.len()).unwrap() - 1).to_le_bytes());
    record(0x00BD, &data)
}

/// A workbook stream in the making.
pub(crate) struct Biff {
    version: u16,
    globals: Vec<u8>,
    sheets: Vec<Sheet>,
}

struct Sheet {
    name: String,
    state: u8,
    kind: u8,
    records: Vec<u8>,
}

impl Biff {
    pub(crate) fn of_excel_97() -> Self {
        Self {
            version: 0x0600,
            globals: Vec::new(),
            sheets: Vec::new(),
        }
    }

    pub(crate) fn of_excel_95() -> Self {
        Self {
            version: 0x0500,
            globals: Vec::new(),
            sheets: Vec::new(),
        }
    }

    fn is_biff8(&self) -> bool {
        self.version == 0x0600
    }

    pub(crate) fn global(mut self, id: u16, data: &[u8]) -> Self {
        self.globals.extend(record(id, data));
        self
    }

    pub(crate) fn raw_globals(mut self, records: &[u8]) -> Self {
        self.globals.extend(records);
        self
    }

    /// Adds a number format.
    pub(crate) fn format(self, id: u16, code: &str) -> Self {
        let mut data = id.to_le_bytes().to_vec();
        if self.is_biff8() {
            data.extend(u16::try_from(code.len()).unwrap().to_le_bytes());
            data.push(0);
        } else {
            data.push(u8::try_from(code.len()).unwrap());
        }
        data.extend(code.as_bytes());
        self.global(0x041E, &data)
    }

    /// Adds a cell style.
    pub(crate) fn style(self, format: u16) -> Self {
        let mut data = [0, 0].to_vec();
        data.extend(format.to_le_bytes());
        data.resize(if self.is_biff8() { 20 } else { 16 }, 0);
        self.global(0x00E0, &data)
    }

    /// Adds the shared texts, all in one record.
    pub(crate) fn strings(self, texts: &[&str]) -> Self {
        let count = u32::try_from(texts.len()).unwrap().to_le_bytes();
        let mut data = [count, count].concat();
        for text in texts {
            let units: Vec<u16> = text.encode_utf16().collect();
            data.extend(u16::try_from(units.len()).unwrap().to_le_bytes());
            data.push(1);
            data.extend(units.into_iter().flat_map(u16::to_le_bytes));
        }
        self.global(0x00FC, &data)
    }

    /// A text cell of a BIFF5 sheet, in the code page.
    pub(crate) fn label(at: (u16, u16, u16), text: &[u8]) -> Vec<u8> {
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        cell(0x0204, at, &[&length, text].concat())
    }

    pub(crate) fn sheet(self, name: &str, records: &[Vec<u8>]) -> Self {
        self.tab(name, 0, 0, records)
    }

    /// Adds a sheet that may be hidden (`state`) or no worksheet (`kind`).
    pub(crate) fn tab(mut self, name: &str, state: u8, kind: u8, records: &[Vec<u8>]) -> Self {
        self.sheets.push(Sheet {
            name: name.to_owned(),
            state,
            kind,
            records: records.concat(),
        });
        self
    }

    /// The stream, without a container.
    pub(crate) fn stream(&self) -> Vec<u8> {
        let bof = |kind: u16| {
            let mut data = [self.version, kind, 0, 0].map(u16::to_le_bytes).concat();
            data.resize(if self.is_biff8() { 16 } else { 8 }, 0);
            record(0x0809, &data)
        };
        let tab = |sheet: &Sheet, offset: usize| {
            let mut data = u32::try_from(offset).unwrap().to_le_bytes().to_vec();
            data.extend([sheet.state, sheet.kind, u8::try_from(sheet.name.len()).unwrap()]);
            if self.is_biff8() {
                data.push(0);
            }
            data.extend(sheet.name.as_bytes());
            record(0x0085, &data)
        };
        let tabs: usize = self.sheets.iter().map(|sheet| tab(sheet, 0).len()).sum();
        let mut offset = bof(5).len() + self.globals.len() + tabs + 4;
        let mut stream = [bof(5), self.globals.clone()].concat();
        let mut bodies = Vec::new();
        for sheet in &self.sheets {
            stream.extend(tab(sheet, offset));
            let body = [bof(0x10), sheet.records.clone(), record(0x000A, &[])].concat();
            offset += body.len();
            bodies.extend(body);
        }
        stream.extend(record(0x000A, &[]));
        stream.extend(bodies);
        stream
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        contained(if self.is_biff8() { "Workbook" } else { "Book" }, &self.stream())
    }
}

/// A container with one stream.
pub(crate) fn contained(name: &str, stream: &[u8]) -> Vec<u8> {
    let mut container = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    container.create_stream(name).unwrap().write_all(stream).unwrap();
    container.flush().unwrap();
    container.into_inner().into_inner()
}
