//! The local agent from the outside: over HTTP, with a real function process behind it.

mod agents;
mod database;
mod guarded;
mod instances;
mod invoke;
mod models;
mod start;
mod support;
