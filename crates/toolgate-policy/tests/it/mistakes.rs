//! Problems of policies are reported together, before any call.

use serde_json::json;
use toolgate_policy::{Actions, Caller, Mistake, Mode, Policies, PolicySource, Tool};

use crate::kit::{ALL, GATEWAY, object, user};

fn mistakes(policies: &[(&str, &str)]) -> Vec<Mistake> {
    let schema = json!({"type": "object", "properties": {"amount": {"type": "number"}}});
    let actions = Actions::new(Caller::ALL, [Tool { name: "billing___refund", input_schema: &schema }]);
    let made = Policies::new(GATEWAY, &actions, policies.iter().copied(), Mode::Enforce);
    made.map_or_else(|error| error.mistakes().to_vec(), |_| Vec::new())
}

#[test]
fn every_mistake_is_reported_with_its_policy() {
    let reported: Vec<String> = mistakes(&[
        ("fine", ALL),
        ("broken", "permit (principal, action, resource) when { principal."),
        ("two", "permit (principal, action, resource);permit (principal, action, resource);"),
        ("short", "permit(principal,action,resource);"),
        ("typo", r#"permit (principal, action == AgentCore::Action::"billing__refund", resource);"#),
        ("kind", r#"permit (principal, action == Action::"billing___refund", resource);"#),
        ("field", r#"permit (principal, action, resource) when { context.input.amuont == decimal("1.0") };"#),
        ("type", "permit (principal, action, resource) when { context.input has amount && context.input.amount < 5 };"),
        ("template", "permit (principal == ?principal, action, resource);"),
        ("fine", ALL),
    ])
    .iter()
    .map(ToString::to_string)
    .collect();
    let expected = [
        ("broken", "not one Cedar policy"),
        ("two", "not one Cedar policy"),
        ("short", "34 characters"),
        ("typo", "`billing__refund`"),
        ("kind", "`billing___refund`"),
        ("field", "does not validate"),
        ("type", "does not validate"),
        ("template", "not one Cedar policy"),
        ("fine", "another policy has the same name"),
    ];
    assert_eq!(reported.len(), expected.len(), "{reported:#?}");
    for (message, (policy, what)) in reported.iter().zip(expected) {
        assert!(message.starts_with(&format!("policy `{policy}`: ")) && message.contains(what), "{message}");
    }
}

#[test]
fn a_target_that_takes_a_name_of_the_gateway_is_the_tools_fault() {
    let schema = json!({"type": "object"});
    let actions = Actions::new(Caller::ALL, [Tool { name: "Mcp___call", input_schema: &schema }]);
    let error = Policies::new(GATEWAY, &actions, [("all", ALL)], Mode::Enforce).unwrap_err();
    assert!(error.mistakes().iter().all(|it| it.policy.is_none()), "{error}");
    assert!(error.to_string().contains("no Cedar schema can be derived from the tools"), "{error}");
}

#[test]
fn a_policy_that_is_deployed_unvalidated_is_taken_and_what_cannot_be_evaluated_does_not_count() {
    let schema = json!({"type": "object", "properties": {"amount": {"type": "number"}, "secret": {"type": "string"}}});
    let actions = Actions::new(Caller::ALL, [Tool { name: "billing___refund", input_schema: &schema }]);
    let unvalidated = |id, statement| PolicySource { id, statement, validated: false };
    let sources = [
        unvalidated(
            "reads_missing",
            "forbid (principal, action, resource) when { context.input.amount == decimal(\"1.0\") };",
        ),
        unvalidated("reads_tag", "forbid (principal, action, resource) when { principal.getTag(\"level\") == \"x\" };"),
        unvalidated("wrong_type", "forbid (principal, action, resource) when { context.input.secret < 5 };"),
        unvalidated("overflows", "forbid (principal, action, resource) when { 9223372036854775807 + 1 == 0 };"),
        unvalidated("no_such_tool", "permit (principal, action == AgentCore::Action::\"billing___other\", resource);"),
        unvalidated("all", ALL),
    ];
    let policies = Policies::new(GATEWAY, &actions, sources, Mode::Enforce).unwrap();
    let decision = policies.decide(&user(), "billing___refund", &object(json!({"secret": "4111-1111"})));
    assert!(decision.allowed(), "{decision}");
    let errors = decision.errors();
    let expected = [
        "`overflows`: its arithmetic overflows 64 bits",
        "`reads_missing`: it reads an optional field that the call does not have; check with `has` first",
        "`reads_tag`: it reads an attribute or tag that the caller does not have; check with `has` or `hasTag` first",
        "`wrong_type`: it compares values of different types",
    ];
    assert_eq!(errors, expected);
    let text = format!("{decision} {decision:?}");
    assert!(!text.contains("4111") && !text.contains("somebody"), "{text}");
    assert!(policies.lists(&user(), "billing___refund"));
}
