//! Email in, files out: the first stage of the pipeline.
//!
//! [`unpack`] is pure: the bytes of an email in; its files byte for byte as they were attached, its texts, and what was
//! bad about it out. [`UnpackAttachments`] is the step that ties it to the pipeline, with what an email says about its
//! recipients, the mail service's verdicts, and the links that stand in for attachments.

mod config;
mod encoding;
mod header;
mod links;
mod parts;
mod step;

pub use config::UnpackConfig;
pub use header::address::{Address, addresses};
pub use header::fields::{Headers, headers};
pub use header::parameters::Parameterized;
pub use header::received::Received;
pub use header::recipients::{Recipients, recipients};
pub use header::verdicts::MailVerdicts;
pub use links::download::{Download, DownloadError, Downloader, Timeouts};
pub use links::find::download_links;
pub use links::places::DownloadLinks;
pub use parts::tnef::{Attachment as TnefAttachment, Tnef, read as read_tnef};
pub use parts::unpack::{Body, File, Unpacked, unpack};
pub use step::UnpackAttachments;
