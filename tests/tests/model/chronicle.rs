//! What happened, in its order: every call that reached S3, and what is worth knowing beside.

use std::fmt;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use percent_encoding::percent_decode_str;
use pipeline_core::{Bucket, Buckets};

use crate::gate::ActorId;

/// A moment; later ones are greater.
pub type Tick = u64;

/// A call that reached S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub method: String,
    pub bucket: String,
    pub key: String,
    pub query: String,
    /// The origin in the metadata of what it writes.
    pub origin: Option<String>,
    /// The origin of what that was made of.
    pub parent: Option<String>,
}

/// What S3 answered to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub etag: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    Called(Call, Answer),
    Told(String),
}

/// An event with its circumstances. In an unordered history calls overlap.
#[derive(Debug, Clone)]
pub struct Entry {
    pub actor: Option<ActorId>,
    pub begun: Tick,
    pub ended: Tick,
    pub event: Event,
}

/// The events in the order of their ends.
#[derive(Debug, Default)]
pub struct Chronicle {
    actors: Vec<String>,
    entries: Vec<Entry>,
    now: Tick,
}

impl Chronicle {
    /// Somebody new.
    pub fn add_actor(&mut self, name: String) -> ActorId {
        self.actors.push(name);
        self.actors.len() - 1
    }

    /// The next moment.
    pub const fn tick(&mut self) -> Tick {
        self.now += 1;
        self.now
    }

    /// S3 has answered a call.
    pub fn called(&mut self, actor: ActorId, call: Call, begun: Tick, answer: Answer) {
        let ended = self.tick();
        self.entries.push(Entry {
            actor: Some(actor),
            begun,
            ended,
            event: Event::Called(call, answer),
        });
    }

    /// Something else has happened.
    pub fn tell(&mut self, actor: Option<ActorId>, what: impl Into<String>) {
        let now = self.tick();
        self.entries.push(Entry {
            actor,
            begun: now,
            ended: now,
            event: Event::Told(what.into()),
        });
    }

    /// The calls.
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = (&Entry, &Call, &Answer)> {
        self.entries.iter().filter_map(|entry| match &entry.event {
            Event::Called(call, answer) => Some((entry, call, answer)),
            Event::Told(_) => None,
        })
    }
}

impl Entry {
    /// Whether this may have taken effect before the other.
    pub const fn may_precede(&self, other: &Self) -> bool {
        self.begun < other.ended
    }
}

impl Call {
    /// The call that a request makes.
    pub fn of(request: &HttpRequest) -> Self {
        let path = request.uri().splitn(4, '/').last().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let header = |name| request.headers().get(name).map(str::to_owned);
        Self {
            method: request.method().to_owned(),
            bucket: bucket.to_owned(),
            key: percent_decode_str(key).decode_utf8_lossy().into_owned(),
            query: query.to_owned(),
            origin: header("x-amz-meta-origin"),
            parent: header("x-amz-meta-parent"),
        }
    }

    /// Whether it is about this bucket.
    pub fn is_in(&self, buckets: &Buckets, bucket: Bucket) -> bool {
        self.bucket == buckets.name(bucket)
    }

    /// Whether it makes an object, if it succeeds: a put, a copy, or the end of a multipart upload.
    pub fn writes(&self) -> bool {
        match self.method.as_str() {
            "PUT" => !self.query.contains("partNumber="),
            "POST" => self.query.contains("uploadId="),
            _ => false,
        }
    }
}

impl fmt::Display for Chronicle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            let actor = entry.actor.map_or("", |actor| &self.actors[actor]);
            write!(f, "{:>5} {actor}: ", entry.begun)?;
            match &entry.event {
                Event::Called(call, answer) => {
                    let Call {
                        method, bucket, key, ..
                    } = call;
                    // The history's own prefix is no matter.
                    let bucket = bucket.split_once('-').map_or("", |(_, role)| role);
                    let what = match call.query.as_str() {
                        query if query.contains("list-type") => "LIST",
                        query if query.contains("x-id=CopyObject") => "COPY",
                        _ => method,
                    };
                    writeln!(f, "{what} {bucket}/{key} -> {}", answer.status)?;
                }
                Event::Told(what) => writeln!(f, "{what}")?,
            }
        }
        Ok(())
    }
}

/// When an object was last written.
pub fn written_at(chronicle: &Chronicle, bucket: &str, key: &str) -> Option<Tick> {
    let mut writes = chronicle
        .calls()
        .filter(|(_, call, answer)| call.writes() && answer.status == 200 && call.bucket == bucket && call.key == key);
    writes.next_back().map(|(entry, ..)| entry.ended)
}
