//! The console of the local agent over HTTP.

mod approvals;
mod page;
mod reset;
mod saved;
mod state;
mod support;
mod tools;
mod writes;
