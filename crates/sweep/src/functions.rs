//! Handing an event to a stage's function.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::operation::invoke::InvokeError as SdkInvokeError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use pipeline_core::aws::{self, SdkConfig};
use pipeline_core::event::Record;
use pipeline_core::{Stage, Vars};

/// The names of the stages' functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionNames {
    names: [String; 4],
}

impl FunctionNames {
    /// Names made by a rule, for tests.
    #[must_use]
    pub fn named(name: impl Fn(Stage) -> String) -> Self {
        Self {
            names: Stage::ALL.map(name),
        }
    }

    /// Reads `UNPACK_ATTACHMENTS_FUNCTION`, `PROCESS_FILE_FUNCTION`, …
    pub fn read(vars: &mut Vars<'_>) -> Self {
        Self {
            names: Stage::ALL.map(|stage| vars.required(Self::variable(stage))),
        }
    }

    /// The environment variable that holds the name of a stage's function.
    #[must_use]
    pub const fn variable(stage: Stage) -> &'static str {
        match stage {
            Stage::UnpackAttachments => "UNPACK_ATTACHMENTS_FUNCTION",
            Stage::ProcessFile => "PROCESS_FILE_FUNCTION",
            Stage::UncompressFile => "UNCOMPRESS_FILE_FUNCTION",
            Stage::ConvertFile => "CONVERT_FILE_FUNCTION",
        }
    }

    /// The name of a stage's function.
    #[must_use]
    pub fn name(&self, stage: Stage) -> &str {
        let [unpack_attachments, process_file, uncompress_file, convert_file] = &self.names;
        match stage {
            Stage::UnpackAttachments => unpack_attachments,
            Stage::ProcessFile => process_file,
            Stage::UncompressFile => uncompress_file,
            Stage::ConvertFile => convert_file,
        }
    }
}

/// The stages' functions, reached over the Lambda API.
#[derive(Debug, Clone)]
pub struct Functions {
    client: Client,
    names: FunctionNames,
    region: String,
}

/// A function that could not be given an event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// Lambda answered with an error.
    #[error("Lambda refused to invoke {function}: {code} (request {request_id})")]
    Refused {
        /// The function's name.
        function: String,
        /// The Lambda API's error code, for instance `ResourceNotFoundException` or `TooManyRequestsException`.
        code: String,
        /// Lambda's id of the request, for AWS support.
        request_id: String,
    },
    /// No answer: the network, DNS, TLS or a time-out.
    #[error("Lambda could not be reached to invoke {function}")]
    Unreachable {
        /// The function's name.
        function: String,
        /// What the SDK says.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl InvokeError {
    /// A short stable name of the situation, for alarms and Lambda's error type.
    #[must_use]
    pub const fn error_type(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "LambdaRefused",
            Self::Unreachable { .. } => "LambdaUnreachable",
        }
    }
}

impl Functions {
    /// The functions, reached by a client that exists.
    #[must_use]
    pub fn new(client: Client, names: FunctionNames) -> Self {
        let region = client.config().region().map(ToString::to_string).unwrap_or_default();
        Self { client, names, region }
    }

    /// The functions on AWS as the environment says (region, credentials, `AWS_ENDPOINT_URL_LAMBDA`, `AWS_ENDPOINT_URL`).
    #[must_use]
    pub fn from_env(names: FunctionNames) -> Self {
        Self::over(&aws::config("LAMBDA"), names)
    }

    /// The functions on AWS as a configuration says that was read from the environment.
    #[must_use]
    pub fn over(config: &SdkConfig, names: FunctionNames) -> Self {
        Self::new(Client::new(config), names)
    }

    /// Puts an event into the queue of a stage's function: an asynchronous invocation, as S3 does it, so that Lambda's
    /// retries and the failure queue are behind it.
    ///
    /// An event has one record, like those of S3: an object that fails then makes no other object's work be done
    /// again, and far below the size that Lambda allows (1 MB; 256 KB until 2025) nothing can be too large.
    ///
    /// # Errors
    /// If Lambda does not take the event; the SDK has tried several times then.
    pub async fn hand_over(&self, stage: Stage, record: &Record<'_>) -> Result<(), InvokeError> {
        let function = self.names.name(stage);
        let payload = Blob::new(record.to_event(&self.region).to_string());
        let request = self
            .client
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::Event)
            .payload(payload);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(from_sdk(function, error)),
        }
    }
}

fn from_sdk(function: &str, error: SdkError<SdkInvokeError, HttpResponse>) -> InvokeError {
    let function = function.to_owned();
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (error.as_service_error().map(ProvideErrorMetadata::meta), status) {
        (None, _) | (_, None) => InvokeError::Unreachable {
            function,
            source: Box::new(error),
        },
        (Some(meta), Some(status)) => InvokeError::Refused {
            function,
            code: meta.code().map_or_else(|| format!("HTTP {status}"), str::to_owned),
            request_id: error.request_id().unwrap_or("unknown").to_owned(),
        },
    }
}
