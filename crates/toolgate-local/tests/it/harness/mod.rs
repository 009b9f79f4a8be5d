//! InvokeHarness over HTTP: a harness with a gateway in front of a function, and a model server that is a closure.

mod calls;
mod errors;
mod guardrail;
mod hooks;
mod inline;
mod limits;
mod remote;
mod spans;
mod support;
mod turns;
