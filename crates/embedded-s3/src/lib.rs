//! An S3 server over a folder, for laptops and tests.
//!
//! Clients speak to it as to AWS: over HTTP, with signed requests. What they store are plain files. Object
//! `sheffield/import.csv` of bucket `b` is the file `b/sheffield/import.csv`, byte for byte; a file that a person
//! puts there is an object. Keys that cannot be paths are escaped without loss ([`MAX_KEY_BYTES`] and the
//! table in `key_path`).
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use embedded_s3::{EmbeddedS3, Options};
//!
//! let server = EmbeddedS3::start("pipeline-data".as_ref(), Options::default()).await?;
//! server.create_bucket("es-local-data-inbox").await?;
//! let mut events = server.subscribe();
//! // ... clients use server.endpoint() with server.credentials() ...
//! let created = events.recv().await;
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - **Conditions are atomic.** Of racing writes with `If-None-Match: *`, or with `If-Match` of one ETag, exactly one wins,
//!   be it PutObject, CopyObject or CompleteMultipartUpload; the others get 412.
//! - **All or nothing.** A server that is killed at any point leaves the old object or the new one, whole and with its own
//!   metadata. (Nothing is fsynced: after a power cut the latest objects may be missing.)
//! - **Strong consistency**, as from AWS: what was answered with success is seen by every later request and listing.
//! - **Events** for all created objects, to [`EmbeddedS3::subscribe`]rs in this process.
//! - **Memory does not grow with objects**: bodies stream to and from disk.
//!
//! # Where it differs from AWS
//!
//! It has no versions, tags, locks, ACLs, encryption or policies (but an [`Access`] decides who may do what, if there is one): asked for versions, tags, locks or customer keys, it
//! refuses with 501; ACLs, storage classes and server-side encryption are taken and do nothing. There is one account. Signatures
//! of every region are good. An object whose client sent no checksum has none. HTML forms take files up to 64 MiB.
//! Under a Unix file system that tells upper from lower case, keys do too.

mod access;
mod api;
mod clock;
mod conditions;
mod credentials;
mod events;
mod history;
mod key_path;
mod server;
mod store;

pub use access::{Access, Attempt};
pub use credentials::Credentials;
pub use events::{EventName, ObjectCreated};
pub use history::{History, Write};
pub use key_path::MAX_KEY_BYTES;
pub use server::{EmbeddedS3, Options};
