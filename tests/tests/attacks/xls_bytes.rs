//! An xls of records and sectors that say anything ([MS-XLS] 2.1.4, [MS-CFB] 2).

/// What becomes of [`sound`].
pub(crate) const CSV: &str = "1,2,3\n1,2,3\n";

/// A record.
pub(crate) fn record(id: u16, data: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

/// The beginning of the workbook (5) or of a worksheet (16).
pub(crate) fn begin(kind: u16) -> Vec<u8> {
    record(
        0x0809,
        &[&0x0600_u16.to_le_bytes()[..], &kind.to_le_bytes(), &[0; 12]].concat(),
    )
}

pub(crate) fn end() -> Vec<u8> {
    record(0x000A, &[])
}

/// A number in a cell.
pub(crate) fn number(row: u16, column: u16, value: f64) -> Vec<u8> {
    let place = [row.to_le_bytes(), column.to_le_bytes(), [0, 0]].concat();
    record(0x0203, &[&place[..], &value.to_le_bytes()].concat())
}

/// A sheet in the list of sheets.
pub(crate) fn tab(offset: u32, is_hidden: bool) -> Vec<u8> {
    record(
        0x0085,
        &[&offset.to_le_bytes()[..], &[u8::from(is_hidden), 0, 1, 0, b'R']].concat(),
    )
}

/// Two rows of three numbers.
pub(crate) fn rows() -> Vec<u8> {
    let cells = (0..2_u16).flat_map(|row| (0..3_u16).map(move |column| number(row, column, f64::from(column) + 1.0)));
    cells.collect::<Vec<_>>().concat()
}

/// A stream of records: a workbook of one sheet, with more in its globals and in its sheet.
pub(crate) fn stream(globals: &[u8], cells: &[u8]) -> Vec<u8> {
    let listed = |offset: u32| [begin(5), globals.to_vec(), tab(offset, false), end()].concat();
    let offset = listed(0).len() as u32;
    [listed(offset), begin(16), rows(), cells.to_vec(), end()].concat()
}

pub(crate) const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
pub(crate) const FREE: u32 = 0xFFFF_FFFF;
const SECTOR: usize = 512;

/// A compound file: one sector of the allocation table, one of the directory, then the workbook's stream.
pub(crate) struct Compound {
    pub(crate) header: Vec<u8>,
    pub(crate) table: Vec<u32>,
    pub(crate) directory: Vec<u8>,
    pub(crate) rest: Vec<u8>,
}

impl Compound {
    /// A sound one, of at most 60 KiB.
    pub(crate) fn of(name: &str, stream: &[u8]) -> Self {
        let mut rest = stream.to_vec();
        rest.resize(rest.len().max(4096).next_multiple_of(SECTOR), 0);
        let sectors = (rest.len() / SECTOR) as u32;
        let mut table = vec![0xFFFF_FFFD, END_OF_CHAIN];
        table.extend((1..sectors).map(|next| next + 2));
        table.push(END_OF_CHAIN);
        let mut header = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
        header.extend([0; 16]);
        header.extend([0x3E, 0, 3, 0, 0xFE, 0xFF, 9, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
        for field in [0, 1, 1, 0, 4096, END_OF_CHAIN, 0, END_OF_CHAIN, 0, 0] {
            header.extend(u32::to_le_bytes(field));
        }
        header.resize(SECTOR, 0xFF);
        let directory = [
            entry("Root Entry", 5, 1, END_OF_CHAIN, 0),
            entry(name, 2, FREE, 2, rest.len() as u64),
        ];
        Self {
            header,
            table,
            directory: directory.concat(),
            rest,
        }
    }

    /// Changes four bytes of the header.
    pub(crate) fn set(mut self, at: usize, value: u32) -> Self {
        self.header[at..at + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.clone();
        let mut table = self.table.clone();
        table.resize(SECTOR / 4, FREE);
        bytes.extend(table.iter().flat_map(|next| next.to_le_bytes()));
        let mut directory = self.directory.clone();
        directory.resize(SECTOR, 0);
        bytes.extend(directory);
        bytes.extend(&self.rest);
        bytes
    }
}

/// An entry of the directory.
pub(crate) fn entry(name: &str, kind: u8, child: u32, start: u32, size: u64) -> Vec<u8> {
    let mut bytes: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = bytes.len() as u16 + 2;
    bytes.resize(64, 0);
    bytes.extend(length.to_le_bytes());
    bytes.extend([kind, 1]);
    for link in [FREE, FREE, child] {
        bytes.extend(link.to_le_bytes());
    }
    bytes.extend([0; 36]);
    bytes.extend(start.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes
}
