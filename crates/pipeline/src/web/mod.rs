//! The web page of `pipeline serve`: what lies where, what became of what came in, and a way to send a file.
//!
//! Pages are pure functions from `view` to HTML. It has no password, so it listens on loopback only and
//! `guard` keeps other sites out.

mod aside;
mod assets;
mod chart;
mod counts;
mod desk;
mod flow;
mod flow_shape;
mod guard;
mod input_page;
mod inputs;
mod layout;
mod letters;
mod memory;
mod overview;
mod preview;
mod receive;
mod routes;
mod send_form;
mod server;
#[cfg(test)]
mod tests;
mod told;
mod view;
mod words;

pub use desk::{Desk, GivenUp};
pub use server::WebPage;
pub use view::Parked;
