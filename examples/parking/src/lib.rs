//! The tools of parking. Each action group is a module and a Lambda function, and each tool is a file.

pub mod app;
pub mod payments;
pub mod seed;
pub mod sessions;
// toolgate: groups
