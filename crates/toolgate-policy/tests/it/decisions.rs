//! A table of principal × tool × input → decision. `scripts/offline/test_policies.py` checks it with another binding of
//! Cedar, with its own schema and values.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use toolgate_policy::{Actions, Caller, Mode, Policies, Reason, Tool};

use crate::kit::{principal, user};

#[derive(Deserialize)]
struct Table {
    gateway: String,
    tools: Map<String, Value>,
    policies: Map<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    principal: String,
    tool: String,
    input: Map<String, Value>,
    policies: Vec<String>,
    permitted: bool,
}

fn table() -> Table {
    serde_json::from_str(include_str!("../decisions.json")).unwrap()
}

impl Table {
    fn policies(&self, mode: Mode) -> Policies {
        let tools = self.tools.iter().map(|(name, input_schema)| Tool { name, input_schema });
        let statements = self.policies.iter().map(|(id, statement)| (id.as_str(), statement.as_str().unwrap()));
        Policies::new(&self.gateway, &Actions::new(Caller::ALL, tools), statements, mode).unwrap()
    }
}

#[test]
fn every_case_is_decided_as_the_table_says_and_by_the_policies_that_it_names() {
    let table = table();
    let policies = table.policies(Mode::Enforce);
    for Case { principal: who, tool, input, policies: ids, permitted } in &table.cases {
        let decision = policies.decide(&principal(who), tool, input);
        let case = format!("{who} {tool} {input:?}: {decision}");
        assert_eq!(decision.allowed(), *permitted, "{case}");
        assert_eq!(decision.policies(), ids, "{case}");
        assert_eq!(decision.errors(), &[] as &[String], "{case}");
        let expected = match (permitted, ids.is_empty()) {
            (true, _) => Reason::Permitted(ids.clone()),
            (false, false) => Reason::Forbidden(ids.clone()),
            (false, true) => Reason::NothingPermits,
        };
        assert_eq!(*decision.reason(), expected, "{case}");
    }
}

#[test]
fn the_table_has_every_policy_decide_something_and_every_tool_allowed_and_denied() {
    let table = table();
    for id in table.policies.keys() {
        assert!(table.cases.iter().any(|case| case.policies.contains(id)), "{id}");
    }
    for (tool, permitted) in table.tools.keys().flat_map(|tool| [(tool, true), (tool, false)]) {
        assert!(table.cases.iter().any(|case| case.tool == *tool && case.permitted == permitted), "{tool} {permitted}");
    }
}

#[test]
fn a_listing_shows_what_some_arguments_could_call() {
    let table = table();
    let policies = table.policies(Mode::Enforce);
    let listed = |who: &str| -> Vec<&str> {
        table.tools.keys().map(String::as_str).filter(|tool| policies.lists(&principal(who), tool)).collect()
    };
    assert_eq!(listed("oauth:u,role=desk"), ["billing___refund"]);
    assert_eq!(listed("oauth:u,role=other"), [] as [&str; 0]);
    assert_eq!(listed("oauth:u,role=desk,blocked=yes"), [] as [&str; 0]);
    assert_eq!(listed("iam:arn:aws:sts::123456789012:assumed-role/Desk/s"), ["billing___refund", "billing___find"]);
    assert_eq!(listed("iam:arn:aws:sts::123456789012:assumed-role/Cancel/s"), ["orders___cancel"]);
    // Every permitted tool is listed.
    for case in table.cases.iter().filter(|case| case.permitted) {
        assert!(policies.lists(&principal(&case.principal), &case.tool), "{} {}", case.principal, case.tool);
    }
    let logged = table.policies(Mode::LogOnly);
    assert!(table.tools.keys().all(|tool| logged.lists(&principal("oauth:u"), tool)));
    assert!(!logged.lists(&principal("oauth:u"), "billing___refunds"));
}

#[test]
fn the_gateways_own_groups_stand_for_every_tool() {
    let schema = json!({"type": "object"});
    for (group, permitted) in [("Mcp", true), ("CallTool", true), ("t", true), ("t___other", false)] {
        let statement = format!("permit (principal, action in AgentCore::Action::\"{group}\", resource);");
        let tools = ["t___call", "t___other"].map(|name| Tool { name, input_schema: &schema });
        let actions = Actions::new(Caller::ALL, tools);
        let policies = Policies::new("arn", &actions, [("group", statement.as_str())], Mode::Enforce).unwrap();
        assert_eq!(policies.decide(&user(), "t___call", &Map::new()).allowed(), permitted, "{group}");
        assert!(policies.decide(&user(), "t___other", &Map::new()).allowed(), "{group}");
    }
}
