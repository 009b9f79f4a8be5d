//! A conversation with a model that calls tools: what InvokeAgent and InvokeHarness share.
//!
//! [`model_loop`] is the loop over model turns and tool calls. A platform decides how a model is asked, how calls are
//! run, and what its caller sees ([`Platform`]).

mod ask;
mod calls;
mod converse;
mod model_loop;
mod outcome;
mod session;
mod window;

pub(crate) use ask::{AskModel, ask_in_window, too_long_as_stop};
pub(crate) use calls::{ToolCall, calls_of, push_user_message};
pub(crate) use converse::converse;
pub(crate) use model_loop::{HistoryEnd, Platform, run};
pub(crate) use outcome::Outcome;
pub(crate) use session::{Phase, Session, SessionError, SessionKey, Sessions};
pub(crate) use window::{ContextWindow, truncate};
