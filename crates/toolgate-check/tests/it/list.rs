//! The list of rules.

use std::collections::BTreeSet;

use toolgate_check::GROUPS;

#[test]
fn every_rule_has_a_name_of_its_own_a_source_and_a_fix() {
    let mut names = BTreeSet::new();
    for rule in GROUPS.iter().flat_map(|group| group.rules) {
        assert!(names.insert(rule.name), "{rule:?}");
        assert!(rule.source.starts_with("https://"), "{rule:?}");
        assert!(!rule.fix.is_empty() && !rule.holds.is_empty(), "{rule:?}");
    }
}

/// Every rule must be violated by a test.
#[test]
fn every_rule_is_broken_by_a_test() {
    let tests = concat!(
        include_str!("accounts.rs"),
        include_str!("agents.rs"),
        include_str!("deployment.rs"),
        include_str!("gateway.rs"),
        include_str!("knowledge.rs"),
        include_str!("mcp.rs"),
        include_str!("permissions.rs"),
        include_str!("schemas.rs"),
        include_str!("tools.rs"),
    );
    let unproven: Vec<&str> = GROUPS
        .iter()
        .flat_map(|group| group.rules)
        .map(|rule| rule.name)
        .filter(|name| !tests.contains(&format!("\"{name}\"")))
        .collect();
    assert_eq!(unproven, [""; 0]);
}
