//! One row of rendered cells, and how it lies in the temporary file.

use std::io::{self, Read, Write};

use crate::value::Value;

/// A cell of a row: its column, and where its text lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) column: u32,
    start: u32,
    end: u32,
}

impl Slot {
    /// Nobody keeps texts of more than 4 GiB: [`Grid`](crate::grid::Grid) sees to that.
    pub(crate) fn new(column: u32, start: usize, end: usize) -> Self {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            column,
            start: place(start),
            end: place(end),
        }
    }

    pub(crate) fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// The filled cells of one row.
#[derive(Debug, Default)]
pub(crate) struct Row {
    slots: Vec<Slot>,
    text: String,
    disordered: bool,
    forgetting: bool,
}

impl Row {
    pub(crate) fn push(&mut self, column: u32, value: Value<'_>) {
        let start = self.text.len();
        if !self.forgetting {
            value.render(&mut self.text);
        }
        self.add(Slot::new(column, start, self.text.len()));
    }

    pub(crate) fn push_text(&mut self, column: u32, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.add(Slot::new(column, start, self.text.len()));
    }

    fn add(&mut self, slot: Slot) {
        self.disordered |= self.slots.last().is_some_and(|last| last.column >= slot.column);
        self.slots.push(slot);
    }

    /// Brings the cells into order; of two at one place the later stays.
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.disordered) {
            self.slots.reverse();
            self.slots.sort_by_key(|slot| slot.column);
            self.slots.dedup_by_key(|slot| slot.column);
        }
    }

    /// The cells from left to right, each with its column. Call [`settle`](Self::settle) first.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (u32, &str)> {
        self.slots.iter().map(|slot| (slot.column, slot.text(&self.text)))
    }

    pub(crate) fn filled(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn text_bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.text.clear();
        self.disordered = false;
    }

    /// From now on only the places of cells are kept.
    pub(crate) fn forget_text(&mut self) {
        self.text = String::new();
        self.forgetting = true;
        for slot in &mut self.slots {
            *slot = Slot::new(slot.column, 0, 0);
        }
    }

    /// Writes the row; returns how many bytes it took.
    pub(crate) fn store(&self, number: u32, out: &mut impl Write) -> io::Result<u64> {
        out.write_all(&number.to_le_bytes())?;
        out.write_all(&length(self.slots.len())?)?;
        let mut bytes = 8;
        for (column, text) in self.cells() {
            out.write_all(&column.to_le_bytes())?;
            out.write_all(&length(text.len())?)?;
            out.write_all(text.as_bytes())?;
            bytes += 8 + text.len() as u64;
        }
        Ok(bytes)
    }

    /// Reads the next row that was stored, and its number; `None` at the end.
    pub(crate) fn load(&mut self, input: &mut impl Read) -> io::Result<Option<u32>> {
        self.clear();
        let mut word = [0; 4];
        if input.read(word.get_mut(..1).unwrap_or_default())? == 0 {
            return Ok(None);
        }
        input.read_exact(word.get_mut(1..).unwrap_or_default())?;
        let number = u32::from_le_bytes(word);
        let count = read_word(input)?;
        let mut bytes = std::mem::take(&mut self.text).into_bytes();
        for _ in 0..count {
            let column = read_word(input)?;
            let length = read_word(input)? as usize;
            let start = bytes.len();
            let end = start + length;
            bytes.resize(end, 0);
            input.read_exact(bytes.get_mut(start..).unwrap_or_default())?;
            self.slots.push(Slot::new(column, start, end));
        }
        self.text = String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Some(number))
    }
}

fn length(length: usize) -> io::Result<[u8; 4]> {
    u32::try_from(length)
        .map(u32::to_le_bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

fn read_word(input: &mut impl Read) -> io::Result<u32> {
    let mut word = [0; 4];
    input.read_exact(&mut word)?;
    Ok(u32::from_le_bytes(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_cells_at_one_place_the_later_stays() {
        let mut row = Row::default();
        for (column, text) in [(2, "c"), (0, "a"), (2, "C"), (1, "b"), (0, "A")] {
            row.push_text(column, text);
        }
        row.settle();
        assert_eq!(row.cells().collect::<Vec<_>>(), [(0, "A"), (1, "b"), (2, "C")]);
    }

    #[test]
    fn a_stored_row_is_read_back() {
        let mut row = Row::default();
        row.push_text(0, "MPAN");
        row.push_text(7, "Zählpunkt, \"A\"\n");
        let mut file = Vec::new();
        row.store(3, &mut file).unwrap();
        row.store(9, &mut file).unwrap();
        let mut input = file.as_slice();
        let mut read = Row::default();
        assert_eq!(read.load(&mut input).unwrap(), Some(3));
        assert_eq!(read.cells().collect::<Vec<_>>(), row.cells().collect::<Vec<_>>());
        assert_eq!(read.load(&mut input).unwrap(), Some(9));
        assert_eq!(read.load(&mut input).unwrap(), None);
    }
}
