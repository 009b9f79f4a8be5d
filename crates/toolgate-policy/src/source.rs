//! Reads deployed policies and collects all their problems.

use std::collections::BTreeSet;

use cedar_policy::PolicySet;

use crate::{
    actions::{Actions, Schema},
    error::Mistake,
    statement::Statement,
};

/// A deployed policy.
#[derive(Debug, Clone, Copy)]
pub struct PolicySource<'a> {
    /// Its id or name, which decisions contain.
    pub id: &'a str,
    /// The text of one Cedar policy.
    pub statement: &'a str,
    /// Whether a policy that does not validate against the tools is an error, as with `ValidationMode:
    /// FAIL_ON_ANY_FINDINGS`.
    pub validated: bool,
}

impl<'a> From<(&'a str, &'a str)> for PolicySource<'a> {
    fn from((id, statement): (&'a str, &'a str)) -> Self {
        Self { id, statement, validated: true }
    }
}

/// Parses all policies. Returns the valid ones and adds the problems of all of them to `mistakes`.
pub(crate) fn read<'p>(
    policies: impl Iterator<Item = PolicySource<'p>>,
    actions: &Actions,
    schema: Option<&Schema>,
    mistakes: &mut Vec<Mistake>,
) -> PolicySet {
    let mut set = PolicySet::new();
    let mut ids = BTreeSet::new();
    for policy in policies {
        let mut mistake = |message| mistakes.push(Mistake { policy: Some(policy.id.to_owned()), message });
        if !ids.insert(policy.id) {
            mistake("another policy has the same name".to_owned());
            continue;
        }
        let characters = policy.statement.chars().count();
        if !Statement::fits(characters) {
            mistake(format!("its statement has {characters} characters, and AWS allows 35 to 10,000"));
        }
        match Statement::parse(policy.statement) {
            Ok(statement) => {
                if policy.validated {
                    findings(&statement, actions, schema).into_iter().for_each(&mut mistake);
                }
                if let Err(error) = set.add(statement.named(policy.id)) {
                    mistake(error.to_string());
                }
            }
            Err(error) => mistake(format!("it is not one Cedar policy: {error}")),
        }
    }
    set
}

fn findings(statement: &Statement, actions: &Actions, schema: Option<&Schema>) -> Vec<String> {
    let unknown = actions.unknown(statement);
    if unknown.is_empty() {
        let findings = schema.map(|schema| schema.findings(statement)).unwrap_or_default();
        findings.iter().map(|it| format!("it does not validate: {it}")).collect()
    } else {
        // Cedar would report the same names with a less helpful message.
        let finding = |name| format!("it names `{name}`, and the gateway has no such tool; a tool is `TARGET___TOOL`");
        unknown.iter().map(finding).collect()
    }
}
