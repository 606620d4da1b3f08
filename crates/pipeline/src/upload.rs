//! Brings files into the pipeline: emails as the mail service would, data files as a person would.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, bail};
use bytes::Bytes;
use embedded_s3::ObjectCreated;
use pipeline_core::store::{PART_BYTES, Put, Upload};
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
    /// What an earlier run left.
    waiting: Vec<(Bucket, Key)>,
    begun: OffsetDateTime,
}

impl Uploader {
    /// Data files are for `area`; without one every file is taken for an email.
    pub(crate) fn new(store: Store, area: Option<Area>, unfinished: &[ObjectCreated]) -> Self {
        let role = |created: &ObjectCreated| store.buckets().role(&created.bucket);
        let waiting = unfinished
            .iter()
            .filter_map(|created| Some((role(created)?, Key::new(&created.key))));
        Self {
            waiting: waiting.collect(),
            store,
            area,
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
            if self.is_waiting(Bucket::Inbox, &key, &file.path).await?
                || self.put(Bucket::Inbox, &key, &file.path, [].into()).await? == Put::Created
            {
                return Ok((Bucket::Inbox, key));
            }
        }
        bail!("the inbox holds too many emails of this name")
    }

    /// Whether an earlier run left this very file under this key.
    async fn is_waiting(&self, bucket: Bucket, key: &Key, path: &Path) -> anyhow::Result<bool> {
        if !self.waiting.iter().any(|waiting| *waiting == (bucket, key.clone())) {
            return Ok(false);
        }
        let stored = self.store.get_bytes(bucket, key).await?;
        let given = std::fs::read(path).context("it cannot be read")?;
        Ok(stored.is_some_and(|stored| stored == given))
    }

    /// The key bears an origin, as every key of the process bucket that the pipeline made, so that two files of one
    /// name do not meet.
    async fn upload_data(&self, file: &InputFile, area: &Area) -> anyhow::Result<(Bucket, Key)> {
        let name = SafePath::from_path(&file.name).context("its name cannot be a key")?;
        for (bucket, key) in &self.waiting {
            let (waiting_for, _, waiting_name) = key.parse_staging();
            let is_called_so = waiting_for.as_ref() == Some(area) && waiting_name.as_ref() == Some(&name);
            if *bucket == Bucket::Process && is_called_so && self.is_waiting(*bucket, key, &file.path).await? {
                return Ok((*bucket, key.clone()));
            }
        }
        let path = file.path.to_string_lossy();
        let run = self.begun.unix_timestamp_nanos().to_string();
        let origin = Origin::of_outside_object("pipeline run", &path, &run, self.begun);
        let provenance = Provenance::from_outside(None, self.begun, file.name.clone());
        let key = Key::staging(area, origin, &name);
        match self
            .put(Bucket::Process, &key, &file.path, provenance.to_metadata(origin, None))
            .await?
        {
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
        let mut upload = Upload::begin(&self.store, bucket, key, metadata).await?;
        match upload_parts(&mut upload, first, &mut file).await {
            Ok(()) => Ok(upload.complete_new().await?),
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }
}

async fn upload_parts(upload: &mut Upload, first: Bytes, file: &mut File) -> anyhow::Result<()> {
    let mut part = first;
    while !part.is_empty() {
        upload.part(part).await?;
        part = next_part(file)?;
    }
    Ok(())
}

fn next_part(file: &mut File) -> anyhow::Result<Bytes> {
    let mut part = Vec::new();
    match file.take(PART_BYTES as u64).read_to_end(&mut part) {
        Ok(_) => Ok(part.into()),
        Err(error) => Err(io::Error::new(error.kind(), error)).context("it cannot be read"),
    }
}
