//! What happens during a turn, whichever service runs the agent.

use std::time::Duration;

use serde_json::Value;
use toolgate::prices::Tokens;

/// One thing that happens during a turn.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// A part of the answer.
    Text(String),
    /// The agent calls a tool.
    Call {
        /// Names the call in this turn.
        id: String,
        /// The tool's name.
        tool: String,
        /// The input, as the agent wrote it.
        input: Value,
    },
    /// A tool has answered.
    Output {
        /// The call.
        id: String,
        /// The reply.
        output: Value,
        /// Whether the reply is an error.
        is_error: bool,
    },
    /// The turn stops until the customer has answered: may this call run, with exactly this input?
    Question {
        /// Identifies the question in the customer's answer.
        id: String,
        /// The call.
        call: String,
        /// The tool's name.
        tool: String,
        /// The input, as the service has stored it.
        input: Value,
    },
    /// The customer has denied a call, or has not answered its question.
    Denied {
        /// The call.
        id: String,
    },
    /// A call waits for a person of the desk.
    Parked {
        /// The approval's id, `APR-…`.
        approval: String,
        /// The call.
        id: String,
    },
    /// A model turn has ended.
    Tokens {
        /// The model, if the service says which.
        model: Option<String>,
        /// What it has read and written.
        tokens: Tokens,
    },
    /// The service is busy, and the turn has not begun. It is tried again.
    Waiting {
        /// The time until then.
        wait: Duration,
    },
}
