//! What a tool or a gate says when there is no output, and the one table that decides how each wire says it.
//!
//! An error has a private kind, a *public* text that the model reads, and a private source that only the log sees.
//! Public and private are separate fields, so that an internal message cannot leak by accident.

use std::{borrow::Cow, error::Error as StdError, fmt};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{effect::Replay, sanitize};

/// The error that ends a handler, or the private source of a tool's error.
pub type Error = Box<dyn StdError + Send + Sync>;

/// The kinds of errors, as the model reads them in `error.kind`: [`as_str`](Self::as_str).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input cannot be right; the model should correct it and call again.
    Invalid,
    /// There is no such tool.
    UnknownTool,
    /// The caller may not do this.
    Refused,
    /// What the input names does not exist.
    NotFound,
    /// The data is not in a state that allows this.
    Conflict,
    /// The same call is running already.
    InProgress,
    /// A person has to say yes first, and has been asked.
    WaitingForApproval,
    /// The output does not fit; the model should narrow its query.
    TooLarge,
    /// Something took too long; it may have happened.
    TimedOut,
    /// Something failed that the model can do nothing about.
    Internal,
}

impl ErrorKind {
    /// The one table: what the kind is called, its status on the api and direct wires, and whether the function wire
    /// asks the model to try again (`REPROMPT`).
    const fn row(self) -> (&'static str, u16, bool) {
        match self {
            Self::Invalid => ("invalid", 400, true),
            Self::UnknownTool => ("unknown tool", 404, true),
            Self::Refused => ("refused", 403, false),
            Self::NotFound => ("not found", 404, false),
            Self::Conflict => ("conflict", 409, false),
            Self::InProgress => ("in progress", 409, false),
            Self::WaitingForApproval => ("waiting for approval", 202, false),
            Self::TooLarge => ("too large", 413, true),
            Self::TimedOut => ("timed out", 504, false),
            Self::Internal => ("internal", 500, false),
        }
    }

    /// As it is spelled on every wire: `invalid`, `unknown tool`, `not found`, ..
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    pub(crate) const fn status(self) -> u16 {
        self.row().1
    }

    pub(crate) const fn reprompts(self) -> bool {
        self.row().2
    }
}

/// As on every wire.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong with a call's input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// Where: `amount`, `lines[2].quantity`.
    pub path: String,
    /// What would be right: `an integer from 1 to 5`.
    pub expected: String,
    /// What was there instead; secrets and over-long values are described, not repeated.
    pub got: String,
}

impl Problem {
    /// A problem at `path`.
    pub fn new(path: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { path: path.into(), expected: expected.into(), got: got.into() }
    }
}

/// Why a call has no output.
///
/// ```
/// use toolgate::{ErrorKind, ToolError};
///
/// fn find(id: &str) -> Result<u32, ToolError> {
///     let text = std::fs::read_to_string("/no/such/file").map_err(ToolError::internal)?; // logged, not told
///     text.parse().map_err(|_| ToolError::not_found(format!("there is no order `{id}`"))) // told
/// }
///
/// let error = find("ORD-1").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Internal);
/// assert_eq!(error.message(), "failed; it has been logged");
/// ```
pub struct ToolError(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    problems: Vec<Problem>,
    fatal: bool,
    source: Option<Error>,
    replay: Option<Replay>,
    /// Where the call was stopped; empty where the tool itself said no, `None` as long as nobody has said.
    gate: Option<&'static str>,
}

impl ToolError {
    pub(crate) fn of(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            problems: Vec::new(),
            fatal: false,
            source: None,
            replay: None,
            gate: None,
        }))
    }

    /// The input cannot be right: the model should correct it and call again (status 400, `REPROMPT`).
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::Invalid, message)
    }

    /// The caller may not do this (403).
    pub fn refused(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::Refused, message)
    }

    /// What the input names does not exist (404).
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::NotFound, message)
    }

    /// The data is not in a state that allows this (409).
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::Conflict, message)
    }

    /// The same call is running already (409).
    pub fn in_progress(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::InProgress, message)
    }

    /// A person has to say yes first, and has been asked (202).
    pub fn waiting_for_approval(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::WaitingForApproval, message)
    }

    /// The output does not fit; the model should narrow its query (413, `REPROMPT`).
    pub fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::TooLarge, message)
    }

    /// Something outside took too long (504).
    pub fn timed_out(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::TimedOut, message)
    }

    /// Something failed that the model can do nothing about (500). The source goes to the log; the model reads only
    /// that it failed.
    pub fn internal(source: impl Into<Error>) -> Self {
        Self::of(ErrorKind::Internal, "failed; it has been logged").with_source(source)
    }

    /// The first reply to a call that is now repeated. A ledger returns it, so that `?` leaves the tool at once; the
    /// model gets the reply as an ordinary success. Only `.once(..)` tools may answer so.
    pub fn replay(replay: Replay) -> Self {
        let mut error = Self::of(ErrorKind::Internal, "a repeated call outside of a `.once(..)` tool");
        error.0.replay = Some(replay);
        error
    }

    /// Adds a private source, for the log only.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Error>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds a problem with one field of the input.
    #[must_use]
    pub fn with_problem(mut self, problem: Problem) -> Self {
        self.0.problems.push(problem);
        self
    }

    pub(crate) fn with_problems(mut self, problems: Vec<Problem>) -> Self {
        self.0.problems = problems;
        self
    }

    /// Ends the customer's whole turn: the function wire answers `FAILURE`, which Bedrock turns into a
    /// `DependencyFailedException`. Rarely right.
    #[must_use]
    pub fn fatal(mut self) -> Self {
        self.0.fatal = true;
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The public text.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The problems with single fields.
    pub fn problems(&self) -> &[Problem] {
        &self.0.problems
    }

    pub(crate) fn status(&self) -> u16 {
        self.0.kind.status()
    }

    /// `responseState` of the function wire.
    pub(crate) fn response_state(&self) -> Option<&'static str> {
        match self.0.fatal {
            true => Some("FAILURE"),
            false => self.0.kind.reprompts().then_some("REPROMPT"),
        }
    }

    /// Notes where the call was stopped, for the log. The first place counts.
    pub(crate) fn at(mut self, gate: &'static str) -> Self {
        self.0.gate.get_or_insert(gate);
        self
    }

    pub(crate) fn gate(&self) -> &'static str {
        self.0.gate.unwrap_or_default()
    }

    /// Whether the effect of a tool that ended so may have happened.
    pub(crate) fn is_unclear(&self) -> bool {
        matches!(self.0.kind, ErrorKind::TimedOut | ErrorKind::Internal)
    }

    /// Whether the tool has judged the data, and nothing has happened.
    pub(crate) fn is_verdict(&self) -> bool {
        let judged = matches!(
            self.0.kind,
            ErrorKind::Invalid | ErrorKind::Refused | ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::TooLarge
        );
        judged && !self.is_replay()
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.0.replay.is_some()
    }

    pub(crate) fn take_replay(&mut self) -> Option<Replay> {
        self.0.replay.take()
    }

    /// The one error body of every wire.
    pub(crate) fn body(&self) -> Value {
        let mut body =
            json!({"error": {"kind": self.kind().as_str(), "message": &*self.0.message, "problems": self.0.problems}});
        // it may quote what a model or a table said
        sanitize::value(&mut body);
        body
    }
}

/// Kind and number of problems only: the text may hold what the model sent.
impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolError")
            .field("kind", &self.kind().as_str())
            .field("problems", &self.0.problems.len())
            .finish_non_exhaustive()
    }
}

/// The public text.
impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// The source is private: for the log, never for a model.
impl StdError for ToolError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
