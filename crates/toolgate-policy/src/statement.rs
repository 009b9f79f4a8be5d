//! The text of one policy.

use cedar_policy::{ActionConstraint, EntityUid, Policy, PolicyId};

use crate::error::StatementError;

/// AWS's limits on the number of characters of a policy.
/// <https://docs.aws.amazon.com/bedrock-agentcore-control/latest/APIReference/API_CedarPolicy.html>
const LENGTHS: std::ops::RangeInclusive<usize> = 35..=10_000;

/// One Cedar policy.
#[derive(Debug, Clone)]
pub struct Statement(Policy);

impl Statement {
    /// Whether a policy may have this number of characters.
    #[must_use]
    pub fn fits(characters: usize) -> bool {
        LENGTHS.contains(&characters)
    }

    /// Parses a policy.
    ///
    /// # Errors
    ///
    /// If the text is not exactly one Cedar policy.
    pub fn parse(text: &str) -> Result<Self, StatementError> {
        Policy::parse(Some(PolicyId::new("policy")), text).map(Self).map_err(|error| {
            let causes: Vec<String> = error.iter().map(ToString::to_string).collect();
            StatementError(causes.join("; "))
        })
    }

    /// The types and ids of the actions that the policy names.
    pub(crate) fn actions(&self) -> Vec<(String, String)> {
        let named = match self.0.action_constraint() {
            ActionConstraint::Any => Vec::new(),
            ActionConstraint::Eq(action) => vec![action],
            ActionConstraint::In(actions) => actions,
        };
        let name = |action: EntityUid| (action.type_name().to_string(), action.id().unescaped().to_owned());
        named.into_iter().map(name).collect()
    }

    /// The policy with this id.
    pub(crate) fn named(&self, id: &str) -> Policy {
        self.0.new_id(PolicyId::new(id))
    }
}
