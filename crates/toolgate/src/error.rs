//! The errors of tools and gates, and the one table that maps them to every wire.
//!
//! An error has a kind, a *public* message for the model, and a private source for the log. The public and the private
//! part are separate fields, so that an internal message cannot leak by accident.

use std::{borrow::Cow, error::Error as StdError, fmt};

use serde::Serialize;
use serde_json::{Value, json};

use crate::{effect::Replay, sanitize};

/// The error that stops a handler, or the private source of a tool's error.
pub type Error = Box<dyn StdError + Send + Sync>;

/// The kinds of errors. The model reads the kind in `error.kind`: [`as_str`](Self::as_str).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is not valid. The model should correct it and call again.
    Invalid,
    /// The tool does not exist.
    UnknownTool,
    /// The caller is not allowed to do this.
    Refused,
    /// The input refers to something that does not exist.
    NotFound,
    /// The state of the data does not allow this.
    Conflict,
    /// The same call is already running.
    InProgress,
    /// A person must approve the call first, and has been asked.
    WaitingForApproval,
    /// The output is too large. The model should narrow its query.
    TooLarge,
    /// The work took too long. The effect may have happened.
    TimedOut,
    /// An internal failure that the model cannot correct.
    Internal,
}

impl ErrorKind {
    /// All kinds, in the order of their declaration.
    pub(crate) const ALL: [Self; 10] = [
        Self::Invalid,
        Self::UnknownTool,
        Self::Refused,
        Self::NotFound,
        Self::Conflict,
        Self::InProgress,
        Self::WaitingForApproval,
        Self::TooLarge,
        Self::TimedOut,
        Self::Internal,
    ];

    /// The one table: the kind's name, its status on the api and direct wires, and whether the function wire asks the
    /// model to try again (`REPROMPT`).
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

    /// The spelling on every wire: `invalid`, `unknown tool`, `not found`, ..
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

/// The spelling on every wire.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One problem with a call's input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The position: `amount`, `lines[2].quantity`.
    pub path: String,
    /// The expected value: `an integer from 1 to 5`.
    pub expected: String,
    /// The received value. Secrets and long values are described, not repeated.
    pub got: String,
}

impl Problem {
    /// A problem at `path`.
    pub fn new(path: impl Into<String>, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { path: path.into(), expected: expected.into(), got: got.into() }
    }
}

/// The reason why a call has no output.
///
/// ```
/// use toolgate::{ErrorKind, ToolError};
///
/// fn find(id: &str) -> Result<u32, ToolError> {
///     let text = std::fs::read_to_string("/no/such/file").map_err(ToolError::internal)?; // logged only
///     text.parse().map_err(|_| ToolError::not_found(format!("there is no order `{id}`"))) // public
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
    elicited: Option<Elicited>,
    /// The gate that stopped the call. Empty where the tool itself returned the error. `None` until the origin is
    /// recorded.
    gate: Option<&'static str>,
}

/// Why a call stops that a client asks its person about. Only the mcp wire can express it.
#[cfg_attr(not(feature = "mcp"), expect(dead_code, reason = "only the mcp wire reads it"))]
pub(crate) enum Elicited {
    /// The client has to ask.
    Question { state: String, message: String },
    /// The client has returned a state that does not belong to this call.
    UnknownState,
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
            elicited: None,
            gate: None,
        }))
    }

    /// The input is not valid. The model should correct it and call again (status 400, `REPROMPT`).
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::Invalid, message)
    }

    /// The caller is not allowed to do this (403).
    pub fn refused(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::Refused, message)
    }

    /// The input refers to something that does not exist (404).
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::NotFound, message)
    }

    /// The state of the data does not allow this (409).
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::Conflict, message)
    }

    /// The same call is already running (409).
    pub fn in_progress(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::InProgress, message)
    }

    /// A person must approve the call first, and has been asked (202).
    pub fn waiting_for_approval(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::WaitingForApproval, message)
    }

    /// The output is too large. The model should narrow its query (413, `REPROMPT`).
    pub fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::TooLarge, message)
    }

    /// An external system took too long (504).
    pub fn timed_out(message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(ErrorKind::TimedOut, message)
    }

    /// An internal failure that the model cannot correct (500). The source goes to the log. The model reads only that
    /// the call failed.
    pub fn internal(source: impl Into<Error>) -> Self {
        Self::of(ErrorKind::Internal, "failed; it has been logged").with_source(source)
    }

    /// The first reply to a repeated call. A ledger returns it as an error, so that `?` leaves the tool at once. The
    /// model gets the reply as an ordinary success. Only `.once(..)` tools may return it.
    pub fn replay(replay: Replay) -> Self {
        let mut error = Self::of(ErrorKind::Internal, "a repeated call outside of a `.once(..)` tool");
        error.0.replay = Some(replay);
        error
    }

    /// A call that stops because of a question to a person.
    pub(crate) fn elicit(elicited: Elicited) -> Self {
        let mut error = match elicited {
            Elicited::Question { .. } => Self::waiting_for_approval("a person has to approve this call first"),
            Elicited::UnknownState => Self::refused(
                "this answer belongs to no question about this call: it was asked about another input or by another \
                 caller, it has been used, or it has expired; call again without it",
            ),
        };
        error.0.elicited = Some(elicited);
        error
    }

    #[cfg(feature = "mcp")]
    pub(crate) fn elicited(&self) -> Option<&Elicited> {
        self.0.elicited.as_ref()
    }

    /// Adds a private source. It goes to the log only.
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

    /// Ends the customer's whole turn: the function wire answers `FAILURE`, and Bedrock turns that into a
    /// `DependencyFailedException`. This is rarely the right choice.
    #[must_use]
    pub fn fatal(mut self) -> Self {
        self.0.fatal = true;
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The public message.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The problems with individual fields.
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

    /// Records where the call was stopped, for the log. Only the first record counts.
    pub(crate) fn at(mut self, gate: &'static str) -> Self {
        self.0.gate.get_or_insert(gate);
        self
    }

    /// Whether it is recorded where the call was stopped.
    pub(crate) fn is_recorded(&self) -> bool {
        self.0.gate.is_some()
    }

    pub(crate) fn gate(&self) -> &'static str {
        self.0.gate.unwrap_or_default()
    }

    /// Whether the effect may have happened although the tool returned this error.
    pub(crate) fn is_unclear(&self) -> bool {
        matches!(self.0.kind, ErrorKind::TimedOut | ErrorKind::Internal)
    }

    /// Whether the tool has checked the data and made no effect.
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

    /// The error body, the same on every wire.
    pub(crate) fn body(&self) -> Value {
        let mut body =
            json!({"error": {"kind": self.kind().as_str(), "message": &*self.0.message, "problems": self.0.problems}});
        // the message may quote text from a model or a table
        sanitize::value(&mut body);
        body
    }
}

/// Shows the kind and the number of problems only, because the text may contain what the model sent.
impl fmt::Debug for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolError")
            .field("kind", &self.kind().as_str())
            .field("problems", &self.0.problems.len())
            .finish_non_exhaustive()
    }
}

/// Shows the public message.
impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// The source is private: it goes to the log, never to a model.
impl StdError for ToolError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
