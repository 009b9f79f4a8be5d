//! AgentCore Gateway and its policies.

use toolgate_check::Severity;

use crate::kit::{Copy, GATEWAY, TEMPLATE};

#[test]
fn names_that_no_gateway_or_target_can_have() {
    Copy::new()
        .edit(TEMPLATE, "!Sub ${Project}-${Environment}-desk", "!Sub ${Project}_${Environment}-desk")
        .finds(&[(TEMPLATE, "${Environment}-desk", "gateway-name"), (TEMPLATE, "${Environment}-desk", "gateway-name")]);
    let target = "      Name: stock # target";
    Copy::new()
        .edit(TEMPLATE, "      Name: stock\n", &format!("{}\n", target.replace("stock", "the_stock")))
        .finds(&[(TEMPLATE, "the_stock", "target-name"), (TEMPLATE, "AgentCore::Action::\"stock\"", "cedar-action")]);
}

#[test]
fn keywords_that_a_gateway_does_not_know() {
    Copy::new().edit(GATEWAY, "\"count\": {\n", "\"count\": {\n\"Minimum\": 1,\n").finds(&[(
        GATEWAY,
        "Minimum",
        "gateway-schema",
    )]);
    Copy::new().edit(GATEWAY, "\"Items\": {\n", "\"Items\": {\n\"Enum\": [\"a\"],\n").finds(&[(
        GATEWAY,
        "Enum",
        "gateway-schema",
    )]);
    Copy::new().edit(GATEWAY, "\"Type\": \"boolean\"", "\"Type\": \"date\"").finds(&[(
        GATEWAY,
        "\"Type\": \"date\"",
        "gateway-schema",
    )]);
    // A property may be named like a keyword.
    Copy::new().edit(GATEWAY, "\"notify\": {", "\"enum\": {").finds(&[]);
}

#[test]
fn a_target_without_the_gateways_role() {
    Copy::new()
        .edit(
            TEMPLATE,
            "      CredentialProviderConfigurations: [{CredentialProviderType: GATEWAY_IAM_ROLE}] # of the stock\n",
            "",
        )
        .finds(&[(TEMPLATE, "  StockTarget:", "gateway-credentials")]);
}

#[test]
fn an_identity_header_that_a_client_could_set() {
    Copy::new().edit(TEMPLATE, "InterceptionPoints: [REQUEST]", "InterceptionPoints: [RESPONSE]").finds(&[(
        TEMPLATE,
        "  OrdersTarget:",
        "identity-header",
    )]);
    Copy::new().edit(TEMPLATE, "PassRequestHeaders: true", "PassRequestHeaders: false").finds(&[(
        TEMPLATE,
        "  OrdersTarget:",
        "identity-header",
    )]);
    Copy::new()
        .edit(TEMPLATE, "AllowedRequestHeaders: [X-Customer-Id]", "AllowedRequestHeaders: [X-Trace]")
        .finds(&[(TEMPLATE, "AllowedRequestHeaders: [X-Trace]", "identity-header")]);
}

#[test]
fn a_policy_about_a_tool_that_does_not_exist() {
    // Two underscores, as in old copies of the documentation.
    Copy::new().edit(TEMPLATE, "shop-orders___get_order", "shop-orders__get_order").finds(&[(
        TEMPLATE,
        "shop-orders__get_order",
        "cedar-action",
    )]);
    Copy::new().edit(TEMPLATE, "shop-orders___cancel_order", "shop-orders___cancel").finds(&[(
        TEMPLATE,
        "shop-orders___cancel",
        "cedar-action",
    )]);
}

const CANCEL: &str = "          Statement: |\n            permit (";
const LOOK_UP: &str = "            - |\n              permit (";

/// Marks the first line of each statement.
fn marked() -> Copy {
    Copy::new().edit(TEMPLATE, CANCEL, &format!("{CANCEL} // cancel")).edit(
        TEMPLATE,
        LOOK_UP,
        &format!("{LOOK_UP} // look up"),
    )
}

#[test]
fn a_statement_that_is_no_policy() {
    marked().edit(TEMPLATE, "              principal,\n", "              who,\n").finds(&[(
        TEMPLATE,
        "// cancel",
        "cedar-statement",
    )]);
    let long = format!("              resource // {}\n            ) when", "x".repeat(10_000));
    marked().edit(TEMPLATE, "              resource\n            ) when", &long).finds(&[(
        TEMPLATE,
        "// cancel",
        "cedar-statement",
    )]);
}

#[test]
fn a_policy_that_does_not_validate() {
    let message_after_edit = |from: &str, to: &str| {
        let found = marked().edit(TEMPLATE, from, to).finds(&[(TEMPLATE, "// cancel", "cedar-schema")]);
        found[0].message.clone()
    };
    let message = message_after_edit("context.input.count < 5", "context.input.number < 5");
    assert!(message.contains("number"), "{message}");
    // A number is a decimal in Cedar.
    message_after_edit("context.input.amount.lessThan(decimal(\"500.0\"))", "context.input.amount < 500");
    // An optional field may be missing.
    message_after_edit("context.input.count < 5", "context.input.notify");
    marked().edit(TEMPLATE, "context.input.count < 5", "context.input has notify && context.input.notify").finds(&[]);
}

#[test]
fn a_principal_that_the_gateway_never_has() {
    let found = marked()
        .edit(TEMPLATE, "AuthorizerType: !If [ByToken, CUSTOM_JWT, AWS_IAM]", "AuthorizerType: AWS_IAM")
        .finds(&[(TEMPLATE, "// look up", "cedar-schema")]);
    assert!(found[0].message.contains("LookUpPolicy"), "{found:#?}");
}

#[test]
fn a_temporal_policy_is_named() {
    let temporal = "
  CapPolicy:
    Type: AWS::BedrockAgentCore::Policy
    Condition: OnAgentCore
    Properties:
      PolicyEngineId: !GetAtt Engine.PolicyEngineId
      Name: !Sub ${Project}_${Environment}_cap
      Definition:
        Policy: {Statement: 'forbid (principal, action, resource) when temporal { never }; // cap'}

  LookUpPolicy:
";
    let found =
        Copy::new().edit(TEMPLATE, "\n  LookUpPolicy:\n", temporal).finds(&[(TEMPLATE, "// cap", "temporal-policy")]);
    assert!(found[0].message.contains("`CapPolicy`"), "{}", found[0].message);
    assert_eq!(found[0].severity, Severity::Warning);
}
