//! Lambda's Runtime API on loopback, and functions that are run against it: for tests and for use on one machine.
//!
//! A function's binary does not know whether it runs on AWS. It asks `AWS_LAMBDA_RUNTIME_API` for an event, answers it, and asks for
//! the next one (Lambda developer guide, ["Using the Lambda runtime API for custom runtimes"][guide]). [`RuntimeApi`] is
//! the other side of that; [`Function`] starts a binary with the environment that Lambda gives it, and [`Instance`] is the running process.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use std::time::Duration;
//!
//! use runtime_api::{Answer, Function};
//! use serde_json::json;
//!
//! let function = Function::new("process-file", "target/lambda/process-file/bootstrap").variable("LOG_LEVEL", "debug");
//! let instance = function.start().await?;
//! match instance.invoke(&json!({"Records": []}), Duration::from_secs(10)).await {
//!     Ok(Answer::Response(value)) => println!("{value}"),
//!     Ok(Answer::Error(report)) => println!("{report}"),
//!     Err(no_answer) => println!("{no_answer}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [guide]: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

mod answer;
mod environment;
mod function;
mod instance;
mod output;
mod routes;
mod server;

pub use answer::{Answer, ErrorReport, NoAnswer};
pub use function::Function;
pub use instance::Instance;
pub use output::{Lines, Output};
pub use server::{INIT_TIME, RuntimeApi};
