//! The pipeline on one machine: embedded S3, buckets, stages and the dispatcher between them.

use std::io;
use std::path::Path;

use anyhow::Context;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use embedded_s3::{EmbeddedS3, ObjectCreated};
use pipeline_core::{Bucket, Buckets, Config, KeyLayout, Limits, Store, Vars};

use crate::dispatcher::Dispatcher;
use crate::stages::Stages;
use crate::unfinished::unfinished;

/// Buckets on this machine are named as on AWS, with this for the stage.
const STAGE: &str = "local";

/// Everything that a laptop needs.
#[derive(Debug)]
pub struct LocalStack {
    s3: EmbeddedS3,
    store: Store,
    config: Config,
    dispatcher: Dispatcher,
}

impl LocalStack {
    /// Starts an embedded S3 over `data`, creates the buckets, and reads the same variables as the functions do.
    ///
    /// # Errors
    /// If the folder cannot be used, another pipeline uses it, or the configuration is wrong.
    pub async fn start(data: &Path, vars: Vars<'_>) -> anyhow::Result<Self> {
        let options = embedded_s3::Options {
            keep_history: false,
            ..embedded_s3::Options::default()
        };
        Self::start_with(data, options, vars).await
    }

    /// The same with an S3 of one's own choice, which may remember every write, for tests.
    ///
    /// # Errors
    /// As [`LocalStack::start`].
    pub async fn start_with(data: &Path, options: embedded_s3::Options, mut vars: Vars<'_>) -> anyhow::Result<Self> {
        let address = options.address;
        let s3 = EmbeddedS3::start(data, options).await.map_err(|error| {
            let situation = if error.kind() == io::ErrorKind::AddrInUse {
                format!("the S3 server cannot listen on {address}; port 0 is any that is free")
            } else {
                format!("the folder {} cannot be used", data.display())
            };
            anyhow::Error::new(error).context(situation)
        })?;
        let buckets = Self::buckets();
        for bucket in Bucket::ALL {
            s3.create_bucket(buckets.name(bucket))
                .await
                .with_context(|| format!("the bucket {bucket} cannot be created in {}", data.display()))?;
        }
        let user = s3.credentials();
        let client = client(
            &s3.endpoint(),
            s3.region(),
            &user.access_key_id,
            &user.secret_access_key,
        );
        let store = Store::new(client, buckets.clone());
        let config = Config {
            buckets,
            layout: vars.parsed("KEY_LAYOUT", KeyLayout::default()),
            limits: Limits::read(&mut vars),
        };
        let stages = Stages::read(&mut vars, &config, &store);
        let stages = vars.finish(stages)?;
        let dispatcher = Dispatcher::new(stages, config.buckets.clone(), s3.subscribe());
        Ok(Self {
            s3,
            store,
            config,
            dispatcher,
        })
    }

    /// The names of the buckets on this machine.
    #[must_use]
    pub fn buckets() -> Buckets {
        Buckets::named(|bucket| format!("es-{STAGE}-data-{bucket}"))
    }

    /// The buckets.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The S3 server.
    #[must_use]
    pub const fn s3(&self) -> &EmbeddedS3 {
        &self.s3
    }

    /// What the stages were configured with.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Delivers events to the stages.
    pub const fn dispatcher(&mut self) -> &mut Dispatcher {
        &mut self.dispatcher
    }

    /// Work that an interrupted run left: objects that wait for a stage, and emails without a receipt.
    ///
    /// # Errors
    /// If the buckets cannot be listed.
    pub async fn unfinished(&self) -> anyhow::Result<Vec<ObjectCreated>> {
        unfinished(&self.store).await
    }

    /// Finishes the requests that are being answered, then lets others use the folder.
    pub async fn shutdown(self) {
        self.s3.shutdown().await;
    }
}

/// A client of an S3 server on this machine.
#[must_use]
pub fn client(endpoint: &str, region: &str, access_key_id: &str, secret_access_key: &str) -> Client {
    let credentials = Credentials::new(access_key_id, secret_access_key, None, None, "embedded-s3");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}
