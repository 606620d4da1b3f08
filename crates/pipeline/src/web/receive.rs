//! Takes the files of the form, and puts them where a person or the mail service would.

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use axum::http::StatusCode;
use pipeline_core::{Area, Bucket, Key, Origin, bytes_in_words};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use super::desk::Desk;
use crate::inputs::{self, InputFile};
use crate::run::area_of;
use crate::upload::Uploader;

/// The longest area that is read.
const AREA_BYTES: usize = 1_024;

/// Why a form was not taken, for its sender.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) why: String,
}

/// Takes a form; says what it brought in.
pub(super) async fn receive(desk: &Desk, mut form: Multipart) -> Result<Vec<Origin>, Refused> {
    let mut area = None;
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        match field.name() {
            Some("area") => area = area_in(desk, field).await?,
            Some("file") => files.extend(file_in(desk, field).await?),
            _ => {}
        }
    }
    if files.is_empty() {
        return Err(bad("No file was chosen."));
    }
    let uploader = Uploader::new(desk.store.clone(), area.clone(), &[]);
    // Nothing is taken if something cannot be.
    for (file, _) in &files {
        let is_email = inputs::is_email(&file.path).map_err(|error| ours(&error.into()))?;
        if area.is_none() && !is_email {
            return Err(bad("For which area? Only an email names its own."));
        }
    }
    let mut origins = Vec::new();
    for (file, _spooled) in &files {
        let (bucket, key) = uploader.upload(file).await.map_err(|error| ours(&error))?;
        origins.extend(origin_of(desk, bucket, &key).await.map_err(|error| ours(&error))?);
    }
    Ok(origins)
}

async fn area_in(desk: &Desk, mut field: Field<'_>) -> Result<Option<Area>, Refused> {
    let mut name = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        name.extend_from_slice(&chunk);
        if name.len() > AREA_BYTES {
            return Err(bad("That is too long for an area."));
        }
    }
    match String::from_utf8_lossy(&name).trim() {
        "" => Ok(None),
        name => area_of(name, desk.areas.as_ref()).map(Some).map_err(|why| bad(&why)),
    }
}

/// A file on the disk, which goes when it was taken; none where none was chosen.
async fn file_in(desk: &Desk, mut field: Field<'_>) -> Result<Option<(InputFile, NamedTempFile)>, Refused> {
    let Some(name) = field.file_name().filter(|name| !name.is_empty()).map(str::to_owned) else {
        return Ok(None);
    };
    let most = desk.limits.file_bytes;
    let spooled = NamedTempFile::new().map_err(|error| ours(&error.into()))?;
    let file = spooled.reopen().map_err(|error| ours(&error.into()))?;
    let mut file = tokio::fs::File::from_std(file);
    let mut size = 0;
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        size += chunk.len() as u64;
        if size > most {
            let why = format!("The file is larger than {} (LIMIT_FILE_BYTES).", bytes_in_words(most));
            return Err(Refused {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                why,
            });
        }
        file.write_all(&chunk).await.map_err(|error| ours(&error.into()))?;
    }
    file.flush().await.map_err(|error| ours(&error.into()))?;
    let path = spooled.path().to_owned();
    Ok(Some((InputFile { path, name }, spooled)))
}

/// The origin of what was brought in, under which its page is found.
async fn origin_of(desk: &Desk, bucket: Bucket, key: &Key) -> anyhow::Result<Option<Origin>> {
    if bucket != Bucket::Inbox {
        return Ok(key.parse_staging().1);
    }
    let name = desk.store.buckets().name(bucket);
    let head = desk.store.head(bucket, key).await?;
    Ok(head.map(|head| Origin::of_outside_object(name, key.as_str(), &head.etag, head.last_modified)))
}

fn bad(why: &str) -> Refused {
    Refused {
        status: StatusCode::BAD_REQUEST,
        why: why.to_owned(),
    }
}

fn unreadable(error: &axum::extract::multipart::MultipartError) -> Refused {
    Refused {
        status: error.status(),
        why: error.body_text(),
    }
}

fn ours(error: &anyhow::Error) -> Refused {
    Refused {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        why: format!("{error:#}"),
    }
}
