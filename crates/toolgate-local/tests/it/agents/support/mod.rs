//! What the tests share: a template, fake functions, a model made of a closure, a server and the AWS SDK's client.

mod model;

pub(crate) use model::*;
pub(crate) use toolgate_local_testkit::*;
