//! The service that runs the agent: it takes one turn, and what happens is reported while it happens.

mod agents;
mod backoff;
mod error;
mod events;
mod harness;
mod question;
mod reply;
mod text;
mod trace;

use tokio::sync::mpsc::Sender;

pub use self::{
    agents::AgentBackend,
    backoff::Backoff,
    error::{Reason, TurnError},
    harness::{HarnessBackend, HarnessLimits},
};
use crate::{event::What, money::End, progress::Progress, session::Session};

/// One turn of a conversation.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The session.
    pub session: Session,
    /// The customer's text, or answers to the questions of the last turn.
    pub what: What,
    /// The customer's own token, which goes on to the tools.
    pub token: Option<Token>,
}

/// A token that has been verified. It is never written to a log.
#[derive(Clone)]
pub struct Token(pub String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// The service that runs the agent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Backend {
    /// Bedrock Agents.
    Agent(AgentBackend),
    /// An AgentCore harness.
    Harness(HarnessBackend),
}

impl Backend {
    /// Takes one turn to its end. Reports what happens; that nobody receives the reports does not end it.
    ///
    /// # Errors
    /// The turn did not end as it should. [`TurnError::end`] says what is known of its costs.
    pub async fn turn(&self, turn: Turn, progress: Sender<Progress>) -> Result<End, TurnError> {
        match self {
            Self::Agent(agent) => agent.turn(turn, &progress).await,
            Self::Harness(harness) => harness.turn(turn, &progress).await,
        }
    }
}

/// Reports what happened. A turn goes on when nobody listens any more, since its tools have effects.
async fn report(progress: &Sender<Progress>, happened: Progress) {
    let _ = progress.send(happened).await;
}
