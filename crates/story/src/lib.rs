//! What became of an email or a file, read from receipts and objects.
//!
//! [`find`] leads from whatever a person knows of a file (a key of any bucket, an origin) to what [`Entered`] the pipeline;
//! [`Tree::read`] tells everything that came of it. [`Receipts`] holds many receipts in memory and is refreshed by reading only the
//! new ones; [`Summary`] counts what they tell of a span of time.
//!
//! It only reads. What it needs is leave to list and to get.

mod error;
mod find;
mod grow;
mod node;
mod reading;
mod receipts;
mod search;
mod summary;
mod tree;

pub use error::StoryError;
pub use find::find;
pub use node::{Node, State};
pub use reading::{earlier_receipts, origin_of_object, receipt};
pub use receipts::{Receipts, Refreshed};
pub use summary::{AreaSummary, Summary};
pub use tree::{Delivery, Entered, Reject, Tree, rejects_of};
