//! Writes `winmail.dat` containers (MS-OXTNEF) as Exchange does.

/// A container of some attachments.
#[derive(Default)]
pub struct Winmail {
    bytes: Vec<u8>,
}

impl Winmail {
    pub fn new() -> Self {
        let mut winmail = Self::default();
        winmail.bytes.extend(0x223E_9F78_u32.to_le_bytes());
        winmail.bytes.extend(1_u16.to_le_bytes());
        winmail.attribute(1, 0x0008_9006, &0x0001_0000_u32.to_le_bytes());
        winmail.attribute(1, 0x0006_9007, &[0xE4, 0x04, 0, 0, 0, 0, 0, 0]);
        winmail.attribute(1, 0x0007_8008, b"IPM.Microsoft Mail.Note\0");
        winmail
    }

    /// A file with a short name in its title and a long one in its properties.
    pub fn file(mut self, title: &str, long_name: Option<&str>, data: &[u8]) -> Self {
        self.attribute(
            2,
            0x0006_9002,
            &[1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x20, 0, 0x20, 0, 0, 0, 0, 0],
        );
        self.attribute(2, 0x0001_8010, &[title.as_bytes(), b"\0"].concat());
        self.attribute(2, 0x0006_800F, data);
        let mut properties = vec![(0x3705_0003, 1_u32.to_le_bytes().to_vec())];
        if let Some(name) = long_name {
            let utf16: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
            properties.push((0x3707_001F, counted(&utf16)));
        }
        self.attribute(2, 0x0006_9005, &property_list(&properties));
        self
    }

    /// An embedded message, which is a container of its own.
    pub fn message(mut self, title: &str, inner: &Self) -> Self {
        self.attribute(
            2,
            0x0006_9002,
            &[1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x20, 0, 0x20, 0, 0, 0, 0, 0],
        );
        self.attribute(2, 0x0001_8010, &[title.as_bytes(), b"\0"].concat());
        let iid = [0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
        let object = counted(&[&iid[..], &inner.bytes].concat());
        self.attribute(
            2,
            0x0006_9005,
            &property_list(&[(0x3705_0003, 5_u32.to_le_bytes().to_vec()), (0x3701_000D, object)]),
        );
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    fn attribute(&mut self, level: u8, id: u32, data: &[u8]) {
        self.bytes.push(level);
        self.bytes.extend(id.to_le_bytes());
        self.bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        self.bytes.extend(data);
        let sum = data.iter().fold(0_u16, |sum, &byte| sum.wrapping_add(u16::from(byte)));
        self.bytes.extend(sum.to_le_bytes());
    }
}

fn property_list(properties: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut list = u32::try_from(properties.len()).unwrap().to_le_bytes().to_vec();
    for (tag, value) in properties {
        list.extend(tag.to_le_bytes());
        list.extend(value);
    }
    list
}

/// One value of variable length: the number of values, its length, its bytes, padding.
fn counted(bytes: &[u8]) -> Vec<u8> {
    let mut value = 1_u32.to_le_bytes().to_vec();
    value.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    value.extend(bytes);
    value.resize(value.len().next_multiple_of(4), 0);
    value
}
