//! Temporal policies, which are written in another language and not evaluated here.
//!
//! A policy that is not evaluated may forbid what the other policies permit. So only its scope is read, to find the tools
//! that it may decide about. Whatever is not understood counts as every tool.

/// A temporal policy. It is not evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalPolicy {
    name: String,
    /// The actions in its scope; `None` for all.
    actions: Option<Vec<String>>,
}

impl TemporalPolicy {
    /// Reads the scope of a policy of a gateway with these targets. A name in it that is neither a tool
    /// (`target___tool`) nor one of the targets may stand for any tools.
    #[must_use]
    pub fn new(name: &str, statement: &str, targets: &[&str]) -> Self {
        let is_known = |action: &String| action.contains("___") || targets.contains(&action.as_str());
        let actions = actions(statement).filter(|actions| actions.iter().all(is_known));
        Self { name: name.to_owned(), actions }
    }

    /// The name of the policy.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tools and targets in its scope; `None` if it may decide about any tool.
    #[must_use]
    pub fn actions(&self) -> Option<&[String]> {
        self.actions.as_deref()
    }

    /// Whether the policy may decide about this tool (`target___tool`).
    #[must_use]
    pub fn may_decide(&self, tool: &str) -> bool {
        let target = tool.split_once("___").map_or(tool, |(target, _)| target);
        self.actions.as_ref().is_none_or(|actions| actions.iter().any(|action| action == tool || action == target))
    }
}

/// The actions in the scope of a single statement: `permit (principal, action == TYPE::"name", resource ..) ..`.
fn actions(statement: &str) -> Option<Vec<String>> {
    if statement.contains('\\') || statement.contains("//") {
        // An escape or a comment can hide where a text ends.
        return None;
    }
    // Texts have an odd index.
    let parts: Vec<&str> = statement.split('"').collect();
    let code: String = parts.iter().step_by(2).copied().collect::<Vec<_>>().join("\"");
    let is_single = code.trim().trim_end_matches(';').matches(';').count() == 0;
    let words = || code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let effects = words().filter(|word| matches!(*word, "permit" | "forbid")).count();
    let begins = ["permit", "forbid"]
        .iter()
        .any(|effect| code.trim_start().strip_prefix(effect).is_some_and(|rest| rest.trim_start().starts_with('(')));
    if !is_single || effects != 1 || !begins || parts.len().is_multiple_of(2) {
        return None;
    }
    let mut actions = Vec::new();
    for pair in parts.chunks(2) {
        match pair {
            // The scope ends.
            [code, ..] if code.contains(')') => return (!actions.is_empty()).then_some(actions),
            [code, text] if code.trim_end().ends_with("Action::") => actions.push((*text).to_owned()),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decides(statement: &str, tool: &str) -> bool {
        TemporalPolicy::new("p", statement, &["a", "c"]).may_decide(tool)
    }

    #[test]
    fn a_policy_decides_about_the_tools_of_its_scope() {
        let when = r#"when temporal { formerly within 1h AgentCore::Action::"support___ask"::response{ } };"#;
        let gateway = r#"resource == AgentCore::Gateway::"GW""#;
        let one = format!(r#"forbid (principal, action == AgentCore::Action::"billing___refund", {gateway}) {when}"#);
        assert!(decides(&one, "billing___refund") && !decides(&one, "support___ask") && !decides(&one, "billing___x"));
        let some = format!(
            r#"permit (principal is AgentCore::OAuthUser, action in [AgentCore::Action::"a___b", AgentCore::Action::"c"], {gateway}) {when}"#
        );
        assert!(decides(&some, "a___b") && decides(&some, "c___d") && !decides(&some, "a___c"));
    }

    #[test]
    fn whatever_is_not_understood_counts_as_every_tool() {
        let one = r#"forbid (principal, action == AgentCore::Action::"a___b", resource) when temporal { x };"#;
        for statement in [
            "",
            r#"forbid (principal, action, resource) when temporal { AgentCore::Action::"a___b"::request{} };"#,
            &format!("{one} {}", one.replace("a___b", "x")),
            &format!("// a comment with a \" in it\n{one}"),
            &one.replace("a___b", r"a\u{5f}b"),
            &format!("@id(\"x\") {one}"),
            &one.replace("a___b", "everything"),
            r#"forbid (principal, action == AgentCore::Action::"a___b"#,
        ] {
            assert!(decides(statement, "c___d"), "{statement}");
        }
        assert!(!decides(one, "c___d"));
    }
}
