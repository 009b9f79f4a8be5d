//! The gates of a call, and their results.

use std::{borrow::Cow, time::Duration};

use crate::error::{ErrorKind, ToolError};

/// A gate of a call, or another of its steps, in the order of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gate {
    /// The event, and the identity in it.
    Wire,
    /// The tool exists.
    Tool,
    /// No refused field was sent.
    FieldsIn,
    /// The input has the tool's type.
    Types,
    /// The rules of `.require(..)`.
    Rules,
    /// The time until Lambda ends the function. It covers all steps from here to the tool itself.
    Deadline,
    /// The middleware. It covers the gates with memory and the tool itself.
    Middleware,
    /// The output of an equal call.
    Cache,
    /// The first reply of a call with an effect.
    Replay,
    /// The limits of the session.
    Budget,
    /// The yes of a person.
    Confirm,
    /// The record of an effect.
    Once,
    /// The tool itself.
    Run,
    /// The exposed fields.
    FieldsOut,
    /// The size of the reply.
    Size,
}

impl Gate {
    pub(crate) const ALL: [Self; 15] = [
        Self::Wire,
        Self::Tool,
        Self::FieldsIn,
        Self::Types,
        Self::Rules,
        Self::Deadline,
        Self::Middleware,
        Self::Cache,
        Self::Replay,
        Self::Budget,
        Self::Confirm,
        Self::Once,
        Self::Run,
        Self::FieldsOut,
        Self::Size,
    ];

    /// The name: `fields in`, `once`, .. It is `gate` of the call's log line, except that the log line has no name for
    /// the tool itself, which is `run` here.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Tool => "tool",
            Self::FieldsIn => "fields in",
            Self::Types => "types",
            Self::Rules => "rules",
            Self::Deadline => "deadline",
            Self::Middleware => "middleware",
            Self::Cache => "cache",
            Self::Replay => "replay",
            Self::Budget => "budget",
            Self::Confirm => "confirm",
            Self::Once => "once",
            Self::Run => "run",
            Self::FieldsOut => "fields out",
            Self::Size => "size",
        }
    }

    /// The name in the call's log line.
    pub(super) const fn log_name(self) -> &'static str {
        match self {
            Self::Run => "",
            gate => gate.name(),
        }
    }
}

/// The result of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The call went on.
    Passed,
    /// The gate, or the tool itself, ended the call with this error.
    Stopped(ErrorKind),
    /// The gate, or the tool's commit, found the first reply of an earlier call.
    Replayed,
    /// The cache had the output.
    Cached,
    /// The tool, the router or the platform declares nothing that this gate checks.
    NotDeclared,
    /// The gate began and did not end: the deadline or a panic ended the call.
    Interrupted,
}

impl Verdict {
    /// The name: `passed`, `stopped`, `replayed`, `cached`, `skipped` (not declared) or `interrupted`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Stopped(_) => "stopped",
            Self::Replayed => "replayed",
            Self::Cached => "cached",
            Self::NotDeclared => "skipped",
            Self::Interrupted => "interrupted",
        }
    }

    /// An error that an earlier step has recorded only passes through this gate.
    pub(super) fn of<T>(result: &Result<T, ToolError>) -> Self {
        match result {
            Ok(_) => Self::Passed,
            Err(error) if error.is_recorded() => Self::Passed,
            Err(error) if error.is_replay() => Self::Replayed,
            Err(error) => Self::Stopped(error.kind()),
        }
    }

    /// A number other than 0, which stands for a gate that the call has not reached.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Passed => 1,
            Self::Replayed => 2,
            Self::Cached => 3,
            Self::NotDeclared => 4,
            Self::Interrupted => 5,
            Self::Stopped(kind) => STOPPED + kind as u8,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Passed),
            2 => Some(Self::Replayed),
            3 => Some(Self::Cached),
            4 => Some(Self::NotDeclared),
            5 => Some(Self::Interrupted),
            code => ErrorKind::ALL.get(usize::from(code.checked_sub(STOPPED)?)).copied().map(Self::Stopped),
        }
    }
}

/// The code of the first kind of error.
const STOPPED: u8 = 16;

/// A gate that the call has reached, or that is not declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The gate.
    pub gate: Gate,
    /// When the gate first began, after the start of the call.
    pub began: Duration,
    /// The time in the gate. A gate with a part before and a part after the tool has the sum of both.
    pub took: Duration,
    /// Its result.
    pub verdict: Verdict,
}

/// A request to another service that a call has made. It has no values of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MadeRequest {
    /// The service: `aws.dynamodb`.
    pub system: &'static str,
    /// The operation: `GetItem`.
    pub operation: Cow<'static, str>,
    /// When the request began, after the start of the call.
    pub began: Duration,
    /// The time that it took, with its retries.
    pub took: Duration,
    /// The class of its error: a status, `timeout`, `interrupted`, ..
    pub error: Option<Cow<'static, str>>,
}
