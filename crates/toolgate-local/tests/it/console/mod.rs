//! The console of the local agent over HTTP.

mod page;
mod state;
mod support;
