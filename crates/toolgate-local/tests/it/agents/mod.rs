//! InvokeAgent as the AWS SDK sees it, over fake functions and a model that does what the test says.

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
