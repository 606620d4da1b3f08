//! The strings that a workbook's cells share.

use pipeline_core::{Limits, bytes_in_words};

use crate::error::ConvertError;

/// What is kept of a string beside its text: where it ends.
const END_BYTES: u64 = size_of::<u32>() as u64;

/// Strings by number, in one piece of memory. A workbook of readings has a few kilobytes of them.
#[derive(Debug, Default)]
pub(crate) struct TextPool {
    text: String,
    ends: Vec<u32>,
    most: u64,
}

impl TextPool {
    /// An empty pool, which takes no more memory than `limits` allow.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.shared_texts_bytes.min(u32::MAX.into()),
            ..Self::default()
        }
    }

    /// Adds the next string, which `write` appends to what is there.
    pub(crate) fn add<T>(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<T, ConvertError>,
    ) -> Result<T, ConvertError> {
        let result = write(&mut self.text)?;
        let taken = self.text.len() as u64 + END_BYTES * (self.ends.len() as u64 + 1);
        let end = u32::try_from(self.text.len()).ok().filter(|_| taken <= self.most);
        let too_large = || {
            let most = bytes_in_words(self.most);
            ConvertError::TooLarge(format!("its shared texts are more than {most}"))
        };
        self.ends.push(end.ok_or_else(too_large)?);
        Ok(result)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize,
            None => 0,
        };
        self.text.get(start..*self.ends.get(index)? as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_by_their_number() {
        let mut pool = TextPool::new(&Limits::default());
        for text in ["MPAN", "", "Zähler"] {
            pool.add(|out| {
                out.push_str(text);
                Ok(())
            })
            .unwrap();
        }
        assert_eq!(
            (pool.get(0), pool.get(1), pool.get(2), pool.get(3)),
            (Some("MPAN"), Some(""), Some("Zähler"), None)
        );
    }

    #[test]
    fn empty_strings_take_room_too() {
        let mut pool = TextPool::new(&Limits {
            shared_texts_bytes: 100,
            ..Limits::default()
        });
        let added = (0..100).take_while(|_| pool.add(|_| Ok(())).is_ok()).count();
        assert_eq!(added, 25);
    }
}
