//! Buckets, objects and uploads as folders and files. No HTTP and no async here: every call blocks.

mod data_dir;
mod digest;
mod error;
mod locate;
mod sidecar;
mod spool;
mod uploads;
mod walk;
mod write;

pub(crate) use data_dir::{DataDir, LockedBucket};
pub(crate) use digest::{Algorithm, Checksum, ChecksumKind, base64};
pub(crate) use error::StoreError;
pub(crate) use locate::Object;
pub(crate) use sidecar::{Attributes, Record};
pub(crate) use spool::{Spool, Spooled};
pub(crate) use uploads::{NewUpload, Part, PartClaim, Upload};
pub(crate) use walk::{Floor, Walk};
pub(crate) use write::{NewObject, Written};
