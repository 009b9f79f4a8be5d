//! Policies and callers, in the way that a gateway uses them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly, their helpers too"
)]

mod kit;

mod always;
mod decisions;
mod desk;
mod mistakes;
mod presence;
mod principals;
mod values;
