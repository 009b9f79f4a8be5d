//! The front door of a web application: one turn of a conversation per request, streamed while it happens, as the
//! customer who has signed in, and never beyond the budgets.

pub mod backend;
pub mod caller;
pub mod door;
pub mod event;
pub mod keys;
pub mod metrics;
pub mod money;
pub mod progress;
pub mod refusal;
pub mod session;
pub mod settings;
pub mod stream;
pub mod turn;
