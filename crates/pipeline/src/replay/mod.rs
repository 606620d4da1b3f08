//! `pipeline replay`: what was rejected goes through the pipeline again.
//!
//! Receipts make twice once, so a replay invents no new origins: it retires receipts, and puts the objects back to the stage that refused
//! them, as what they were. What was delivered keeps its receipt, and is done before.
//!
//! For each reject, in this order, so that after a crash anywhere the same command goes on where it stopped:
//!
//! 1. its object is moved within unprocessable to `archive-replay/<origin>/<generation>/<rest>`, so that a second rejection finds its own
//!    key free;
//! 2. its receipt is moved to `generations/<origin>/<number>.json`;
//! 3. the object is put to its stage again, under its old origin; of an email, whose original is in the inbox, the event is sent again;
//! 4. the copy in `archive-replay/` is removed.
//!
//! At every moment the object is in unprocessable, with its stage, or in the inbox.

mod again;
mod archived;
mod carry_out;
mod command;
mod failures;
mod force;
mod plan;
mod retire;
mod select;

pub use carry_out::carry_out;
pub use command::replay;
pub use force::force;
pub use plan::{Again, Family, Plan, Unit, plan};
pub use retire::retire;
pub use select::{Selection, select};
