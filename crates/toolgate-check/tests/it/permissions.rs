//! Permissions to call a function.

use crate::kit::{Copy, TEMPLATE};

const EXECUTOR: &str = "ActionGroupExecutor: {Lambda: !Ref OrdersFunction.Alias}";

#[test]
fn a_function_that_bedrock_may_not_invoke() {
    // The permission is on the function, but the action group calls its alias.
    Copy::new().edit(TEMPLATE, "!Ref OrdersFunction.Alias # for the agents", "!Ref OrdersFunction").finds(&[(
        TEMPLATE,
        EXECUTOR,
        "invoke-permission",
    )]);
    Copy::new().edit(TEMPLATE, "!Ref OrdersFunction.Alias # for the agents", "!Ref OrdersFunctionAliaslive").finds(&[]);
    let found = Copy::new()
        .edit(
            TEMPLATE,
            "  StockPermission:\n    Type: AWS::Lambda::Permission\n    Condition: OnClassic",
            "  StockPermission:\n    Type: AWS::Lambda::Permission\n    Condition: IsDev",
        )
        .finds(&[(TEMPLATE, "ActionGroupExecutor: {Lambda: !GetAtt StockFunction.Arn}", "invoke-permission")]);
    assert_eq!(found[0].only_with["Environment"], "prod");
}

#[test]
fn a_permission_with_a_source_that_is_too_wide() {
    let arn = "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:agent/${Clerk}";
    for wide in [
        "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:agent/*",
        "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:agent/A?",
        "arn:${AWS::Partition}:bedrock:${AWS::Region}:*:agent/${Clerk}",
        "arn:${AWS::Partition}:bedrock:*:${AWS::AccountId}:agent/${Clerk}",
        "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:*",
        "arn:aws:*:us-east-1:123456789012:agent/AGENT12345",
        "\"*\"",
    ] {
        Copy::new().edit(TEMPLATE, arn, wide).finds(&[(
            TEMPLATE,
            &format!("SourceArn: !Sub {wide}"),
            "permission-source",
        )]);
    }
    Copy::new().edit(TEMPLATE, arn, "arn:aws:bedrock:us-east-1:123456789012:agent/AGENT12345").finds(&[]);
}

#[test]
fn a_permission_without_a_source() {
    Copy::new().edit(TEMPLATE, "      SourceArn: !GetAtt Clerk.AgentArn\n", "").finds(&[(
        TEMPLATE,
        "  OrdersPermission:",
        "permission-source",
    )]);
    Copy::new().edit(TEMPLATE, "      SourceAccount: !Ref AWS::AccountId # of the clerk\n", "").finds(&[(
        TEMPLATE,
        "  OrdersPermission:",
        "permission-source",
    )]);
}

#[test]
fn a_gateway_that_may_not_invoke_its_target() {
    Copy::new().edit(TEMPLATE, "              - !Ref OrdersFunction.Alias # by the role\n", "").finds(&[(
        TEMPLATE,
        "!Ref OrdersFunction.Alias # for the gateway",
        "gateway-invoke",
    )]);
    Copy::new()
        .edit(TEMPLATE, "!Ref OrdersFunction.Alias # by the role", "!Sub \"${OrdersFunction.Arn}:*\"")
        .finds(&[]);
}

#[test]
fn a_supervisor_that_may_not_ask() {
    Copy::new()
        .edit(TEMPLATE, "Action: [bedrock:GetAgentAlias, bedrock:InvokeAgent]", "Action: [bedrock:GetAgentAlias]")
        .finds(&[(TEMPLATE, "  LeadRole:", "supervisor-invoke")]);
    Copy::new()
        .edit(TEMPLATE, "Action: [bedrock:GetAgentAlias, bedrock:InvokeAgent]", "Action: \"bedrock:*\"")
        .finds(&[]);
}
