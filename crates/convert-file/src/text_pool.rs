//! The strings that a workbook's cells share.

use crate::error::ConvertError;

/// All shared strings are held in memory; a workbook of readings has a few kilobytes of them.
const POOL_BYTES: usize = 256 * 1024 * 1024;
/// And so is where each ends.
const POOL_STRINGS: usize = 16 * 1024 * 1024;

/// Strings by number, in one piece of memory.
#[derive(Debug, Default)]
pub(crate) struct TextPool {
    text: String,
    ends: Vec<usize>,
}

impl TextPool {
    /// Adds the next string, which `write` appends to what is there.
    pub(crate) fn add<T>(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<T, ConvertError>,
    ) -> Result<T, ConvertError> {
        let result = write(&mut self.text)?;
        if self.text.len() > POOL_BYTES || self.ends.len() >= POOL_STRINGS {
            return Err(ConvertError::TooLarge(
                "its shared texts are more than 256 MiB".to_owned(),
            ));
        }
        self.ends.push(self.text.len());
        Ok(result)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&str> {
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(start..*self.ends.get(index)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_by_their_number() {
        let mut pool = TextPool::default();
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
}
