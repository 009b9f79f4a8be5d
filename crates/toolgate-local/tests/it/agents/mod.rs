//! InvokeAgent through the AWS SDK, over fake functions and a model that each test defines.

mod asking_back;
mod bounds;
mod confirmation;
mod conversation;
mod failures;
mod limits;
mod operations;
mod requests;
mod return_of_control;
mod routing;
mod supervisor;
pub(crate) mod support;
mod traces;
