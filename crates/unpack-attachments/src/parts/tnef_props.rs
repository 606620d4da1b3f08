//! The property list inside an attachment of a TNEF container (MS-OXTNEF section 2.1.3.4, MS-OXCDATA section 2.11.1).

/// A property's value, as far as files need it. Borrowed: nothing is allocated by a length that the list claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// `PtypString8`, in the container's code page.
    String8(&'a [u8]),
    /// `PtypString`, UTF-16LE.
    Unicode(&'a [u8]),
    /// `PtypBinary`.
    Binary(&'a [u8]),
    /// `PtypObject`: an interface identifier and its data.
    Object(&'a [u8]),
    /// Numbers, dates and what has several values.
    Other,
}

/// Iterates over a property list: tags without their type, and values.
#[derive(Debug)]
pub(crate) struct Properties<'a> {
    rest: &'a [u8],
    left: u32,
    is_corrupt: bool,
}

impl<'a> Properties<'a> {
    /// The list in `bytes`, which begin with the number of properties.
    #[must_use]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let (left, rest, is_corrupt) = match bytes.split_first_chunk::<4>() {
            Some((count, rest)) => (u32::from_le_bytes(*count), rest, false),
            None => (0, bytes, true),
        };
        Self { rest, left, is_corrupt }
    }

    /// Whether the list broke off, or has a property of no known type.
    #[must_use]
    pub(crate) const fn is_corrupt(&self) -> bool {
        self.is_corrupt
    }

    fn property(&mut self) -> Option<(u16, Value<'a>)> {
        let tag = self.u32()?;
        let (kind, id) = (tag & 0xFFFF, tag >> 16);
        if id >= 0x8000 {
            self.skip_name()?;
        }
        let value = self.value(kind)?;
        Some((u16::try_from(id).ok()?, value))
    }

    /// A named property bears its name: a GUID, and a number or a string (MS-OXTNEF section 2.1.3.4.1).
    fn skip_name(&mut self) -> Option<()> {
        self.take(16)?;
        match self.u32()? {
            0 => self.take(4).map(drop),
            _ => self.padded().map(drop),
        }
    }

    fn value(&mut self, kind: u32) -> Option<Value<'a>> {
        const MULTIPLE: u32 = 0x1000;
        let base = kind & !MULTIPLE;
        let fixed = match base {
            0x0001 => Some(0),
            0x0002 | 0x0003 | 0x0004 | 0x000A | 0x000B => Some(4),
            0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => Some(8),
            0x0048 => Some(16),
            _ => None,
        };
        if let Some(size) = fixed {
            let count = if kind & MULTIPLE == 0 { 1 } else { self.count()? };
            self.take(count.checked_mul(size)?)?;
            return Some(Value::Other);
        }
        // Strings, binaries and objects are lists in any case, mostly of one.
        let count = self.count()?;
        let mut first = None;
        for _ in 0..count {
            let bytes = self.padded()?;
            first.get_or_insert(bytes);
        }
        let Some(bytes) = first.filter(|_| kind & MULTIPLE == 0) else {
            return Some(Value::Other);
        };
        match base {
            0x001E => Some(Value::String8(bytes)),
            0x001F => Some(Value::Unicode(bytes)),
            0x0102 => Some(Value::Binary(bytes)),
            0x000D => Some(Value::Object(bytes)),
            _ => None,
        }
    }

    /// A number of values; each takes at least four bytes, so a larger one than fits is a lie.
    fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.u32()?).ok()?;
        (count <= self.rest.len()).then_some(count)
    }

    /// A length, as many bytes, and padding to a multiple of four, which some writers leave out at the end.
    fn padded(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u32()?).ok()?;
        let bytes = self.take(length)?;
        let padding = length.next_multiple_of(4) - length;
        self.take(padding.min(self.rest.len()))?;
        Some(bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        let (number, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*number))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Properties<'a> {
    type Item = (u16, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let property = self.property();
        if property.is_none() {
            self.is_corrupt = true;
            self.left = 0;
        }
        property
    }
}
