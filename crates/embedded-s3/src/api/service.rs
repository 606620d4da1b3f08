//! What all requests share, and which request goes where.

use super::{buckets, copy, delete, get, listing, multipart, put, uploads};
use crate::access::{Access, Caller};
use crate::conditions::WriteCondition;
use crate::events::{EventName, ObjectCreated, Subscribers};
use crate::history::History;
use crate::store::{DataDir, NewObject, StoreError, Upload, Written};
use s3s::dto::*;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::mpsc;

/// The server's side of the S3 API. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) dir: Arc<DataDir>,
    pub(crate) subscribers: Arc<Subscribers>,
    pub(crate) history: Option<History>,
    pub(crate) region: Arc<str>,
    pub(crate) access: Option<Access>,
    /// Dropped after the data folder's lock: who waits for its end knows that the folder is free.
    pub(crate) _using: mpsc::Sender<()>,
}

impl Service {
    /// Who sent a request, and what they may do.
    pub(super) fn caller<T>(&self, req: &S3Request<T>) -> Caller {
        Caller::new(self.access.as_ref(), req.credentials.as_ref())
    }

    /// Runs what reads and writes files where it may block.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> S3Result<T> {
        let service = self.clone();
        match tokio::task::spawn_blocking(move || work(&service)).await {
            Ok(result) => Ok(result?),
            Err(error) => Err(s3_error!(error, InternalError)),
        }
    }

    /// Publishes an object and tells the subscribers. An upload that it comes from ends in the same moment, so that
    /// it makes its object once.
    pub(super) fn publish(
        &self,
        bucket: &str,
        key: &str,
        new: NewObject,
        condition: &WriteCondition,
        event_name: EventName,
        upload: Option<&Upload>,
    ) -> Result<Written, StoreError> {
        let (written, _grave) = self.dir.with_bucket(bucket, |locked| {
            upload.map_or(Ok(()), |upload| locked.check_upload(upload))?;
            let written = locked.put(key, new, condition)?;
            let event = ObjectCreated {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                size: written.record.identity.size,
                etag: written.record.etag.clone(),
                event_name,
                time: OffsetDateTime::now_utc(),
                sequencer: format!("{:016X}", self.dir.clock.tick()),
            };
            if let Some(history) = &self.history {
                history.record(&event, written.replaced);
            }
            // Under the lock, so that the events of a key come in the order of its versions.
            self.subscribers.announce(&event);
            let grave = match upload.map(|upload| locked.end_upload(upload)) {
                Some(Err(error)) => {
                    tracing::warn!(bucket, key, %error, "a completed upload could not be removed");
                    None
                }
                Some(Ok(grave)) => Some(grave),
                None => None,
            };
            Ok((written, grave))
        })?;
        Ok(written)
    }
}

/// The operations of this server; `s3s` answers all others with NotImplemented.
#[async_trait::async_trait]
impl S3 for Service {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        buckets::create_bucket(self, req).await
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        buckets::head_bucket(self, req).await
    }

    async fn get_bucket_location(
        &self,
        req: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        buckets::get_bucket_location(self, req).await
    }

    async fn list_buckets(&self, req: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        buckets::list_buckets(self, req).await
    }

    async fn delete_bucket(&self, req: S3Request<DeleteBucketInput>) -> S3Result<S3Response<DeleteBucketOutput>> {
        buckets::delete_bucket(self, req).await
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        put::put_object(self, req).await
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        get::get_object(self, req).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        get::head_object(self, req).await
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        delete::delete_object(self, req).await
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        delete::delete_objects(self, req).await
    }

    async fn list_objects(&self, req: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        listing::list_objects(self, req).await
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        listing::list_objects_v2(self, req).await
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        copy::copy_object(self, req).await
    }

    async fn create_multipart_upload(
        &self,
        req: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        multipart::create_multipart_upload(self, req).await
    }

    async fn upload_part(&self, req: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        multipart::upload_part(self, req).await
    }

    async fn upload_part_copy(
        &self,
        req: S3Request<UploadPartCopyInput>,
    ) -> S3Result<S3Response<UploadPartCopyOutput>> {
        copy::upload_part_copy(self, req).await
    }

    async fn complete_multipart_upload(
        &self,
        req: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        multipart::complete_multipart_upload(self, req).await
    }

    async fn abort_multipart_upload(
        &self,
        req: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        multipart::abort_multipart_upload(self, req).await
    }

    async fn list_parts(&self, req: S3Request<ListPartsInput>) -> S3Result<S3Response<ListPartsOutput>> {
        uploads::list_parts(self, req).await
    }

    async fn list_multipart_uploads(
        &self,
        req: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
        uploads::list_multipart_uploads(self, req).await
    }
}
