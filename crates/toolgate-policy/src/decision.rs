//! The decision of the policies on one call.

use std::fmt;

/// How a gateway uses its engine's decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// It enforces them.
    #[default]
    Enforce,
    /// It logs them and allows every call.
    LogOnly,
}

/// Why a call is allowed or denied. The tool's name is the only part that comes from the call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// These policies permit the call, and no policy forbids it.
    Permitted(Vec<String>),
    /// These policies forbid the call, even if others permit it.
    Forbidden(Vec<String>),
    /// No policy applies to the call, so it is denied.
    NothingPermits,
    /// The gateway does not have the tool.
    UnknownTool,
    /// The gateway's authorizer does not accept callers of this kind.
    UnknownCaller,
    /// The arguments do not match the tool's schema, for each of these reasons.
    Unfit(Vec<String>),
}

/// The decision on one call, and its effect in the gateway's mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub(crate) reason: Reason,
    pub(crate) errors: Vec<String>,
    pub(crate) mode: Mode,
}

impl Decision {
    /// Whether the call may run. In [`Mode::LogOnly`] every call may.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.permitted() || self.mode == Mode::LogOnly
    }

    /// Whether the policies permit the call. [`Mode::Enforce`] uses this result.
    #[must_use]
    pub fn permitted(&self) -> bool {
        matches!(self.reason, Reason::Permitted(_))
    }

    /// The reason of the decision.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The ids of the policies that decided, sorted; empty if no policy permits the call.
    #[must_use]
    pub fn policies(&self) -> &[String] {
        match &self.reason {
            Reason::Permitted(ids) | Reason::Forbidden(ids) => ids,
            _ => &[],
        }
    }

    /// The policies that could not be evaluated and were ignored, as `policy: reason`, without any value of the call.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }
}

impl fmt::Display for Decision {
    /// One line for a log. It contains nothing that the caller sent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.permitted(), self.mode) {
            (true, _) => "allowed: ",
            (false, Mode::Enforce) => "denied: ",
            (false, Mode::LogOnly) => "allowed by LOG_ONLY, otherwise denied: ",
        }
        .fmt(f)?;
        match &self.reason {
            Reason::Permitted(ids) => write!(f, "permitted by {}", quoted(ids)),
            Reason::Forbidden(ids) => write!(f, "forbidden by {}", quoted(ids)),
            Reason::NothingPermits => f.write_str("no policy permits it"),
            Reason::UnknownTool => f.write_str("the gateway has no such tool"),
            Reason::UnknownCaller => f.write_str("the gateway's authorizer does not accept callers of this kind"),
            Reason::Unfit(reasons) => write!(f, "the arguments do not fit the tool: {}", reasons.join("; ")),
        }?;
        if self.errors.is_empty() { Ok(()) } else { write!(f, " (not evaluated: {})", self.errors.join("; ")) }
    }
}

fn quoted(ids: &[String]) -> String {
    ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}
