//! People at the buckets: they drop files, put others in their place, and copy what they find.

use aws_sdk_s3::primitives::ByteStream;
use fastrand::Rng;
use pipeline_core::{Bucket, Key};

use crate::files::{File, Holds};
use crate::history::{AREAS, CopyTo, Deed, pick};
use crate::others::copy_source;
use crate::reference::Reference;
use crate::world::World;

/// Where things may wait.
const SOURCES: [Bucket; 3] = [Bucket::Process, Bucket::Uncompressed, Bucket::Spreadsheet];

/// What people have done, and what they have seen.
#[derive(Debug, Default)]
pub struct People {
    /// Objects in whose place they have put another, by bucket and key.
    pub replaced: Vec<(String, String)>,
    /// Every object that was to be worked on, in the order of its creation.
    seen: Vec<(String, String)>,
    copies: usize,
}

/// An object that waits.
struct Found {
    bucket: Bucket,
    key: String,
    area: String,
    /// Whether the pipeline has made it.
    origin: Option<String>,
    name: String,
    bytes: Vec<u8>,
}

impl People {
    /// An object was created.
    pub fn sees(&mut self, bucket: &str, key: &str) {
        self.seen.push((bucket.to_owned(), key.to_owned()));
    }

    /// When an object was first seen.
    pub fn seen_at(&self, bucket: &str, key: &str) -> Option<usize> {
        self.seen.iter().position(|(b, k)| b == bucket && k == key)
    }

    /// Does something; `false` if there is nothing to do it with.
    pub async fn act(&mut self, deed: &Deed, world: &World<'_>, reference: &mut Reference, rng: &mut Rng) -> bool {
        match deed {
            Deed::Drop(bucket, area, file) => self.put(*bucket, *area, file, world, reference).await,
            Deed::Replace(content) => {
                let mut found = self.waiting(world).await;
                found.retain(|it| it.bucket == Bucket::Process && it.name.ends_with(".csv"));
                if found.is_empty() {
                    return false;
                }
                let at = pick(rng, &found);
                let file = File {
                    name: at.name.clone(),
                    holds: Holds::Readings(*content),
                };
                self.replace(at, &file, world, reference).await;
            }
            Deed::Copy(to) => {
                let mut found = self.waiting(world).await;
                found.retain(|it| it.origin.is_some());
                if found.is_empty() {
                    return false;
                }
                let at = pick(rng, &found);
                self.copy(at, *to, world, reference).await;
            }
        }
        true
    }

    async fn put(
        &mut self,
        bucket: Bucket,
        area: Option<&str>,
        file: &File,
        world: &World<'_>,
        reference: &mut Reference,
    ) {
        let key = area.map_or_else(|| file.name.clone(), |area| format!("{area}/{}", file.name));
        let there = self
            .waiting(world)
            .await
            .into_iter()
            .find(|it| it.bucket == bucket && it.key == key);
        if let Some(at) = there {
            return self.replace(&at, file, world, reference).await;
        }
        if area.is_none() && world.store.head(bucket, &Key::new(&key)).await.unwrap().is_some() {
            return;
        }
        self.write(bucket, &key, file, world).await;
        reference.dropped(area, file);
    }

    async fn replace(&mut self, at: &Found, file: &File, world: &World<'_>, reference: &mut Reference) {
        reference.replaced(&at.area, &at.name, &at.bytes);
        self.replaced
            .push((world.config.buckets.name(at.bucket).to_owned(), at.key.clone()));
        self.write(at.bucket, &at.key, file, world).await;
        reference.dropped(Some(&at.area), file);
    }

    async fn write(&self, bucket: Bucket, key: &str, file: &File, world: &World<'_>) {
        let name = world.config.buckets.name(bucket);
        let put = world.client.put_object().bucket(name).key(key);
        put.body(ByteStream::from(file.to_bytes())).send().await.unwrap();
        world
            .gate
            .chronicle(|it| it.tell(None, format!("somebody puts {bucket}/{key}")));
    }

    /// Copies an object as it is, metadata and all.
    async fn copy(&mut self, at: &Found, to: CopyTo, world: &World<'_>, reference: &mut Reference) {
        let file = reference.known(&at.name, &at.bytes);
        let origin = at.origin.as_deref().unwrap_or_default();
        let beside = || {
            (
                at.bucket,
                at.area.clone(),
                None,
                format!("copy {} of {}", self.copies, at.name),
            )
        };
        let (bucket, area, origin, name) = match (to, at.bucket, &file.holds) {
            (CopyTo::Area, ..) => {
                let area = AREAS.into_iter().find(|area| *area != at.area).unwrap();
                (at.bucket, area.to_owned(), Some(origin), at.name.clone())
            }
            (CopyTo::Bucket, Bucket::Process, Holds::Archive(_) | Holds::DamagedArchive(_)) => {
                (Bucket::Uncompressed, at.area.clone(), Some(origin), at.name.clone())
            }
            (CopyTo::Bucket, Bucket::Process, Holds::Workbook(_) | Holds::Page(_)) => {
                (Bucket::Spreadsheet, at.area.clone(), Some(origin), at.name.clone())
            }
            _ => beside(),
        };
        let key = match origin {
            Some(origin) => format!("{area}/{origin}/{name}"),
            None => format!("{area}/{name}"),
        };
        // The same copy within a second would be the same file; and what is put back where it was made is the object itself.
        if self.seen_at(world.config.buckets.name(bucket), &key).is_some() {
            return;
        }
        self.copies += 1;
        let names = |bucket| world.config.buckets.name(bucket);
        let copied = world
            .client
            .copy_object()
            .bucket(names(bucket))
            .key(&key)
            .copy_source(copy_source(names(at.bucket), &at.key))
            .send();
        copied.await.unwrap();
        world.gate.chronicle(|it| {
            it.tell(
                None,
                format!("somebody copies {}/{} to {bucket}/{key}", at.bucket, at.key),
            )
        });
        reference.dropped(Some(&area), &File { name, ..file });
    }

    /// What waits in an area's folder, in the order of its creation.
    async fn waiting(&self, world: &World<'_>) -> Vec<Found> {
        let mut found = Vec::new();
        for bucket in SOURCES {
            for object in world.store.list(bucket, "").await.unwrap() {
                let (area, origin, name) = object.key.parse_staging();
                // It may be gone by now.
                let bytes = world.store.get_bytes(bucket, &object.key).await.unwrap();
                if let (Some(area), Some(name), Some(bytes)) = (area, name, bytes) {
                    found.push(Found {
                        bucket,
                        key: object.key.to_string(),
                        area: area.to_string(),
                        origin: origin.map(|origin| origin.to_string()),
                        name: name.to_string(),
                        bytes: bytes.to_vec(),
                    });
                }
            }
        }
        found.sort_by_key(|it| self.seen_at(world.config.buckets.name(it.bucket), &it.key));
        found
    }
}
