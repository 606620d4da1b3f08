//! The edge to AWS Lambda: events in, an answer or an error out.
//!
//! An event that fails is answered with an error of a short stable type, which Lambda's console, the failure queue's records, the log's
//! `error_type` and Rollbar name. Lambda tries the event again twice, then parks it on the failure queue. The types:
//!
//! | type | what it means | what mends it |
//! |---|---|---|
//! | `S3Refused` | S3 answered with an error; its code is in the message | `AccessDenied`: the function's permissions; `SlowDown`, `InternalError`: the retry |
//! | `S3Unreachable` | no answer from S3 | the retry; if not, the network or the endpoint |
//! | `S3BodyBroken` | an object broke off while it was read | the retry |
//! | `S3ObjectChanged`, `S3KeyTaken` | somebody else wrote at the same moment | the retry |
//! | `TemporaryFile` | the temporary file could not be written or read | more ephemeral storage |
//! | `OutsideServer` | a download link's server failed | the retry; if not, its owner |
//! | `DeadlineNear` | a minute before Lambda's time-out the work was not done | a longer time-out or more memory |
//! | `WrongBucket` | the event is about a bucket that does not trigger the function | the trigger, or who sent the event |
//! | `UnknownEvent` | the event is none that S3, SQS or Lambda sends | who sent it |
//! | `Defect`, `Panic` | a defect of ours, noticed or not; the message says what or where | us |
//! | `LambdaRefused`, `LambdaUnreachable` | `sweep` could not hand an event over | the next run; if not, its permissions |
//! | `SnsRefused`, `SnsUnreachable` | `notify` could not tell operators | the queue brings it again; if not, its permissions |
//! | `WrongConfiguration` | the function did not start; the message lists all problems | the environment's variables |
//!
//! Messages are for people: the objects' names and the first cause, never what an SDK prints of its errors.

mod batch;
mod init_error;
mod serve;
mod stage;

pub use batch::batch_answer;
pub use lambda_runtime::{Diagnostic, Error};
pub use serve::{Handler, serve};
pub use stage::run;
