//! Brings files into the pipeline: emails as the mail service would, data files as a person would.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, bail};
use bytes::Bytes;
use embedded_s3::ObjectCreated;
use pipeline_core::store::{PART_BYTES, Part, Put, Upload};
use pipeline_core::{Area, Bucket, Key, Origin, Provenance, SafePath, Store, stamp};
use time::OffsetDateTime;

use crate::inputs::{self, InputFile};

/// How many keys are tried for one email before giving up.
const MAX_ATTEMPTS: u32 = 100_000;

/// Puts files into the inbox or, if they are data for an area, into process.
#[derive(Debug)]
pub(crate) struct Uploader {
    store: Store,
    area: Option<Area>,
    /// What an earlier run left in the inbox.
    waiting_emails: HashSet<Key>,
    /// What it left in process, by area and name.
    waiting_data: HashMap<(Area, SafePath), Vec<Key>>,
    begun: OffsetDateTime,
}

impl Uploader {
    /// Data files are for `area`; without one every file is taken for an email.
    pub(crate) fn new(store: Store, area: Option<Area>, unfinished: &[ObjectCreated]) -> Self {
        let mut waiting_emails = HashSet::new();
        let mut waiting_data: HashMap<_, Vec<Key>> = HashMap::new();
        for created in unfinished {
            let key = Key::new(&created.key);
            match store.buckets().role(&created.bucket) {
                Some(Bucket::Inbox) => drop(waiting_emails.insert(key)),
                Some(Bucket::Process) => {
                    if let (Some(area), _, Some(name)) = key.parse_staging() {
                        waiting_data.entry((area, name)).or_default().push(key);
                    }
                }
                _ => {}
            }
        }
        Self {
            store,
            area,
            waiting_emails,
            waiting_data,
            begun: OffsetDateTime::now_utc(),
        }
    }

    /// Uploads a file, and says where it is now.
    pub(crate) async fn upload(&self, file: &InputFile) -> anyhow::Result<(Bucket, Key)> {
        let is_email = inputs::is_email(&file.path).context("it cannot be read")?;
        match &self.area {
            Some(area) if !is_email => self.upload_data(file, area).await,
            _ => self.upload_email(file).await,
        }
    }

    /// A second run is a second delivery: an email whose name the inbox knows gets another key. But one that an earlier
    /// run could not finish is taken up again as it lies there.
    async fn upload_email(&self, file: &InputFile) -> anyhow::Result<(Bucket, Key)> {
        let name = SafePath::from_path(&file.name).context("its name cannot be a key")?;
        for attempt in 0..MAX_ATTEMPTS {
            let key = match attempt {
                0 => Key::new(name.as_str()),
                1 => Key::new(format!("{}/{name}", stamp(self.begun))),
                _ => Key::new(format!("{}-{attempt}/{name}", stamp(self.begun))),
            };
            // Looked at first: what lies there already need not be uploaded to find that out.
            let is_waiting = self.waiting_emails.contains(&key) && self.holds(Bucket::Inbox, &key, &file.path).await?;
            if is_waiting || self.put(Bucket::Inbox, &key, &file.path, [].into()).await? == Put::Created {
                return Ok((Bucket::Inbox, key));
            }
        }
        bail!("the inbox holds too many emails of this name")
    }

    /// Whether an object holds this very file.
    async fn holds(&self, bucket: Bucket, key: &Key, path: &Path) -> anyhow::Result<bool> {
        let mut given = File::open(path).context("it cannot be read")?;
        let size = given.metadata().context("it cannot be read")?.len();
        let Some((_, mut stored)) = self
            .store
            .open(bucket, key)
            .await?
            .filter(|(head, _)| head.size == size)
        else {
            return Ok(false);
        };
        let mut own = Vec::new();
        while let Some(chunk) = stored.try_next().await? {
            own.resize(chunk.len(), 0);
            given.read_exact(&mut own).context("it cannot be read")?;
            if own != chunk {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The key bears an origin, as every key of the process bucket that the pipeline made, so that two files of one
    /// name do not meet.
    async fn upload_data(&self, file: &InputFile, area: &Area) -> anyhow::Result<(Bucket, Key)> {
        let name = SafePath::from_path(&file.name).context("its name cannot be a key")?;
        for key in self
            .waiting_data
            .get(&(area.clone(), name.clone()))
            .into_iter()
            .flatten()
        {
            if self.holds(Bucket::Process, key, &file.path).await? {
                return Ok((Bucket::Process, key.clone()));
            }
        }
        let path = file.path.to_string_lossy();
        let run = self.begun.unix_timestamp_nanos().to_string();
        let origin = Origin::of_outside_object("pipeline run", &path, &run, self.begun);
        let provenance = Provenance::from_outside(None, self.begun, file.name.clone());
        let key = Key::staging(area, origin, &name);
        let metadata = provenance.to_staging_metadata(origin, Bucket::Process, &key);
        match self.put(Bucket::Process, &key, &file.path, metadata).await? {
            Put::Created => Ok((Bucket::Process, key)),
            Put::Exists => bail!("it was given twice"),
        }
    }

    async fn put(
        &self,
        bucket: Bucket,
        key: &Key,
        path: &Path,
        metadata: HashMap<String, String>,
    ) -> anyhow::Result<Put> {
        let mut file = File::open(path).context("it cannot be read")?;
        let first = next_part(&mut file)?;
        if first.len() < PART_BYTES {
            return Ok(self.store.put_new(bucket, key, first, metadata).await?);
        }
        let upload = Upload::begin(&self.store, bucket, key, metadata).await?;
        match upload_parts(&upload, first, &mut file).await {
            Ok(parts) => Ok(upload.complete_new(parts).await?),
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }
}

async fn upload_parts(upload: &Upload, first: Bytes, file: &mut File) -> anyhow::Result<Vec<Part>> {
    let mut part = first;
    let mut parts = Vec::new();
    for number in 1.. {
        if part.is_empty() {
            break;
        }
        parts.push(upload.part(number, part).await?);
        part = next_part(file)?;
    }
    Ok(parts)
}

fn next_part(file: &mut File) -> anyhow::Result<Bytes> {
    let mut part = Vec::new();
    match file.take(PART_BYTES as u64).read_to_end(&mut part) {
        Ok(_) => Ok(part.into()),
        Err(error) => Err(io::Error::new(error.kind(), error)).context("it cannot be read"),
    }
}
