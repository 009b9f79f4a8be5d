//! The models that an agent can use, behind one trait in the shape of Bedrock's Converse: a scenario file, Bedrock, or
//! a model server with OpenAI's API.
//!
//! An agent loop depends only on [`Model`]. [`Models`] selects one for each agent by a choice such as `script:FILE`.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod assemble;
mod bedrock;
mod choice;
mod conversation;
mod message;
mod model;
mod openai;
mod retry;
pub mod script;

pub use answer::Write;
pub use bedrock::BedrockModel;
pub use choice::{ModelChoiceError, Models, is_for_one_agent};
pub use conversation::Conversation;
pub use message::{
    APPROVED, Block, DECLINED, Inference, Message, ModelReply, ModelRequest, Role, StopReason, ToolSpec, Usage,
};
pub use model::{Model, ModelError, ModelErrorKind};
pub use openai::{AddressError, OpenAiModel};
pub use retry::RetryPolicy;
pub use script::ScriptModel;

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
