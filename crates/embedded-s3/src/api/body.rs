//! Bodies: from the network to a file, and from a file to the network, a piece at a time.

use super::errors::too_large;
use super::service::Service;
use crate::store::{Algorithm, Spool, Spooled, StoreError, base64};
use bytes::Bytes;
use futures::TryStreamExt as _;
use hyper::{HeaderMap, StatusCode};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, StdError, TrailingHeaders, s3_error};
use std::fs::File;
use std::io::{self, Read as _};

/// The largest body of one request, and the largest object that one CopyObject copies.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
pub(super) const MAX_PUT_BYTES: u64 = 5 << 30;

/// What is moved in one go between the network's and the disk's side. A body that is no larger is in memory entirely.
const PIECE_BYTES: usize = 1 << 20;

/// What the client says of the body that it sends.
#[derive(Debug)]
pub(super) struct Expected {
    content_length: Option<u64>,
    content_md5: Option<String>,
    /// An algorithm, and the checksum unless it comes after the body.
    checksum: Option<(Algorithm, Option<String>)>,
    trailers: Option<TrailingHeaders>,
}

impl Expected {
    pub(super) fn of<T>(
        req: &S3Request<T>,
        content_length: Option<i64>,
        content_md5: Option<String>,
    ) -> S3Result<Self> {
        let content_length = content_length.map(u64::try_from).transpose();
        let content_length = content_length.map_err(|error| s3_error!(error, InvalidArgument, "Content-Length"))?;
        if content_length.is_some_and(|length| length > MAX_PUT_BYTES) {
            return Err(too_large());
        }
        let checksum = claimed_checksum(&req.headers);
        Ok(Self {
            content_length,
            content_md5,
            checksum,
            trailers: req.trailing_headers.clone(),
        })
    }

    /// The algorithm of the checksum that comes with the body.
    pub(super) fn algorithm(&self) -> Option<Algorithm> {
        self.checksum.as_ref().map(|(algorithm, _)| *algorithm)
    }

    fn verify(&self, spooled: &Spooled) -> S3Result<()> {
        if self.content_length.is_some_and(|length| length != spooled.size) {
            return Err(s3_error!(
                IncompleteBody,
                "You did not provide the number of bytes specified by the Content-Length HTTP header"
            ));
        }
        if self
            .content_md5
            .as_ref()
            .is_some_and(|md5| *md5 != base64(&spooled.digests.md5))
        {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        if let Some((algorithm, in_header)) = &self.checksum {
            let in_trailer = || {
                self.trailers
                    .as_ref()?
                    .read(|trailers| value(trailers, algorithm.header()))?
            };
            let claimed = in_header.clone().or_else(in_trailer).ok_or_else(|| {
                s3_error!(
                    InvalidRequest,
                    "The trailer {} was announced and did not come",
                    algorithm.header()
                )
            })?;
            let computed = spooled.digests.checksum.as_ref().map(|(_, digest)| base64(digest));
            if computed.as_ref() != Some(&claimed) {
                return Err(s3_error!(
                    BadDigest,
                    "The {} you specified did not match the calculated checksum.",
                    algorithm.name()
                ));
            }
        }
        Ok(())
    }
}

fn claimed_checksum(headers: &HeaderMap) -> Option<(Algorithm, Option<String>)> {
    let announced = value(headers, "x-amz-trailer");
    Algorithm::ALL
        .into_iter()
        .find_map(|algorithm| match value(headers, algorithm.header()) {
            Some(checksum) => Some((algorithm, Some(checksum))),
            None if announced
                .as_ref()
                .is_some_and(|name| name.eq_ignore_ascii_case(algorithm.header())) =>
            {
                Some((algorithm, None))
            }
            None => None,
        })
}

fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// Takes a body in, and sees that it is what the client says. Beside what is needed for that, `algorithm` is computed.
pub(super) async fn receive(
    service: &Service,
    body: Option<StreamingBlob>,
    expected: &Expected,
    algorithm: Option<Algorithm>,
) -> S3Result<Spooled> {
    let algorithm = expected.algorithm().or(algorithm);
    let mut spool = None;
    let mut body = body;
    loop {
        let mut piece = Vec::new();
        let mut piece_bytes = 0;
        while piece_bytes < PIECE_BYTES
            && let Some(stream) = &mut body
        {
            match stream.try_next().await.map_err(broken_body)? {
                Some(bytes) => {
                    piece_bytes += bytes.len();
                    piece.push(bytes);
                }
                None => body = None,
            }
        }
        let written = service
            .blocking(move |service| write_piece(service, spool, algorithm, &piece))
            .await?;
        if written.size() > MAX_PUT_BYTES {
            return Err(too_large());
        }
        if body.is_none() {
            let spooled = written.finish();
            expected.verify(&spooled)?;
            return Ok(spooled);
        }
        spool = Some(written);
    }
}

fn write_piece(
    service: &Service,
    spool: Option<Spool>,
    algorithm: Option<Algorithm>,
    piece: &[Bytes],
) -> Result<Spool, StoreError> {
    let mut spool = match spool {
        Some(spool) => spool,
        None => Spool::new(&service.dir, algorithm)?,
    };
    piece.iter().try_for_each(|bytes| spool.append(bytes))?;
    Ok(spool)
}

/// `s3s` checks signatures and SHA-256 while the body is read, and says so in errors of private types.
fn broken_body(error: StdError) -> S3Error {
    let text = error.to_string();
    let mut refusal = if text.contains("Sha256Mismatch") {
        let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
        let mut refusal = S3Error::with_message(S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()), message);
        refusal.set_status_code(StatusCode::BAD_REQUEST);
        refusal
    } else if text.contains("SignatureMismatch") {
        s3_error!(SignatureDoesNotMatch, "The signature of a chunk does not match")
    } else {
        s3_error!(IncompleteBody, "The request body terminated unexpectedly")
    };
    refusal.set_source(error);
    refusal
}

/// What is sent of an object: `length` bytes of a file that stands at the first of them.
///
/// A file that is small enough is read at once, by the caller, who may block.
pub(super) fn first_piece(file: &mut File, length: u64) -> io::Result<Bytes> {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(PIECE_BYTES);
    let mut piece = Vec::with_capacity(length);
    file.take(length as u64).read_to_end(&mut piece)?;
    Ok(piece.into())
}

/// The first piece, and all that come after it.
pub(super) fn send(file: File, first: Bytes, length: u64) -> StreamingBlob {
    if first.len() as u64 == length {
        return s3s::Body::from(first).into();
    }
    StreamingBlob::wrap(futures::stream::try_unfold(
        (file, Some(first), length),
        |(file, first, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let (file, piece) = match first {
                Some(first) => (file, first),
                None => next_piece(file, left).await?,
            };
            if piece.is_empty() {
                // A person has cut the file. The client must see that something is missing.
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            let left = left.saturating_sub(piece.len() as u64);
            Ok(Some((piece, (file, None, left))))
        },
    ))
}

async fn next_piece(mut file: File, left: u64) -> io::Result<(File, Bytes)> {
    let read = tokio::task::spawn_blocking(move || {
        let piece = first_piece(&mut file, left)?;
        Ok((file, piece))
    });
    read.await.map_err(io::Error::other)?
}
