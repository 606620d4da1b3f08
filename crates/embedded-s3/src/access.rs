//! Who may do what, if not everybody everything.

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::Credentials;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use std::fmt;
use std::sync::Arc;

/// The operations that ask for themselves: a client that is answered while it still sends sees a broken connection, not
/// the answer; and what a list names is refused one by one.
const LATER: [&str; 4] = ["PutObject", "PostObject", "UploadPart", "DeleteObjects"];

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// Whose signature the request bears.
    pub access_key_id: &'a str,
    /// The operation's name in the S3 API, for instance `UploadPart`.
    pub operation: &'a str,
    /// The bucket, if the operation is about one.
    pub bucket: Option<&'a str>,
    /// The object's key, if it is about one.
    pub key: Option<&'a str>,
}

/// Decides what is allowed, as policies do on AWS. What is not allowed is answered with 403 `AccessDenied`.
///
/// A request is one attempt or several, as AWS asks for several permissions:
/// - a copy is also a `GetObject` of its source,
/// - a deletion on the condition of an ETag is also a `GetObject`
///   (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-delete-enforce.html>),
/// - `DeleteObjects` is a `DeleteObject` of each key, and an HTML form a `PutObject`,
/// - to be told that an object to read or to copy is missing is a `ListObjectsV2` of its bucket: who may not do that gets 403
///   instead of 404 (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>).
#[derive(Clone)]
pub struct Access(Arc<dyn Fn(&Attempt<'_>) -> bool + Send + Sync>);

impl Access {
    /// Allows what `allows` says yes to. It is called in the middle of a request, once for each attempt.
    pub fn new(allows: impl Fn(&Attempt<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(allows))
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Access").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let (operation, path) = (context.s3_op().name(), context.s3_path());
        let caller = Caller::new(Some(self), context.credentials());
        if LATER.contains(&operation) {
            return caller.is_known();
        }
        caller.may(operation, path.get_bucket_name(), path.get_object_key())
    }
}

/// Who sent a request, and what decides about it; nothing does if everybody may do everything.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    access: Option<Access>,
    access_key_id: Option<String>,
}

impl Caller {
    pub(crate) fn new(access: Option<&Access>, credentials: Option<&Credentials>) -> Self {
        Self {
            access: access.cloned(),
            access_key_id: credentials.map(|credentials| credentials.access_key.clone()),
        }
    }

    /// # Errors
    /// 403 for a request without a signature.
    fn is_known(&self) -> S3Result<()> {
        match self.access_key_id {
            Some(_) => Ok(()),
            None => Err(s3_error!(AccessDenied, "Signature is required")),
        }
    }

    /// # Errors
    /// 403 if that is not allowed.
    pub(crate) fn may(&self, operation: &str, bucket: Option<&str>, key: Option<&str>) -> S3Result<()> {
        let Some(access) = &self.access else { return Ok(()) };
        self.is_known()?;
        let attempt = Attempt {
            access_key_id: self.access_key_id.as_deref().unwrap_or_default(),
            operation,
            bucket,
            key,
        };
        if (access.0)(&attempt) {
            Ok(())
        } else {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
    }

    /// The error for who looked for an object: that it is missing is told only to those who may list the bucket.
    pub(crate) fn told(&self, error: S3Error, bucket: &str) -> S3Error {
        if *error.code() != S3ErrorCode::NoSuchKey {
            return error;
        }
        self.may("ListObjectsV2", Some(bucket), None).err().unwrap_or(error)
    }
}
