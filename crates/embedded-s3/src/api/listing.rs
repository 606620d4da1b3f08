//! ListObjectsV2 and ListObjects.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

use super::attributes::{etag, last_modified, length};
use super::service::Service;
use crate::store::{Floor, Record, StoreError, Walk};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result, s3_error};

/// More are never given at once.
const MAX_KEYS: i32 = 1000;

/// What a client asks for.
#[derive(Debug, Clone)]
struct Query {
    bucket: String,
    prefix: String,
    delimiter: Option<String>,
    floor: Floor,
    max_keys: usize,
}

/// What it gets.
#[derive(Debug, Default)]
struct Page {
    objects: Vec<(String, Record)>,
    common_prefixes: Vec<String>,
    /// Where the next page begins, if there is one.
    next: Option<Floor>,
}

pub(super) async fn list_objects_v2(
    service: &Service,
    req: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = req.input;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let prefix = input.prefix.unwrap_or_default();
    let floor = match (&input.continuation_token, &input.start_after) {
        (Some(token), _) => floor_of_token(token)
            .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?,
        (None, Some(start_after)) => floor_after(start_after, &prefix, delimiter.as_deref()),
        (None, None) => Floor::Start,
    };
    let max_keys = max_keys(input.max_keys)?;
    let query = Query {
        bucket: input.bucket.clone(),
        prefix,
        delimiter,
        floor,
        max_keys,
    };
    let page = list(service, query.clone()).await?;
    let count = page.objects.len() + page.common_prefixes.len();
    let with_owner = input.fetch_owner.unwrap_or(false);
    let output = ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoding.encode(&query.prefix)),
        delimiter: query.delimiter.map(|delimiter| encoding.encode(&delimiter)),
        start_after: input.start_after.map(|start_after| encoding.encode(&start_after)),
        encoding_type: input.encoding_type,
        max_keys: i32::try_from(max_keys).ok(),
        key_count: i32::try_from(count).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_ref().and_then(token_of_floor),
        contents: Some(objects(page.objects, encoding, with_owner)),
        common_prefixes: Some(common_prefixes(page.common_prefixes, encoding)),
        ..ListObjectsV2Output::default()
    };
    Ok(S3Response::new(output))
}

pub(super) async fn list_objects(
    service: &Service,
    req: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = req.input;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let prefix = input.prefix.unwrap_or_default();
    let marker = input.marker.unwrap_or_default();
    let floor = floor_after(&marker, &prefix, delimiter.as_deref());
    let max_keys = max_keys(input.max_keys)?;
    let query = Query {
        bucket: input.bucket.clone(),
        prefix,
        delimiter,
        floor,
        max_keys,
    };
    let page = list(service, query.clone()).await?;
    // "This element is returned only if you have the delimiter request parameter specified."
    let next_marker = match (&query.delimiter, &page.next) {
        (Some(_), Some(Floor::After(last) | Floor::AfterPrefix(last))) => Some(encoding.encode(last)),
        _ => None,
    };
    let output = ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.encode(&query.prefix)),
        delimiter: query.delimiter.map(|delimiter| encoding.encode(&delimiter)),
        marker: Some(encoding.encode(&marker)),
        next_marker,
        encoding_type: input.encoding_type,
        max_keys: i32::try_from(max_keys).ok(),
        is_truncated: Some(page.next.is_some()),
        contents: Some(objects(page.objects, encoding, true)),
        common_prefixes: Some(common_prefixes(page.common_prefixes, encoding)),
        ..ListObjectsOutput::default()
    };
    Ok(S3Response::new(output))
}

pub(super) fn max_keys(asked: Option<i32>) -> S3Result<usize> {
    usize::try_from(asked.unwrap_or(MAX_KEYS).min(MAX_KEYS)).map_err(|error| {
        s3_error!(
            error,
            InvalidArgument,
            "Argument must be an integer between 0 and 2147483647"
        )
    })
}

async fn list(service: &Service, query: Query) -> S3Result<Page> {
    service
        .blocking(move |service| {
            let names = service.dir.with_bucket(&query.bucket, |bucket| {
                names(&query, &mut Walk::new(bucket, &query.prefix, query.floor.clone())?)
            })?;
            let mut objects = Vec::with_capacity(names.keys.len());
            // Without the bucket's lock, because a file that a person put there is read for its ETag.
            for key in names.keys {
                match service.dir.object(&query.bucket, &key) {
                    Ok(object) => objects.push((key, object.record)),
                    Err(StoreError::NoSuchKey) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(Page {
                objects,
                common_prefixes: names.common_prefixes,
                next: names.next,
            })
        })
        .await
}

/// What is on a page: keys, and what keys have in common up to a delimiter.
#[derive(Debug, Default)]
struct Names {
    keys: Vec<String>,
    common_prefixes: Vec<String>,
    next: Option<Floor>,
}

fn names(query: &Query, walk: &mut Walk<'_>) -> Result<Names, StoreError> {
    let mut names = Names::default();
    let mut last = query.floor.clone();
    if query.max_keys == 0 {
        return Ok(names);
    }
    while let Some(key) = walk.next_key()? {
        if names.keys.len() + names.common_prefixes.len() == query.max_keys {
            names.next = Some(last);
            break;
        }
        match common_prefix(&key, &query.prefix, query.delimiter.as_deref()) {
            Some(common) => {
                walk.skip(common);
                last = Floor::AfterPrefix(common.to_owned());
                names.common_prefixes.push(common.to_owned());
            }
            None => {
                last = Floor::After(key.clone());
                names.keys.push(key);
            }
        }
    }
    Ok(names)
}

/// A key up to the first delimiter after the prefix, if it has one.
pub(super) fn common_prefix<'a>(key: &'a str, prefix: &str, delimiter: Option<&str>) -> Option<&'a str> {
    let delimiter = delimiter?;
    let at = key.strip_prefix(prefix)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}

/// A client that goes on after a common prefix wants none of the keys that it stands for.
fn floor_after(last: &str, prefix: &str, delimiter: Option<&str>) -> Floor {
    match common_prefix(last, prefix, delimiter) {
        Some(common) if common == last => Floor::AfterPrefix(last.to_owned()),
        _ if last.is_empty() => Floor::Start,
        _ => Floor::After(last.to_owned()),
    }
}

fn token_of_floor(floor: &Floor) -> Option<String> {
    let (kind, last) = match floor {
        Floor::Start => return None,
        Floor::After(key) => ('k', key),
        Floor::AfterPrefix(prefix) => ('p', prefix),
    };
    Some(format!("{kind}{}", utf8_percent_encode(last, NON_ALPHANUMERIC)))
}

fn floor_of_token(token: &str) -> Option<Floor> {
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .ok()
            .map(|text| text.into_owned())
    };
    match token.split_at_checked(1)? {
        ("k", key) => decode(key).map(Floor::After),
        ("p", prefix) => decode(prefix).map(Floor::AfterPrefix),
        _ => None,
    }
}

/// How names are written in the XML, which cannot hold all characters that keys can.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoding {
    Plain,
    Url,
}

/// As AWS has it: `test file(3).png` is `test+file%283%29.png`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/')
    .remove(b' ');

impl Encoding {
    pub(super) fn of(asked: Option<&EncodingType>) -> S3Result<Self> {
        match asked.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(_) => Err(s3_error!(
                InvalidArgument,
                "Invalid Encoding Method specified in Request"
            )),
        }
    }

    pub(super) fn encode(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::Url => utf8_percent_encode(name, ENCODED).to_string().replace(' ', "+"),
        }
    }
}

fn objects(objects: Vec<(String, Record)>, encoding: Encoding, with_owner: bool) -> ObjectList {
    let objects = objects.into_iter().map(|(key, record)| Object {
        key: Some(encoding.encode(&key)),
        e_tag: etag(&record.etag),
        size: length(record.identity.size),
        last_modified: last_modified(&record),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        checksum_algorithm: record
            .checksum
            .as_ref()
            .map(|checksum| vec![ChecksumAlgorithm::from_static(checksum.algorithm.name())]),
        checksum_type: record
            .checksum
            .as_ref()
            .map(|checksum| ChecksumType::from_static(checksum.kind.name())),
        owner: with_owner.then(owner),
        ..Object::default()
    });
    objects.collect()
}

pub(super) fn common_prefixes(prefixes: Vec<String>, encoding: Encoding) -> CommonPrefixList {
    prefixes
        .into_iter()
        .map(|prefix| CommonPrefix {
            prefix: Some(encoding.encode(&prefix)),
        })
        .collect()
}

/// All is owned by the one account that there is.
pub(super) fn owner() -> Owner {
    Owner {
        id: Some("embedded-s3".to_owned()),
        display_name: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_url_encoded_as_aws_does_it() {
        assert_eq!(Encoding::Url.encode("test file(3).png"), "test+file%283%29.png");
        assert_eq!(Encoding::Url.encode("a/b+c%d\u{e9}\u{1}"), "a/b%2Bc%25d%C3%A9%01");
        assert_eq!(Encoding::Plain.encode("a b"), "a b");
    }

    #[test]
    fn tokens_come_back_and_others_are_refused() {
        for floor in [
            Floor::After("a b/\u{e9}%".to_owned()),
            Floor::AfterPrefix("a/".to_owned()),
        ] {
            let token = token_of_floor(&floor).unwrap();
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'));
            assert_eq!(floor_of_token(&token), Some(floor));
        }
        for token in ["", "x", "\u{e9}", "k%ff"] {
            assert_eq!(floor_of_token(token), None, "{token}");
        }
    }

    #[test]
    fn a_common_prefix_ends_with_the_first_delimiter_after_the_prefix() {
        assert_eq!(common_prefix("a/b/c", "", Some("/")), Some("a/"));
        assert_eq!(common_prefix("a/b/c", "a/", Some("/")), Some("a/b/"));
        assert_eq!(common_prefix("a/b/c", "a/b/", Some("/")), None);
        assert_eq!(common_prefix("a--b--c", "a", Some("--")), Some("a--"));
        assert_eq!(common_prefix("a/b", "", None), None);
    }
}
