//! Fetching the file that a link leads to.
//!
//! The HTTP and TLS stack is the one that the AWS SDK brings along. Redirects are followed here, as each hop has to pass
//! the same check as the link; what a name resolves to is checked by the resolver that the connection itself uses, so
//! that nothing can change between the check and the use.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::dns::SharedDnsResolver;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::byte_stream::ByteStream;
use bytes::{Bytes, BytesMut};
use pipeline_core::{Failure, FileKind, ReasonCode, Rejection, aws, kind};
use url::Url;

use crate::encoding::text::guess;
use crate::header::parameters::{Parameterized, percent_decode};
use crate::links::places::DownloadLinks;
use crate::links::resolver::{FilteredResolver, NotPublic};

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// How long a server may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect and begin its answer.
    pub answer: Duration,
    /// Between two pieces of its answer.
    pub read: Duration,
    /// For everything, redirects included.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(20),
            read: Duration::from_secs(20),
            total: Duration::from_secs(60),
        }
    }
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Its name by `Content-Disposition` (RFC 6266), else by the last part of the address.
    pub name: Option<String>,
    /// Its media type as the server tells it, in lower case.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The link is no good, now and later.
    #[error(transparent)]
    Bad(Rejection),
    /// A later attempt may succeed.
    #[error(transparent)]
    Failed(Failure),
}

/// Fetches files from allowed places.
#[derive(Debug)]
pub struct Downloader {
    links: DownloadLinks,
    max_bytes: u64,
    timeouts: Timeouts,
    connector: Connector,
}

impl Downloader {
    /// A client for files of at most `max_bytes` each. Reads the system's trusted certificates, which takes a while.
    #[must_use]
    pub fn new(links: DownloadLinks, max_bytes: u64, timeouts: Timeouts) -> Self {
        let connector = aws::connector(SharedDnsResolver::new(FilteredResolver::new(links.clone())));
        Self {
            links,
            max_bytes,
            timeouts,
            connector,
        }
    }

    /// Fetches one file.
    ///
    /// # Errors
    /// [`DownloadError::Failed`] for time-outs, DNS errors, broken connections, 408, 429 and 5xx; [`DownloadError::Bad`]
    /// with [`ReasonCode::DownloadFailed`] or [`ReasonCode::TooLarge`] for everything else.
    pub async fn fetch(&self, link: &Url) -> Result<Download, DownloadError> {
        in_time(self.timeouts.total, self.follow(link)).await?
    }

    async fn follow(&self, link: &Url) -> Result<Download, DownloadError> {
        let mut url = link.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.get(&url).await?;
            match response.status().as_u16() {
                200..=299 => return self.read(&url, response).await,
                301 | 302 | 303 | 307 | 308 => url = redirected(&url, &response)?,
                408 => return Err(failed("the server of a download link timed out", None)),
                429 => return Err(failed("the server of a download link asks to wait", None)),
                status @ 500.. => {
                    return Err(failed(
                        &format!("the server of a download link answers with error {status}"),
                        None,
                    ));
                }
                status => {
                    return Err(bad(format!(
                        "The download link answers with error {status}. Please check that it is still valid."
                    )));
                }
            }
        }
        Err(bad("The download link leads from one address to the next without end."))
    }

    async fn get(&self, url: &Url) -> Result<HttpResponse, DownloadError> {
        if !self.links.allow(url) {
            return Err(bad(
                "The download link leads to a place that files are not fetched from.",
            ));
        }
        if !self.links.allow_host(url) {
            return Err(not_public());
        }
        let mut request =
            HttpRequest::get(url.as_str()).map_err(|_| bad("The download link is no valid web address."))?;
        let headers = request.headers_mut();
        headers.insert("user-agent", concat!("unpack-attachments/", env!("CARGO_PKG_VERSION")));
        headers.insert("accept", "*/*");
        headers.insert("accept-encoding", "identity");
        let answer = in_time(self.timeouts.answer, self.connector.call(request)).await?;
        answer.map_err(|error| {
            if has_source::<NotPublic>(&error) {
                not_public()
            } else if error.is_user() {
                bad("The download link is no valid web address.")
            } else {
                failed("the server of a download link cannot be reached", Some(error.into()))
            }
        })
    }

    async fn read(&self, url: &Url, mut response: HttpResponse) -> Result<Download, DownloadError> {
        let content_type = response
            .headers()
            .get_bytes("content-type")
            .map(Parameterized::parse)
            .unwrap_or_default();
        let disposition = response
            .headers()
            .get_bytes("content-disposition")
            .map(Parameterized::parse);
        let name = disposition
            .and_then(|header| header.text("filename"))
            .or_else(|| name_in(url));
        let mut body = ByteStream::new(response.take_body());
        let mut bytes = BytesMut::new();
        while let Some(piece) = in_time(self.timeouts.read, body.next()).await? {
            let piece = piece.map_err(|error| failed("a download broke off", Some(error.into())))?;
            if (bytes.len() as u64).saturating_add(piece.len() as u64) > self.max_bytes {
                let reason = format!("The download is larger than {} bytes.", self.max_bytes);
                return Err(DownloadError::Bad(Rejection::new(ReasonCode::TooLarge, reason)));
            }
            bytes.extend_from_slice(&piece);
        }
        let bytes = bytes.freeze();
        let name_for_kind = name.as_deref().unwrap_or_default();
        match kind::classify(&mut std::io::Cursor::new(&bytes), name_for_kind) {
            Ok(FileKind::Empty) => Err(bad("The download is empty.")),
            Ok(FileKind::Html) => Err(bad(
                "The download link leads to a web page instead of a file. It may have expired, or want a password.",
            )),
            _ => Ok(Download {
                name,
                media_type: content_type.value,
                bytes,
            }),
        }
    }
}

/// Where a redirect leads (RFC 9110 section 10.2.2).
fn redirected(url: &Url, response: &HttpResponse) -> Result<Url, DownloadError> {
    let location = response.headers().get_bytes("location").unwrap_or_default();
    let location = guess(location);
    if location.trim().is_empty() {
        return Err(bad("The download link leads on, but does not say where to."));
    }
    let mut next = url
        .join(location.trim())
        .map_err(|_| bad("The download link leads to an address that is none."))?;
    next.set_fragment(None);
    Ok(next)
}

fn name_in(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    let name = guess(&percent_decode(last.as_bytes())).into_owned();
    (!name.trim().is_empty()).then_some(name)
}

async fn in_time<T>(limit: Duration, what: impl Future<Output = T>) -> Result<T, DownloadError> {
    tokio::time::timeout(limit, what)
        .await
        .map_err(|error| failed("the server of a download link takes too long", Some(error.into())))
}

fn bad(reason: impl Into<String>) -> DownloadError {
    DownloadError::Bad(Rejection::new(ReasonCode::DownloadFailed, reason))
}

fn not_public() -> DownloadError {
    bad("The download link leads to an address that is not on the public internet.")
}

fn failed(what: &str, source: Option<Box<dyn Error + Send + Sync>>) -> DownloadError {
    DownloadError::Failed(Failure::Outside {
        what: what.to_owned(),
        source,
    })
}

fn has_source<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(|error| error.is::<E>())
}
