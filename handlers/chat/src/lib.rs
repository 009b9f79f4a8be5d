//! The front door of a web application: one turn of a conversation per request, streamed while it happens, as the
//! customer who has signed in, and never beyond the budgets.

pub mod money;
pub mod progress;
pub mod session;
