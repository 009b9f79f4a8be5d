//! The tools in code compared with those in the template, and the files between them.

use serde_json::json;

use crate::kit::{Copy, FUNCTIONS, GATEWAY, OPENAPI, TEMPLATE, catalogs};

#[test]
fn a_tool_in_code_that_is_not_in_the_template() {
    let mut more = catalogs();
    let mut tool = more["stock"]["tools"][0].clone();
    tool["name"] = "count_items".into();
    more["stock"]["tools"].as_array_mut().unwrap().push(tool);
    // The schemas are older than the tool.
    let stale = Copy::new();
    let found = stale.with_code(more).finds(&[
        (TEMPLATE, "{Binary: stock}", "tool-not-deployed"),
        (TEMPLATE, "{Binary: stock}", "tool-not-deployed"),
        (TEMPLATE, "{Binary: stock}", "tool-not-deployed"),
    ]);
    let only: Vec<&str> = found.iter().map(|finding| finding.only_with["AgentPlatform"].as_str()).collect();
    assert!(["classic", "agentcore", "both"].iter().all(|platform| only.contains(platform)), "{found:#?}");
}

#[test]
fn a_tool_in_the_template_that_is_not_in_code() {
    let mut fewer = catalogs();
    fewer["orders"]["tools"].as_array_mut().unwrap().pop();
    Copy::new().with_code(fewer).finds(&[
        (FUNCTIONS, "\"Name\": \"get_order\"", "tool-not-in-code"),
        (GATEWAY, "\"get_order\"", "tool-not-in-code"),
    ]);
}

#[test]
fn a_confirm_tool_that_nobody_would_be_asked_about() {
    Copy::new()
        .edit(FUNCTIONS, "\"RequireConfirmation\": \"ENABLED\"", "\"RequireConfirmation\": \"DISABLED\"")
        .finds(&[(FUNCTIONS, "\"Name\": \"cancel_order\"", "confirmation-missing")]);
    let mut confirm = catalogs();
    confirm["stock"]["tools"][0]["confirm"] = json!(true);
    confirm["stock"]["tools"][0]["once"] = json!(true);
    Copy::new().with_code(confirm).finds(&[(OPENAPI, "\"operationId\": \"find_item\"", "confirmation-missing")]);
}

#[test]
fn a_local_path_in_a_payload() {
    let include =
        "            Fn::Transform: {Name: AWS::Include, Parameters: {Location: schemas/stock/action-group.json}}";
    Copy::new().edit(TEMPLATE, include, "            Payload: schemas/stock/openapi.json").finds(&[
        (TEMPLATE, "Payload: schemas/stock/openapi.json", "local-path"),
        (TEMPLATE, "{Binary: stock}", "tool-not-deployed"),
    ]);
}

#[test]
fn a_local_path_for_a_target() {
    let include =
        "              Fn::Transform: {Name: AWS::Include, Parameters: {Location: schemas/stock/gateway.json}}";
    for path in ["InlinePayload: schemas/stock/gateway.json", "S3: {Uri: schemas/stock/gateway.json}"] {
        Copy::new()
            .edit(TEMPLATE, "AgentCore::Action::\"stock\"", "AgentCore::Action::\"shop-orders\"")
            .edit(TEMPLATE, include, &format!("              {path}"))
            .finds(&[(TEMPLATE, path, "local-path"), (TEMPLATE, "{Binary: stock}", "tool-not-deployed")]);
    }
}

#[test]
fn an_included_file_that_does_not_exist() {
    Copy::new()
        .edit(TEMPLATE, "Location: schemas/stock/action-group.json", "Location: schemas/stock/group.json")
        .finds(&[
            (TEMPLATE, "schemas/stock/group.json", "include-missing"),
            (TEMPLATE, "{Binary: stock}", "tool-not-deployed"),
        ]);
}

#[test]
fn a_wire_that_nothing_uses() {
    let found = Copy::new()
        .edit(TEMPLATE, "agentcore: {Wires: gateway}", "agentcore: {Wires: \"gateway,direct\"}")
        .finds(&[(TEMPLATE, "TOOLGATE_WIRES", "wire-unused"), (TEMPLATE, "TOOLGATE_WIRES", "wire-unused")]);
    assert_eq!(found[0].only_with["AgentPlatform"], "agentcore");
    assert_eq!(found[0].only_with["Environment"], "prod");
    let own = "      Environment: {Variables: {TOOLGATE_WIRES: \"api,gateway\"}} # own\n      AutoPublishAlias: live\n";
    Copy::new().edit(TEMPLATE, "      AutoPublishAlias: live\n", own).finds(&[
        (TEMPLATE, "# own", "wire-missing"),
        (TEMPLATE, "# own", "wire-unused"),
        (TEMPLATE, "# own", "wire-unused"),
    ]);
}

#[test]
fn a_function_that_answers_every_wire() {
    let line = r#"TOOLGATE_WIRES: !If [IsDev, "direct,function,api,gateway", !FindInMap [Platforms, !Ref AgentPlatform, Wires]]"#;
    Copy::new()
        .edit(TEMPLATE, line, "OTHER: x")
        .finds(&[(TEMPLATE, "  OrdersFunction:", "wire-unused"), (TEMPLATE, "  StockFunction:", "wire-unused")]);
}
