//! The step: what becomes of one email.

use std::io::Read;
use std::sync::OnceLock;

use bytes::Bytes;
use pipeline_core::{
    BadPart, Bucket, Config, Failure, Input, Limits, MIB, Origin, Outbox, Output, ReasonCode, Rejection, Stage, Step,
    Vars, Verdict,
};
use url::Url;

use crate::config::UnpackConfig;
use crate::encoding::lines::line_end;
use crate::encoding::text::shortened;
use crate::header::fields::{self, Headers};
use crate::header::received::Received;
use crate::header::recipients::{Recipients, recipients};
use crate::header::verdicts::MailVerdicts;
use crate::links::download::{DownloadError, Downloader, Timeouts};
use crate::links::find::{MAX_LINKS, download_links};
use crate::parts::entity::MAX_NAME;
use crate::parts::file_name::file_name;
use crate::parts::unpack::{Body, File, Unpacked, unpack};

/// Bytes of an email that is too large to be unpacked, for what its header says.
const HEADER_BYTES: u64 = MIB;

/// Bytes of a Message-ID: a line has no more (RFC 5322 section 2.1.1), and it is hashed for every file and area.
const MAX_MESSAGE_ID: usize = 998;

/// Turns emails into files.
#[derive(Debug)]
pub struct UnpackAttachments {
    config: UnpackConfig,
    limits: Limits,
    timeouts: Timeouts,
    downloader: OnceLock<Downloader>,
}

impl UnpackAttachments {
    /// Reads the settings of this stage.
    pub fn read(vars: &mut Vars<'_>, config: &Config) -> Self {
        Self::new(UnpackConfig::read(vars), config.limits.clone(), Timeouts::default())
    }

    /// A step with these settings.
    #[must_use]
    pub const fn new(config: UnpackConfig, limits: Limits, timeouts: Timeouts) -> Self {
        Self {
            config,
            limits,
            timeouts,
            downloader: OnceLock::new(),
        }
    }

    /// What the header decides: recipients and time are noted whatever becomes of the email, so that a reject is filed
    /// where people look for it.
    fn admit(&self, headers: &Headers<'_>, outbox: &mut Outbox) -> Result<Recipients, Rejection> {
        if let Some(received) = Received::topmost(headers).at {
            outbox.set_received(received);
        }
        let found = recipients(headers, &self.config.mail_domains, self.config.areas.as_ref());
        if let Some(area) = found.as_ref().ok().and_then(|found| found.areas.first()) {
            outbox.set_area(area.clone());
        }
        let verdicts = MailVerdicts::read(headers);
        if verdicts.virus {
            let reason = "The mail service found a virus in the email.";
            return Err(Rejection::new(ReasonCode::Virus, reason));
        }
        if verdicts.spam && self.config.reject_spam {
            let reason = "The mail service takes the email for spam.";
            return Err(Rejection::new(ReasonCode::Spam, reason));
        }
        outbox.notes().spam = verdicts.spam;
        found
    }

    fn too_large(&self) -> Rejection {
        let reason = format!("The email is larger than {} bytes.", self.limits.email_bytes);
        Rejection::new(ReasonCode::TooLarge, reason)
    }

    fn too_many_copies(&self) -> Rejection {
        let reason = format!(
            "The email has too many files for so many recipients: together more than {} copies.",
            self.limits.members
        );
        Rejection::new(ReasonCode::TooManyMembers, reason)
    }

    /// Fetches what the email links to instead of bringing it. Each file goes out at once: all of them together may be
    /// more than fits into memory.
    fn download(&self, bodies: &[Body], sending: &mut Sending<'_>) -> Result<Downloads, Failure> {
        let mut downloads = Downloads::default();
        let links = download_links(bodies, &self.config.download_links);
        downloads.tried = !links.is_empty();
        if links.len() > MAX_LINKS {
            let reason = format!("The email has more than {MAX_LINKS} download links.");
            downloads.bad.push(BadPart {
                part: "download links".to_owned(),
                rejection: Rejection::new(ReasonCode::TooManyMembers, reason),
            });
            return Ok(downloads);
        }
        for (index, link) in links.into_iter().enumerate() {
            let place = without_query(&link);
            let downloader = self.downloader.get_or_init(|| {
                Downloader::new(
                    self.config.download_links.clone(),
                    self.limits.download_bytes,
                    self.timeouts,
                )
            });
            match sending.outbox.handle().block_on(downloader.fetch(&link)) {
                Ok(download) => {
                    let sent_name = download.name.map(|name| shortened(name, MAX_NAME));
                    if let Some(name) = file_name(sent_name.as_deref(), "download", index + 1, &download.media_type) {
                        downloads.files += 1;
                        sending.put(&File {
                            name,
                            sent_name,
                            path: format!("link/{}/{place}", index + 1),
                            depth: 0,
                            bytes: download.bytes,
                            is_body: false,
                        })?;
                    }
                }
                Err(DownloadError::Bad(rejection)) => downloads.bad.push(BadPart { part: place, rejection }),
                Err(DownloadError::Failed(failure)) => return Err(failure),
            }
        }
        Ok(downloads)
    }
}

/// What came of an email's links.
#[derive(Default)]
struct Downloads {
    tried: bool,
    files: usize,
    bad: Vec<BadPart>,
}

/// Where the files of one email go.
struct Sending<'a> {
    recipients: &'a Recipients,
    message: String,
    depth: u32,
    outbox: &'a mut Outbox,
}

impl Sending<'_> {
    fn put(&mut self, file: &File) -> Result<(), Failure> {
        for area in &self.recipients.areas {
            let output = Output::new(Bucket::Process, file.name.clone(), &file.path)
                .origin(Origin::of_file(
                    area,
                    &self.message,
                    &file.path,
                    &file.name,
                    &file.bytes,
                ))
                .area(area.clone())
                .depth(self.depth.saturating_add(file.depth))
                .source_name(file.sent_name.as_deref().unwrap_or(file.name.as_str()));
            self.outbox.put(output, file.bytes.clone())?;
        }
        Ok(())
    }
}

impl Step for UnpackAttachments {
    fn stage(&self) -> Stage {
        Stage::UnpackAttachments
    }

    fn most_bytes(&self) -> u64 {
        self.limits.email_bytes
    }

    fn run(&self, input: &Input, outbox: &mut Outbox) -> Result<Verdict, Failure> {
        let is_too_large = input.size() > self.limits.email_bytes;
        let email = if is_too_large {
            read_header(input)?
        } else {
            input.bytes().map_err(Failure::Spool)?
        };
        let start = fields::start_of_email(&email);
        let (headers, _) = fields::parse(&email, start.unwrap_or(email.len()), line_end(&email), |_| false);
        let admitted = self.admit(&headers, outbox);
        if is_too_large {
            return Ok(Verdict::Rejected(self.too_large()));
        }
        if start.is_none() {
            // Unpacking tells what it is instead.
            return Ok(unpack(email.clone(), &self.limits)
                .err()
                .map_or(Verdict::NoFiles, Verdict::Rejected));
        }
        let recipients = match admitted {
            Ok(recipients) => recipients,
            Err(rejection) => return Ok(Verdict::Rejected(rejection)),
        };
        let message = message_of(&headers, input);
        let Unpacked {
            mut files,
            bodies,
            mut bad,
        } = match unpack(email, &self.limits) {
            Ok(unpacked) => unpacked,
            Err(rejection) => return Ok(Verdict::Rejected(rejection)),
        };
        if files.len().saturating_mul(recipients.areas.len()) as u64 > self.limits.members {
            return Ok(Verdict::Rejected(self.too_many_copies()));
        }
        let mut sending = Sending {
            message,
            recipients: &recipients,
            depth: input.depth(),
            outbox,
        };
        let downloads = if files.iter().any(|file| !file.is_body && file.is_data()) {
            Downloads::default()
        } else {
            self.download(&bodies, &mut sending)?
        };
        if downloads.tried {
            // A text that has links is a letter, whatever form it has.
            files.retain(|file| !file.is_body);
        }
        bad.extend(downloads.bad);
        let is_without_files = files.is_empty() && downloads.files == 0;
        if is_without_files && bad.is_empty() {
            return Ok(Verdict::NoFiles);
        }
        bad.extend(recipients.unknown.iter().cloned());
        for file in &files {
            sending.put(file)?;
        }
        tracing::info!(
            files = files.len() + downloads.files,
            bad = bad.len(),
            areas = recipients.areas.len(),
            spam = outbox.notes().spam,
            "email unpacked"
        );
        let is_failed_download = downloads.tried && downloads.files == 0;
        Ok(match bad.as_slice() {
            [] => Verdict::Done,
            bad if is_without_files || is_failed_download => {
                Rejection::of_parts(bad).map_or(Verdict::Done, Verdict::Rejected)
            }
            _ => Verdict::Partly(bad),
        })
    }
}

/// What makes one email that arrives twice one email: its Message-ID, else where it came from.
fn message_of(headers: &Headers<'_>, input: &Input) -> String {
    headers
        .text("message-id")
        .filter(|id| !id.is_empty() && id.len() <= MAX_MESSAGE_ID)
        .unwrap_or_else(|| input.origin().to_string())
}

/// A link's query often is a key to the file, which no log or metadata should hold.
fn without_query(link: &Url) -> String {
    let mut link = link.clone();
    link.set_query(None);
    link.into()
}

fn read_header(input: &Input) -> Result<Bytes, Failure> {
    let mut header = Vec::new();
    let mut reader = input.open().take(HEADER_BYTES);
    reader.read_to_end(&mut header).map_err(Failure::Spool)?;
    Ok(header.into())
}
