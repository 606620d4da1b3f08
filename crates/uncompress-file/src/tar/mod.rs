//! Tar: ustar and pax (POSIX.1-2017, `pax`), GNU, and the old one of Unix version 7.

mod block;
mod extension;
mod unpack;
mod walk;

pub(crate) use block::{BLOCK, is_tar};
pub(crate) use unpack::{count_members, unpack};
