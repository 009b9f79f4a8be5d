//! What the policies say of one call.

use std::{fmt, str::FromStr};

use crate::error::ParseModeError;

/// What a gateway does with its engine's decisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// It obeys them.
    #[default]
    Enforce,
    /// It logs them and lets every call pass.
    LogOnly,
}

impl FromStr for Mode {
    type Err = ParseModeError;

    /// As in `PolicyEngineConfiguration.Mode`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "ENFORCE" => Ok(Self::Enforce),
            "LOG_ONLY" => Ok(Self::LogOnly),
            _ => Err(ParseModeError(text.to_owned())),
        }
    }
}

/// Why a call may or may not pass. Nothing in it comes from the call but the tool's name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// These policies permit it, and none forbids it.
    Permitted(Vec<String>),
    /// These policies forbid it, whatever permits it.
    Forbidden(Vec<String>),
    /// No policy says anything of it, so it is denied.
    NothingPermits,
    /// The gateway has no such tool.
    UnknownTool,
    /// The gateway's authoriser lets in no callers of this kind.
    UnknownCaller,
    /// The arguments do not fit the tool's schema, for each of these reasons.
    Unfit(Vec<String>),
}

/// What the policies say of one call, and what the mode makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub(crate) reason: Reason,
    pub(crate) errors: Vec<String>,
    pub(crate) mode: Mode,
}

impl Decision {
    /// Whether the call may pass: whatever the policies say, it does in [`Mode::LogOnly`].
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.permitted() || self.mode == Mode::LogOnly
    }

    /// What the policies say, which is what happens in [`Mode::Enforce`].
    #[must_use]
    pub fn permitted(&self) -> bool {
        matches!(self.reason, Reason::Permitted(_))
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The ids of the policies that decided, sorted; none when nothing permits a call.
    #[must_use]
    pub fn policies(&self) -> &[String] {
        match &self.reason {
            Reason::Permitted(ids) | Reason::Forbidden(ids) => ids,
            _ => &[],
        }
    }

    /// The policies that could not be evaluated, and so did not count: `policy: why`, without any value of the call.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.errors
    }
}

impl fmt::Display for Decision {
    /// For a log, in one line: it tells nothing that the caller sent.
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
            Reason::UnknownCaller => f.write_str("the gateway's authorizer knows no callers of this kind"),
            Reason::Unfit(reasons) => write!(f, "the arguments do not fit the tool: {}", reasons.join("; ")),
        }?;
        if self.errors.is_empty() { Ok(()) } else { write!(f, " (not evaluated: {})", self.errors.join("; ")) }
    }
}

fn quoted(ids: &[String]) -> String {
    ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}
