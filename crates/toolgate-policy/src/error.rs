//! The problems of policies that are found before any call.

use std::fmt;

/// No Cedar schema can be derived from these tools.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SchemaError(pub(crate) String);

/// A text is not exactly one Cedar policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StatementError(pub(crate) String);

/// One problem of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The policy's id; `None` if the tools cause the problem.
    pub policy: Option<String>,
    /// The problem, and how to fix it.
    pub message: String,
}

impl Mistake {
    pub(crate) fn of_tools(error: &(impl ToString + ?Sized)) -> Self {
        let message = format!("no Cedar schema can be derived from the tools: {}", error.to_string());
        Self { policy: None, message }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Some(policy) => write!(f, "policy `{policy}`: {}", self.message),
            None => write!(f, "{}", self.message),
        }
    }
}

/// All problems of an engine's policies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct PolicyError(pub(crate) Vec<Mistake>);

impl PolicyError {
    /// In the order of the policies; never empty.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }
}

/// A text is not a valid caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrincipalError {
    /// It starts with neither `iam:` nor `oauth:`.
    #[error("`{0}` is not a valid principal: write `iam:ARN` or `oauth:SUB,TAG=VALUE,..`")]
    Kind(String),
    /// The text after `iam:` is not the ARN of a user, role or session.
    #[error(
        "`{0}` is not the ARN of a caller: write `iam:arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, or a user's or role's"
    )]
    Arn(String),
    /// The text after `oauth:` is empty.
    #[error("`oauth:` needs the token's `sub` behind it, such as `oauth:user-1,role=desk`")]
    Subject,
    /// A tag is not `name=value`.
    #[error("`{0}` is not a tag: write `TAG=VALUE` for each claim of the token, separated by `,`")]
    Tag(String),
    /// A tag occurs twice.
    #[error("the tag `{0}` occurs twice: a claim has one value")]
    Twice(String),
}
