//! Shared code of the tests: a template, fake functions, a model that is a closure, a server and the AWS SDK's client.

mod model;

pub(crate) use model::*;
pub(crate) use toolgate_local_testkit::*;
