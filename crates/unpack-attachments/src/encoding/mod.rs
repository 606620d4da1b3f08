//! Bytes to text and back: lines, charsets, and what mail systems did to both.

pub(crate) mod base64;
pub(crate) mod encoded_word;
pub(crate) mod in_place;
pub(crate) mod lines;
pub(crate) mod text;
pub(crate) mod transfer;
pub(crate) mod uuencode;
