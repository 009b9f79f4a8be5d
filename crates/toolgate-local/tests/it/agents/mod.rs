//! InvokeAgent as the AWS SDK sees it, over fake functions and a model that does what the test says.

mod confirmation;
mod conversation;
mod failures;
mod requests;
mod supervisor;
mod support;
mod traces;
