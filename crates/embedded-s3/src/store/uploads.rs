//! Multipart uploads.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>
//!
//! An upload is a folder with `upload.json` and one file for each part that has arrived. A part's file name says all
//! that is known of it, `part-00001.<MD5>.<checksum>`; if a part was sent twice, the younger file counts.

use super::digest::{Algorithm, Checksum, ChecksumKind, base64, hex, multipart_etag, unhex};
use super::locate::check_key;
use super::sidecar::{Attributes, Identity};
use super::{DataDir, LockedBucket, NewObject, Spool, Spooled, StoreError};
use crate::clock::{UnixNanos, system_time, whole_seconds};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use tempfile::TempDir;
use time::OffsetDateTime;

/// Only the last part may be smaller.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MIN_PART_BYTES: u64 = 5 << 20;

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MAX_OBJECT_BYTES: u64 = 5 << 40;

/// How an upload began.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewUpload {
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) attributes: Attributes,
    /// The checksum that the object is to have.
    pub(crate) checksum: Option<(Algorithm, ChecksumKind)>,
}

/// An upload in progress.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) new: NewUpload,
    pub(crate) initiated: UnixNanos,
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct UploadFile {
    #[serde(flatten)]
    new: NewUpload,
    initiated: UnixNanos,
}

/// A part that has arrived.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) number: i32,
    md5: [u8; 16],
    checksum: Option<Vec<u8>>,
    pub(crate) identity: Identity,
    path: PathBuf,
}

/// A part as the client names it when it completes an upload.
#[derive(Debug, Clone)]
pub(crate) struct PartClaim {
    pub(crate) number: i32,
    pub(crate) etag: String,
    /// Base64, of the upload's algorithm.
    pub(crate) checksum: Option<String>,
}

impl Part {
    pub(crate) fn etag(&self) -> String {
        hex(&self.md5)
    }

    pub(crate) fn last_modified(&self) -> OffsetDateTime {
        whole_seconds(self.identity.modified)
    }

    /// Base64, of the upload's algorithm.
    pub(crate) fn checksum(&self) -> Option<String> {
        self.checksum.as_deref().map(base64)
    }

    fn parse(name: &str, identity: Identity, path: PathBuf) -> Option<Self> {
        let mut fields = name.strip_prefix("part-")?.split('.');
        let number = fields.next()?.parse().ok()?;
        let md5 = unhex(fields.next()?)?.try_into().ok()?;
        let checksum = fields.next().and_then(unhex);
        Some(Self {
            number,
            md5,
            checksum,
            identity,
            path,
        })
    }
}

impl DataDir {
    pub(crate) fn create_upload(&self, bucket: &str, new: NewUpload) -> Result<Upload, StoreError> {
        check_key(&new.key)?;
        self.with_bucket(bucket, |_| {
            let id = random_id()?;
            let folder = self.uploads_folder(bucket).join(&id);
            let initiated = self.clock.tick();
            let unfinished = tempfile::Builder::new().tempdir_in(self.tmp())?;
            let json = serde_json::to_vec(&UploadFile {
                new: new.clone(),
                initiated,
            })
            .map_err(io::Error::from)?;
            fs::write(unfinished.path().join("upload.json"), json)?;
            fs::create_dir_all(self.uploads_folder(bucket))?;
            fs::rename(unfinished.keep(), &folder)?;
            Ok(Upload {
                id,
                new,
                initiated,
                folder,
            })
        })
    }

    /// Finds an upload; it must be of this key.
    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<Upload, StoreError> {
        if !self.has_bucket(bucket) {
            return Err(StoreError::NoSuchBucket);
        }
        // Identifiers come from strangers, and this one becomes a path.
        let is_ours = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let upload = if is_ours { self.read_upload(bucket, id)? } else { None };
        upload
            .filter(|upload| upload.new.key == key)
            .ok_or(StoreError::NoSuchUpload)
    }

    /// The uploads in progress by key, and by age where they have the same.
    pub(crate) fn uploads(&self, bucket: &str) -> Result<Vec<Upload>, StoreError> {
        if !self.has_bucket(bucket) {
            return Err(StoreError::NoSuchBucket);
        }
        let folder = match fs::read_dir(self.uploads_folder(bucket)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read?,
        };
        let mut uploads = Vec::new();
        for entry in folder {
            if let Some(id) = entry?.file_name().to_str() {
                uploads.extend(self.read_upload(bucket, id)?);
            }
        }
        uploads.sort_by(|a, b| (&a.new.key, a.initiated).cmp(&(&b.new.key, b.initiated)));
        Ok(uploads)
    }

    fn read_upload(&self, bucket: &str, id: &str) -> io::Result<Option<Upload>> {
        let folder = self.uploads_folder(bucket).join(id);
        let json = match fs::read(folder.join("upload.json")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let UploadFile { new, initiated } = serde_json::from_slice(&json)?;
        Ok(Some(Upload {
            id: id.to_owned(),
            new,
            initiated,
            folder,
        }))
    }

    /// Makes what was spooled a part of the upload, in the place of one with the same number.
    pub(crate) fn put_part(&self, upload: &Upload, number: i32, spooled: Spooled) -> Result<Part, StoreError> {
        let md5 = spooled.digests.md5;
        let wanted = upload.new.checksum.map(|(algorithm, _)| algorithm);
        let checksum = spooled
            .digests
            .checksum
            .filter(|(algorithm, _)| Some(*algorithm) == wanted)
            .map(|(_, digest)| digest);
        let mut name = format!("part-{number:05}.{}", hex(&md5));
        if let Some(checksum) = &checksum {
            name = format!("{name}.{}", hex(checksum));
        }
        spooled.file.as_file().set_modified(system_time(self.clock.tick()))?;
        let identity = Identity::of(&spooled.file.as_file().metadata()?)?;
        let path = upload.folder.join(name);
        match spooled.file.persist(&path) {
            Err(error) if error.error.kind() == io::ErrorKind::NotFound => Err(StoreError::NoSuchUpload),
            Err(error) => Err(error.error.into()),
            Ok(_) => Ok(Part {
                number,
                md5,
                checksum,
                identity,
                path,
            }),
        }
    }

    /// The parts that have arrived, by number.
    pub(crate) fn parts(&self, upload: &Upload) -> Result<BTreeMap<i32, Part>, StoreError> {
        let folder = match fs::read_dir(&upload.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::NoSuchUpload),
            read => read?,
        };
        let mut parts: BTreeMap<i32, Part> = BTreeMap::new();
        for entry in folder {
            let entry = entry?;
            let identity = Identity::of(&entry.metadata()?)?;
            let Some(part) = entry
                .file_name()
                .to_str()
                .and_then(|name| Part::parse(name, identity, entry.path()))
            else {
                continue;
            };
            match parts.get(&part.number) {
                Some(other) if other.identity.modified > identity.modified => {}
                _ => _ = parts.insert(part.number, part),
            }
        }
        Ok(parts)
    }

    /// Puts the parts together to an object that is ready to be published.
    pub(crate) fn assemble(&self, upload: &Upload, claims: &[PartClaim]) -> Result<NewObject, StoreError> {
        let parts = self.parts(upload)?;
        let parts = chosen_parts(upload, &parts, claims)?;
        let open = |part: &Part| match File::open(&part.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::NoSuchUpload),
            opened => Ok(opened?),
        };
        let files: Vec<File> = parts.iter().map(|part| open(part)).collect::<Result<_, _>>()?;
        let (file, checksum) = match upload.new.checksum {
            Some((algorithm, ChecksumKind::FullObject)) => {
                let mut spool = Spool::new(self, Some(algorithm))?;
                files.into_iter().try_for_each(|file| spool.append_from(file))?;
                let spooled = spool.finish();
                let checksum = spooled.digests.checksum;
                (
                    spooled.file,
                    checksum.map(|(algorithm, digest)| Checksum::full_object(algorithm, &digest)),
                )
            }
            Some((algorithm, ChecksumKind::Composite)) => {
                let digests = parts.iter().filter_map(|part| part.checksum.as_deref());
                (self.copy_of(files)?, Some(Checksum::composite(algorithm, digests)))
            }
            None => (self.copy_of(files)?, None),
        };
        Ok(NewObject {
            file,
            etag: multipart_etag(&parts.iter().map(|part| part.md5).collect::<Vec<_>>()),
            attributes: upload.new.attributes.clone(),
            checksum,
            // "For multipart uploads, the object creation date is the date of initiation of the multipart upload."
            // https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
            modified: Some(upload.initiated),
        })
    }
}

/// The parts that the client names, in its order, if all is as it must be.
fn chosen_parts<'a>(
    upload: &Upload,
    parts: &'a BTreeMap<i32, Part>,
    claims: &[PartClaim],
) -> Result<Vec<&'a Part>, StoreError> {
    if !claims.is_sorted_by(|a, b| a.number < b.number) {
        return Err(StoreError::InvalidPartOrder);
    }
    let needs_checksums = matches!(upload.new.checksum, Some((_, ChecksumKind::Composite)));
    let mut chosen = Vec::with_capacity(claims.len());
    let mut size: u64 = 0;
    for (position, claim) in claims.iter().enumerate() {
        let number = claim.number;
        let part = parts.get(&number).filter(|part| part.etag() == claim.etag);
        let part = part.ok_or(StoreError::InvalidPart { number })?;
        match &claim.checksum {
            Some(checksum) if part.checksum().as_ref() != Some(checksum) => {
                return Err(StoreError::InvalidPart { number });
            }
            None if needs_checksums => return Err(StoreError::PartChecksumMissing { number }),
            _ => {}
        }
        let is_last = position + 1 == claims.len();
        if part.identity.size < MIN_PART_BYTES && !is_last {
            return Err(StoreError::PartTooSmall { number });
        }
        size = size.saturating_add(part.identity.size);
        chosen.push(part);
    }
    if size > MAX_OBJECT_BYTES {
        Err(StoreError::TooLarge)
    } else {
        Ok(chosen)
    }
}

impl LockedBucket<'_> {
    /// Whether nobody has completed or aborted the upload.
    pub(crate) fn check_upload(&self, upload: &Upload) -> Result<(), StoreError> {
        if upload.folder.is_dir() {
            Ok(())
        } else {
            Err(StoreError::NoSuchUpload)
        }
    }

    /// Ends the upload. What its parts take is freed when the returned value is dropped, which can take long.
    pub(crate) fn end_upload(&self, upload: &Upload) -> Result<TempDir, StoreError> {
        self.check_upload(upload)?;
        Ok(self.dir.bury(&upload.folder)?)
    }
}

fn random_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex(&bytes))
}
