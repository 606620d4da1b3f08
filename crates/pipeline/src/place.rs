//! Where the buckets are that a command is about: a folder of this machine, or a stage on AWS.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use aws_config::{BehaviorVersion, SdkConfig};
use pipeline_core::{Buckets, Store, Vars, aws};

use crate::args::PlaceArgs;
use crate::serve::Endpoint;
use crate::stack::LocalStack;

/// What bucket names begin with, unless `BUCKET_PREFIX` says otherwise.
const BUCKET_PREFIX: &str = "es";

/// The buckets, and who works on what is put into them.
#[derive(Debug)]
pub enum Place {
    /// A folder that nobody else uses: this process is the pipeline.
    Own(Box<LocalStack>),
    /// A folder on which a `pipeline serve` is running, which works on what comes.
    Serve(Store, PathBuf),
    /// A stage on AWS, whose functions work on what comes.
    Stage(Store, Box<Stage>),
}

/// A stage on AWS.
#[derive(Debug)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// How AWS is reached.
    pub aws: SdkConfig,
}

impl Place {
    /// Opens the buckets that the command line names.
    ///
    /// # Errors
    /// If there is no such folder or it cannot be used, or AWS cannot be reached with what the environment says.
    pub async fn open(args: &PlaceArgs, mut vars: Vars<'_>) -> anyhow::Result<Self> {
        match &args.stage {
            Some(stage) => Self::open_stage(stage, &mut vars).await,
            None => Self::open_folder(&args.data, vars).await,
        }
    }

    /// The buckets.
    #[must_use]
    pub const fn store(&self) -> &Store {
        match self {
            Self::Own(stack) => stack.store(),
            Self::Serve(store, _) | Self::Stage(store, _) => store,
        }
    }

    /// Opens the buckets of a stage on AWS.
    pub(crate) async fn open_stage(name: &str, vars: &mut Vars<'_>) -> anyhow::Result<Self> {
        let aws = aws_config::defaults(BehaviorVersion::latest())
            .http_client(aws::https())
            .load()
            .await;
        if aws.region().is_none() {
            bail!("no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile with a region");
        }
        let prefix = vars.get("BUCKET_PREFIX").unwrap_or_else(|| BUCKET_PREFIX.to_owned());
        let buckets = Buckets::named(|bucket| format!("{prefix}-{name}-data-{bucket}"));
        let store = Store::over(&aws, buckets);
        let name = name.to_owned();
        Ok(Self::Stage(store, Box::new(Stage { name, aws })))
    }

    async fn open_folder(data: &Path, vars: Vars<'_>) -> anyhow::Result<Self> {
        if !data.is_dir() {
            bail!(
                "there is no folder {}: name it with --data, or a stage on AWS with --stage",
                data.display()
            );
        }
        let error = match LocalStack::start(data, vars).await {
            Ok(stack) => return Ok(Self::Own(Box::new(stack))),
            Err(error) => error,
        };
        if !is_busy(&error) {
            return Err(error);
        }
        match Endpoint::read(data).context("what `pipeline serve` tells of itself cannot be read")? {
            Some(endpoint) => Ok(Self::Serve(endpoint.store(), data.to_owned())),
            // A `pipeline run` has it.
            None => Err(error),
        }
    }
}

fn is_busy(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::ResourceBusy)
}
