//! Resources that would be deployed but not take effect, not be deleted, or not be monitored.

use serde_json::json;
use toolgate_check::Severity;

use crate::kit::{Copy, TEMPLATE, catalogs};

/// The fixture with more resources.
fn with(resources: &str) -> Copy {
    Copy::new().edit(TEMPLATE, "\nResources:\n", &format!("\nResources:\n{resources}\n"))
}

#[test]
fn a_function_whose_alias_stays_when_a_parameter_changes() {
    let line = "      AutoPublishCodeSha256: !Ref Release\n";
    Copy::new().edit(TEMPLATE, line, "").finds(&[(TEMPLATE, "  OrdersFunction:", "function-version")]);
    for other in ["abc", "!Sub x${Release}", "!Ref Environment"] {
        Copy::new().edit(TEMPLATE, line, &format!("      AutoPublishCodeSha256: {other} # here\n")).finds(&[(
            TEMPLATE,
            "# here",
            "function-version",
        )]);
    }
}

#[test]
fn a_table_that_a_failed_deployment_could_not_remove() {
    for protected in ["true", "!If [IsDev, false, true]"] {
        Copy::new()
            .edit(
                TEMPLATE,
                "      KeySchema: [{",
                &format!("      DeletionProtectionEnabled: {protected}\n      KeySchema: [{{"),
            )
            .finds(&[(TEMPLATE, "DeletionProtectionEnabled", "table-rollback")]);
    }
    Copy::new()
        .edit(
            TEMPLATE,
            "\nMappings:\n",
            "  Protection: {Type: String, Default: \"off\", AllowedValues: [\"off\", \"on\"]}\n\nMappings:\n",
        )
        .edit(TEMPLATE, "\nConditions:\n", "\nConditions:\n  IsKept: !Equals [!Ref Protection, \"on\"]\n")
        .edit(
            TEMPLATE,
            "      KeySchema: [{",
            "      DeletionProtectionEnabled: !If [IsKept, true, false]\n      KeySchema: [{",
        )
        .finds(&[]);
}

#[test]
fn a_function_that_may_write_any_record() {
    let policy = |condition: &str| {
        format!(
            "      Policies:\n        - Statement:\n            - {{Effect: Allow, Action: [dynamodb:PutItem], \
             Resource: !GetAtt Ledger.Arn{condition}}}\n      AutoPublishAlias: live\n"
        )
    };
    Copy::new().edit(TEMPLATE, "      AutoPublishAlias: live\n", &policy("")).finds(&[(
        TEMPLATE,
        "dynamodb:PutItem",
        "leading-keys",
    )]);
    let keys = ", Condition: {ForAllValues:StringLike: {dynamodb:LeadingKeys: [\"cancel_order#*\"]}}";
    Copy::new().edit(TEMPLATE, "      AutoPublishAlias: live\n", &policy(keys)).finds(&[]);
}

fn alarm(functions: &[&str], expression: &str) -> Copy {
    let metric = |id: &&str| {
        format!(
            "        - Id: m{}\n          ReturnData: false\n          MetricStat:\n            Metric: {{Namespace: AWS/Lambda, \
             MetricName: Errors, Dimensions: [{{Name: FunctionName, Value: !Ref {id}}}]}}\n",
            id.to_lowercase()
        )
    };
    let metrics: String = functions.iter().map(metric).collect();
    with(&format!(
        "  Failures:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n      Metrics:\n        - {{Id: all, Expression: \
         \"{expression}\"}}\n{metrics}"
    ))
}

const ALL: [&str; 3] = ["OrdersFunction", "StockFunction", "GuardFunction"];

#[test]
fn an_alarm_that_is_silent_while_a_function_is_not_called() {
    alarm(&ALL, "mordersfunction + mstockfunction + mguardfunction").finds(&[(TEMPLATE, "Id: all", "alarm-fill")]);
    alarm(&ALL, "SUM(FILL(METRICS(), 0))").finds(&[]);
}

#[test]
fn a_function_that_no_alarm_watches() {
    alarm(&ALL[..2], "SUM(FILL(METRICS(), 0))").finds(&[(TEMPLATE, "  GuardFunction:", "alarm-functions")]);
}

#[test]
fn a_tool_that_is_confirmed_and_may_happen_twice_is_a_warning() {
    let mut twice = catalogs();
    twice["orders"]["tools"][0]["once"] = json!(false);
    let found = Copy::new().with_code(twice).finds(&[(TEMPLATE, "{Binary: orders}", "confirm-once")]);
    assert_eq!(found[0].severity, Severity::Warning);
}

#[test]
fn a_generated_schema_that_nothing_registers_is_not_judged() {
    // As functions the tool has too many parameters. It is registered by OpenAPI, which allows them.
    let fields = (0..6).map(|n| (format!("field{n}"), json!({"type": "string"})));
    let fields: serde_json::Map<_, _> = fields.collect();
    let mut many = catalogs();
    many["stock"]["tools"][0]["input"] = json!({"type": "object", "properties": fields});
    Copy::of(many).finds(&[]);
}

#[test]
fn a_gateway_whose_role_is_made_right_before_it() {
    let early = "              - {Effect: Allow, Action: bedrock-agentcore:AuthorizeAction, Resource: !GetAtt Engine.PolicyEngineArn}\n";
    let call = "              - {Effect: Allow, Action: lambda:InvokeFunction, Resource: !GetAtt GuardFunction.Arn}\n";
    Copy::new()
        .edit(TEMPLATE, &format!("      Policies:\n        - PolicyName: Ask\n          PolicyDocument:\n            Statement:\n{early}"),
            &format!("      Policies: # early\n        - PolicyName: Ask\n          PolicyDocument:\n            Statement:\n{early}{call}"))
        .finds(&[(TEMPLATE, "# early", "gateway-role")]);
}

#[test]
fn a_target_that_does_not_wait_for_its_permission() {
    Copy::new().edit(TEMPLATE, "    DependsOn: CallTools # of the orders\n", "").finds(&[(
        TEMPLATE,
        "  OrdersTarget:",
        "target-order",
    )]);
}

#[test]
fn a_gateway_that_takes_every_token() {
    let tokens = |more: &str, url: &str| {
        Copy::new().edit(
            TEMPLATE,
            "      AuthorizerType: !If [ByToken, CUSTOM_JWT, AWS_IAM]\n",
            &format!(
                "      AuthorizerType: !If [ByToken, CUSTOM_JWT, AWS_IAM]\n      AuthorizerConfiguration: !If [ByToken, \
                 {{CustomJWTAuthorizer: {{DiscoveryUrl: \"{url}\"{more}}}}}, !Ref AWS::NoValue]\n"
            ),
        )
    };
    let here = [(TEMPLATE, "CustomJWTAuthorizer", "gateway-tokens")];
    let other = "https://login.example.com/.well-known/openid-configuration";
    let cognito = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_a/.well-known/openid-configuration";
    tokens("", other).finds(&here);
    tokens(", AllowedAudience: [shop]", other).finds(&[]);
    tokens(", AllowedAudience: [shop]", cognito).finds(&here);
    tokens(", AllowedClients: [shop]", cognito).finds(&[]);
}

#[test]
fn a_gateway_without_a_log_is_a_warning() {
    let found = Copy::new().edit(TEMPLATE, "      LogType: APPLICATION_LOGS\n", "      LogType: TRACES\n").finds(&[(
        TEMPLATE,
        "  Gateway:",
        "gateway-log",
    )]);
    assert_eq!(found[0].severity, Severity::Warning);
}

#[test]
fn a_profile_that_its_model_does_not_have() {
    let model = |allowed: &str| {
        Copy::new()
            .edit(TEMPLATE, "\nMappings:\n", &format!("  Profile: {{Type: String, Default: us, AllowedValues: [{allowed}]}}\n\nMappings:\n"))
            .edit(
                TEMPLATE,
                "      Description: Looks things up.\n",
                "      Description: Looks things up.\n      FoundationModel: !Sub \"${Profile}.anthropic.claude-haiku-4-5-20251001-v1:0\"\n",
            )
    };
    let found = model("us, eu, apac").finds(&[(TEMPLATE, "FoundationModel", "inference-profile")]);
    assert!(found[0].message.contains("`apac`") && found[0].message.contains("`jp`"), "{found:#?}");
    model("us, eu, jp, au, global").finds(&[]);
}

#[test]
fn a_model_that_is_called_without_its_profile() {
    let statement = |condition: &str| {
        Copy::new().edit(
            TEMPLATE,
            "          - {Effect: Allow, Action: cloudwatch:PutMetricData, Resource: \"*\"}\n",
            &format!(
                "          - {{Effect: Allow, Action: cloudwatch:PutMetricData, Resource: \"*\"}}\n          - {{Effect: \
                 Allow, Action: bedrock:InvokeModel, Resource: \"arn:aws:bedrock:*::foundation-model/m\"{condition}}}\n"
            ),
        )
    };
    // Two roles have this policy.
    statement("")
        .finds(&[(TEMPLATE, "foundation-model/m", "model-profile"), (TEMPLATE, "foundation-model/m", "model-profile")]);
    statement(", Condition: {StringLike: {bedrock:InferenceProfileArn: \"arn:aws:bedrock:us-east-1:1:inference-profile/us.m\"}}")
        .finds(&[]);
}

fn harness(grant: &str, actions: &str) -> Copy {
    with(&format!(
        "  Harness:\n    Type: AWS::BedrockAgentCore::Harness\n    Properties:\n      HarnessName: !Sub \
         ${{Project}}_${{Environment}}\n      ExecutionRoleArn: !GetAtt HarnessRole.Arn\n      Tools:\n        - Type: \
         agentcore_gateway\n          Config: {{AgentCoreGateway: {{OutboundAuth: {grant}}}}}\n\n  HarnessRole:\n    Type: \
         AWS::IAM::Role\n    Properties:\n      Policies:\n        - PolicyDocument: {{Statement: {{Effect: Allow, Action: \
         [{actions}], Resource: \"*\"}}}}\n"
    ))
}

const START: &str =
    "ecr-public:GetAuthorizationToken, sts:GetServiceBearerToken, bedrock-agentcore:GetWorkloadAccessToken";

#[test]
fn a_harness_that_can_get_no_token() {
    harness("{Oauth: {GrantType: AUTHORIZATION_CODE}}", START).finds(&[(
        TEMPLATE,
        "AUTHORIZATION_CODE",
        "harness-token",
    )]);
    harness("{AwsIam: {}}", START).finds(&[]);
}

#[test]
fn a_harness_that_cannot_start() {
    harness("{AwsIam: {}}", "bedrock-agentcore:GetWorkloadAccessToken").finds(&[(
        TEMPLATE,
        "  HarnessRole:",
        "harness-role",
    )]);
}

#[test]
fn a_name_of_an_endpoint_that_agentcore_does_not_take() {
    let named = |name: &str| {
        let endpoint = format!(
            "  End:\n    Type: AWS::BedrockAgentCore::HarnessEndpoint\n    Properties: {{HarnessId: !GetAtt \
             Harness.HarnessId, EndpointName: {name}}}\n\n"
        );
        harness("{AwsIam: {}}", START).edit(TEMPLATE, "  Harness:\n", &format!("{endpoint}  Harness:\n"))
    };
    for name in ["blue-green".to_owned(), "1st".to_owned(), "x".repeat(49)] {
        named(&name).finds(&[(TEMPLATE, "EndpointName:", "agentcore-name")]);
    }
    named(&"x".repeat(48)).finds(&[]);
}

#[test]
fn a_hook_that_allows_what_it_cannot_decide() {
    let hooks = |moment: &str, mode: &str| {
        let hook = format!("{moment}: {{Name: spend, Target: {{Lambda: {{Arn: x{mode}}}}}}}");
        let tools = "      Tools:\n        - Type: agentcore_gateway\n";
        harness("{AwsIam: {}}", START).edit(TEMPLATE, tools, &format!("      Hooks:\n        - {hook}\n{tools}"))
    };
    for moment in ["BeforeInvocation", "BeforeToolCall", "AfterToolCall"] {
        let found = hooks(moment, ", FailureMode: allow").finds(&[(TEMPLATE, "FailureMode: allow", "hook-failure")]);
        assert!(found[0].message.contains("`spend`"), "{found:#?}");
        hooks(moment, ", FailureMode: deny").finds(&[]);
        hooks(moment, "").finds(&[]);
    }
    hooks("AfterInvocation", ", FailureMode: allow").finds(&[]);
}
