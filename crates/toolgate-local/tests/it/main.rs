//! Tests of the local agent from the outside, in one binary.

mod agents;
mod models;
