//! A SAM template as CloudFormation would see it, for each combination of parameters that changes what is deployed.

mod conditions;
mod include;
mod references;
mod resolve;
mod variants;

use std::collections::BTreeMap;

pub(crate) use include::Includes;
pub(crate) use references::{conditions, references};
pub(crate) use resolve::Scope;
pub(crate) use variants::variants;

/// What the parameters are set to in one deployment; one that is absent stands for any value.
pub(crate) type Settings = BTreeMap<String, String>;
