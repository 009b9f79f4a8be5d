//! Shared code of the tests: a template, fake functions, a model that is a closure, a server and the AWS SDK's client.

mod desk;
mod functions;
mod model;
mod template;

pub(crate) use desk::*;
pub(crate) use functions::*;
pub(crate) use model::*;
pub(crate) use template::*;
