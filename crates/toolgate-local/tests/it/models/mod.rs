//! Models from the outside: scenario files, and Bedrock behind a stand-in.

mod bedrock;
mod script;
