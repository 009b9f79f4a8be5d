//! What the tests share: a template, fake functions, a model made of a closure, a server and the AWS SDK's client.

mod desk;
mod functions;
mod model;
mod template;

pub(crate) use desk::*;
pub(crate) use functions::*;
pub(crate) use model::*;
pub(crate) use template::*;
