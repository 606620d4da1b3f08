//! The fifth function: finds work that got stuck, hands it to its stage again, and says how much waits, and since when.
//!
//! Lambda tries an event three times within minutes, and then parks it on the failure queue. An outage may last longer, and
//! an event may never have come. So a schedule calls this function every quarter of an hour ([`EVERY`]); it lists the
//! buckets in which objects wait only as long as they are worked on, and looks which emails have no receipt. Doing a stage's work
//! again does no harm: twice is once (`docs/SEMANTICS.md`).
//!
//! It remembers nothing. Which object is sent when follows from its age alone ([`BackOff`], [`Draw`]).

mod back_off;
mod draw;
mod error;
mod functions;
mod handler;
mod redrive;
mod request;
mod settings;
mod stops;
mod sweep;
mod tally;

pub use back_off::{BackOff, EVERY, LONGEST_PAUSE, Lot};
pub use draw::Draw;
pub use error::SweepError;
pub use functions::{FunctionNames, Functions, InvokeError};
pub use request::{Request, Run};
pub use settings::{NotATime, Settings, Since};
pub use sweep::Sweep;
