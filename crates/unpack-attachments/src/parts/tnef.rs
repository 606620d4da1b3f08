//! `winmail.dat`: the files in Outlook's own container (MS-OXTNEF, MS-OXPROPS).
//!
//! The reader is bounded by its input: every length is checked against what is there, nothing is allocated by a length
//! that a file claims, and an embedded message is handed back as bytes instead of being descended into.

use encoding_rs::UTF_16LE;

use crate::encoding::text::decode;
use crate::parts::tnef_props::{Properties, Value};

/// MS-OXTNEF section 2.1.3.2: `TNEFSignature`.
const SIGNATURE: u32 = 0x223E_9F78;
const LEVEL_MESSAGE: u8 = 1;
const LEVEL_ATTACHMENT: u8 = 2;

/// MS-OXTNEF section 2.1.3.3, without the level and the type in the upper half.
const ID_OEM_CODEPAGE: u16 = 0x9007;
const ID_ATTACH_REND_DATA: u16 = 0x9002;
const ID_ATTACH_DATA: u16 = 0x800F;
const ID_ATTACH_TITLE: u16 = 0x8010;
const ID_ATTACH_TRANSPORT_FILENAME: u16 = 0x9001;
const ID_ATTACHMENT_PROPERTIES: u16 = 0x9005;

/// MS-OXPROPS: `PidTagAttachLongFilename`, `PidTagAttachFilename`, `PidTagDisplayName`, `PidTagAttachDataBinary` or
/// `PidTagAttachDataObject`.
const TAG_LONG_FILENAME: u16 = 0x3707;
const TAG_FILENAME: u16 = 0x3704;
const TAG_DISPLAY_NAME: u16 = 0x3001;
const TAG_DATA: u16 = 0x3701;

/// MS-OXTNEF section 2.1.3.4.2: an embedded message begins with this interface identifier, `IID_IMessage`.
const IID_IMESSAGE: [u8; 16] = [0x07, 0x03, 0x02, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];

/// What a container holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tnef<'a> {
    /// Its files in order; those that are damaged are left out.
    pub attachments: Vec<Attachment<'a>>,
    /// Whether it broke off or contradicts itself.
    pub is_corrupt: bool,
}

/// One file in a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachment<'a> {
    /// The best name it has.
    pub name: Option<String>,
    /// Its bytes.
    pub data: &'a [u8],
    /// Whether `data` is a message in a container of its own.
    pub is_embedded_message: bool,
}

/// Whether `bytes` begin as a container does.
#[must_use]
pub(crate) fn is_tnef(bytes: &[u8]) -> bool {
    bytes.starts_with(&SIGNATURE.to_le_bytes())
}

/// Reads a container. At most `max` files are kept; one more tells the caller that there were too many.
#[must_use]
pub fn read(bytes: &[u8], max: usize) -> Tnef<'_> {
    let mut reader = Reader {
        tnef: Tnef::default(),
        current: None,
        code_page: 1252,
        max,
    };
    if !is_tnef(bytes) {
        reader.tnef.is_corrupt = true;
        return reader.tnef;
    }
    // The signature and a legacy key that no reader needs.
    let Some(mut rest) = bytes.get(6..) else {
        reader.tnef.is_corrupt = true;
        return reader.tnef;
    };
    while !rest.is_empty() {
        let Some((attribute, after)) = Attribute::split(rest) else {
            reader.tnef.is_corrupt = true;
            break;
        };
        reader.take(&attribute);
        rest = after;
    }
    reader.end_attachment();
    reader.tnef
}

/// Level, identifier, length, data, checksum (MS-OXTNEF section 2.1.3.3).
struct Attribute<'a> {
    level: u8,
    id: u16,
    data: &'a [u8],
    is_intact: bool,
}

impl<'a> Attribute<'a> {
    /// `None` where the file ends too early or is no longer in step.
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (&level, rest) = bytes.split_first()?;
        let (id, rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (data, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        let (checksum, rest) = rest.split_first_chunk::<2>()?;
        let sum = data.iter().fold(0_u16, |sum, &byte| sum.wrapping_add(u16::from(byte)));
        let is_level = level == LEVEL_MESSAGE || level == LEVEL_ATTACHMENT;
        let [low, high, ..] = *id;
        let attribute = Self {
            level,
            id: u16::from_le_bytes([low, high]),
            data,
            is_intact: sum == u16::from_le_bytes(*checksum),
        };
        is_level.then_some((attribute, rest))
    }
}

/// The attachment that is being read, its names from worst to best.
#[derive(Default)]
struct Open<'a> {
    title: Option<String>,
    transport_name: Option<String>,
    display_name: Option<String>,
    short_name: Option<String>,
    long_name: Option<String>,
    data: Option<&'a [u8]>,
    embedded: Option<&'a [u8]>,
    is_damaged: bool,
}

struct Reader<'a> {
    tnef: Tnef<'a>,
    current: Option<Open<'a>>,
    code_page: u32,
    max: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, attribute: &Attribute<'a>) {
        self.tnef.is_corrupt |= !attribute.is_intact;
        if attribute.level == LEVEL_MESSAGE {
            if attribute.id == ID_OEM_CODEPAGE
                && let Some(code_page) = attribute.data.first_chunk::<4>()
            {
                self.code_page = u32::from_le_bytes(*code_page);
            }
            return;
        }
        if attribute.id == ID_ATTACH_REND_DATA {
            self.end_attachment();
        }
        let code_page = self.code_page;
        let open = self.current.get_or_insert_default();
        // A damaged title or preview does not spoil the file.
        let brings_data = matches!(attribute.id, ID_ATTACH_DATA | ID_ATTACHMENT_PROPERTIES);
        open.is_damaged |= brings_data && !attribute.is_intact;
        match attribute.id {
            ID_ATTACH_DATA => open.data = Some(attribute.data),
            ID_ATTACH_TITLE => open.title = Some(ansi(attribute.data, code_page)),
            ID_ATTACH_TRANSPORT_FILENAME => open.transport_name = Some(ansi(attribute.data, code_page)),
            ID_ATTACHMENT_PROPERTIES => {
                let mut properties = Properties::new(attribute.data);
                for (tag, value) in properties.by_ref() {
                    open.take(tag, value, code_page);
                }
                self.tnef.is_corrupt |= properties.is_corrupt();
            }
            _ => {}
        }
    }

    fn end_attachment(&mut self) {
        let Some(open) = self.current.take() else { return };
        if open.is_damaged || self.tnef.attachments.len() > self.max {
            return;
        }
        let names = [
            open.long_name,
            open.transport_name,
            open.title,
            open.short_name,
            open.display_name,
        ];
        let name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
        let embedded = open.embedded.filter(|data| is_tnef(data));
        // A file of no bytes is a file; an attachment without data is only a picture in the text.
        if let Some(data) = embedded.or(open.data).or(open.embedded) {
            self.tnef.attachments.push(Attachment {
                name,
                data,
                is_embedded_message: embedded.is_some(),
            });
        }
    }
}

impl<'a> Open<'a> {
    fn take(&mut self, tag: u16, value: Value<'a>, code_page: u32) {
        match (tag, value) {
            (TAG_LONG_FILENAME, value) => self.long_name = text(value, code_page),
            (TAG_FILENAME, value) => self.short_name = text(value, code_page),
            (TAG_DISPLAY_NAME, value) => self.display_name = text(value, code_page),
            (TAG_DATA, Value::Binary(data)) => self.data = self.data.filter(|data| !data.is_empty()).or(Some(data)),
            (TAG_DATA, Value::Object(data)) => {
                self.embedded = Some(data.strip_prefix(&IID_IMESSAGE).unwrap_or(data));
            }
            _ => {}
        }
    }
}

fn text(value: Value<'_>, code_page: u32) -> Option<String> {
    match value {
        Value::String8(bytes) => Some(ansi(bytes, code_page)),
        Value::Unicode(bytes) => {
            let (text, _) = UTF_16LE.decode_without_bom_handling(bytes);
            Some(text.split('\0').next().unwrap_or_default().to_owned())
        }
        _ => None,
    }
}

/// A string up to its NUL in the container's code page.
fn ansi(bytes: &[u8], code_page: u32) -> String {
    let text = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    let charset = match code_page {
        932 => "shift_jis".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        65001 => "utf-8".to_owned(),
        page => format!("cp{page}"),
    };
    decode(text, &charset).into_owned()
}
