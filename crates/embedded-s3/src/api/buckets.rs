//! CreateBucket, HeadBucket, GetBucketLocation, ListBuckets, DeleteBucket.

use super::service::Service;
use crate::store::StoreError;
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};
use time::OffsetDateTime;

/// The first region, which keeps its habits.
const LENIENT_REGION: &str = "us-east-1";

pub(super) async fn create_bucket(
    service: &Service,
    req: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let bucket = req.input.bucket;
    let location = Some(format!("/{bucket}"));
    let created = service.blocking(move |service| match service.dir.create_bucket(&bucket) {
        // "In the US East (N. Virginia) Region [...] Amazon S3 returns 200 OK" where it returns 409 elsewhere.
        // https://docs.aws.amazon.com/AmazonS3/latest/API/API_Error.html
        Err(StoreError::BucketExists) if &*service.region == LENIENT_REGION => Ok(()),
        created => created,
    });
    created.await?;
    Ok(S3Response::new(CreateBucketOutput { location }))
}

pub(super) async fn head_bucket(
    service: &Service,
    req: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    check_bucket(service, req.input.bucket).await?;
    let bucket_region = Some(service.region.to_string());
    Ok(S3Response::new(HeadBucketOutput {
        bucket_region,
        ..HeadBucketOutput::default()
    }))
}

pub(super) async fn get_bucket_location(
    service: &Service,
    req: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    check_bucket(service, req.input.bucket).await?;
    // "Buckets in Region us-east-1 have a LocationConstraint of null."
    let constraint = (&*service.region != LENIENT_REGION).then(|| service.region.to_string().into());
    Ok(S3Response::new(GetBucketLocationOutput {
        location_constraint: constraint,
    }))
}

async fn check_bucket(service: &Service, bucket: String) -> S3Result<()> {
    service
        .blocking(move |service| {
            if service.dir.has_bucket(&bucket) {
                Ok(())
            } else {
                Err(StoreError::NoSuchBucket)
            }
        })
        .await
}

/// All in one answer: a folder on a laptop has no thousands of buckets.
pub(super) async fn list_buckets(
    service: &Service,
    req: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let prefix = req.input.prefix.clone().unwrap_or_default();
    let buckets = service.blocking(|service| Ok(service.dir.buckets()?)).await?;
    let buckets = buckets
        .into_iter()
        .filter(|(name, _)| name.starts_with(&prefix))
        .map(|(name, created)| Bucket {
            name: Some(name),
            creation_date: Some(OffsetDateTime::from(created).into()),
            ..Bucket::default()
        });
    let buckets = Some(buckets.collect());
    Ok(S3Response::new(ListBucketsOutput {
        buckets,
        prefix: req.input.prefix,
        ..ListBucketsOutput::default()
    }))
}

pub(super) async fn delete_bucket(
    service: &Service,
    req: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    service
        .blocking(move |service| service.dir.delete_bucket(&req.input.bucket))
        .await?;
    Ok(S3Response::new(DeleteBucketOutput::default()))
}
