//! `AWS::BedrockAgentCore::Harness`.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use toolgate_template::{HarnessSpec, HarnessToolKind, HookMoment, HookTarget, OutboundAuth, TemplateError, read};

const GATEWAY: &str = r#"
Resources:
  Gateway:
    Type: AWS::BedrockAgentCore::Gateway
    Properties: {Name: desk}
  Role:
    Type: AWS::IAM::Role
    Properties: {}
  Judge:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: judge}, Toolgate: {Tools: false}}
    Properties: {}
  Other:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.14}
"#;

const FULL: &str = r#"
  Shop:
    Type: AWS::BedrockAgentCore::Harness
    Properties:
      HarnessName: shop_dev
      ExecutionRoleArn: !GetAtt Role.Arn
      Model: {BedrockModelConfig: {ModelId: us.anthropic.claude, MaxTokens: 4000, Temperature: 1.5, TopP: 0.5, ApiFormat: responses}}
      SystemPrompt: [{Text: "Be kind."}, {Text: "Be brief."}]
      Tools:
        - Name: desk
          Type: agentcore_gateway
          Config: {AgentCoreGateway: {GatewayArn: !GetAtt Gateway.GatewayArn, OutboundAuth: {AwsIam: {}}}}
        - Name: docs
          Type: remote_mcp
          Config: {RemoteMcp: {Url: "https://docs.example/mcp", Headers: {X-Key: abc}}}
        - Name: ask
          Type: inline_function
          Config: {InlineFunction: {Description: Asks, InputSchema: {type: object, properties: {count: {type: integer}}}}}
        - Type: agentcore_browser
      AllowedTools: ["@desk", "@ask"]
      MaxIterations: 5
      MaxTokens: 900
      TimeoutSeconds: 60
      Memory: {}
      AuthorizerConfiguration: {CustomJWTAuthorizer: {}}
      Environment: !Ref AWS::NoValue
      Hooks:
        - BeforeInvocation: {Name: budget, Target: {Lambda: {Arn: !GetAtt Judge.Arn, TimeoutSeconds: 5, FailureMode: allow}}}
        - AfterToolCall: {Name: guard, Target: {Lambda: {Arn: !GetAtt Judge.Arn}}}
        - BeforeToolCall: {Name: topic, Target: {Sns: {Arn: 'arn:aws:sns:us-east-1:1:t'}}}
        - AfterInvocation: {Name: bus, Target: {EventBridge: {Arn: 'arn:aws:events:us-east-1:1:event-bus/b'}}}
  Live:
    Type: AWS::BedrockAgentCore::HarnessEndpoint
    Properties: {HarnessId: !GetAtt Shop.HarnessId, EndpointName: live}
"#;

fn harnesses(text: &str) -> Result<Vec<HarnessSpec>, TemplateError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, format!("{GATEWAY}{text}")).unwrap();
    read(&path, &BTreeMap::new()).map(|template| template.harnesses)
}

#[test]
fn a_harness_is_read_with_its_tools_and_endpoints() {
    let all = harnesses(FULL).unwrap();
    let [shop] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((shop.id.as_str(), shop.harness_id.as_str()), ("Shop", "Shop-local00000"));
    assert_eq!(shop.arn, "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/Shop-local00000");
    assert_eq!(
        (shop.name.as_str(), shop.role.as_str(), shop.model.as_str()),
        ("shop_dev", "Role", "us.anthropic.claude")
    );
    assert_eq!(shop.system, ["Be kind.", "Be brief."]);
    let inference = &shop.inference;
    assert_eq!((inference.max_tokens, inference.temperature, inference.top_p), (Some(4000), Some(1.5), Some(0.5)));
    let limits = (shop.max_iterations, shop.max_tokens, shop.timeout);
    assert_eq!(limits, (5, Some(900), Duration::from_secs(60)));
    assert_eq!(shop.allowed_tools.as_deref().unwrap(), ["@desk", "@ask"]);
    assert_eq!(shop.endpoints, ["live"]);
    assert_eq!(shop.not_run, ["Memory", "AuthorizerConfiguration", "Model.BedrockModelConfig.ApiFormat"]);
    let names: Vec<&str> = shop.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["desk", "docs", "ask", "agentcore_browser"]);
    let arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/desk-local00000";
    let gateway = HarnessToolKind::Gateway { arn: arn.to_owned(), auth: OutboundAuth::AwsIam };
    assert_eq!(shop.tools[0].kind, gateway);
    let headers = vec![("X-Key".to_owned(), "abc".to_owned())];
    assert_eq!(shop.tools[1].kind, HarnessToolKind::RemoteMcp { url: "https://docs.example/mcp".to_owned(), headers });
    let input_schema = json!({"type": "object", "properties": {"count": {"type": "integer"}}});
    assert_eq!(shop.tools[2].kind, HarnessToolKind::Inline { description: "Asks".to_owned(), input_schema });
    assert_eq!(shop.tools[3].kind, HarnessToolKind::Other("agentcore_browser".to_owned()));
}

#[test]
fn a_harness_without_settings_has_the_services_defaults() {
    let short = "
  Shop:
    Type: AWS::BedrockAgentCore::Harness
    Properties: {HarnessName: shop, ExecutionRoleArn: !Sub 'arn:aws:iam::1:role/x/Own', Model: {BedrockModelConfig: {ModelId: m}}}
";
    let all = harnesses(short).unwrap();
    let limits = (all[0].max_iterations, all[0].max_tokens, all[0].timeout);
    assert_eq!(limits, (75, None, Duration::from_secs(3600)));
    assert_eq!((all[0].allowed_tools.as_ref(), all[0].role.as_str()), (None, "Own"));
}

fn with_model(model: &str) -> Result<HarnessSpec, TemplateError> {
    let text = format!(
        "
  Guard: {{Type: AWS::Bedrock::Guardrail, Properties: {{Name: g, BlockedInputMessaging: i, BlockedOutputsMessaging: o}}}}
  Shop:
    Type: AWS::BedrockAgentCore::Harness
    Properties: {{HarnessName: s, ExecutionRoleArn: !GetAtt Role.Arn, Model: {{BedrockModelConfig: {{ModelId: m, {model}}}}}}}
"
    );
    harnesses(&text).map(|mut all| all.remove(0))
}

#[test]
fn the_guardrail_of_a_harness_is_a_parameter_of_its_model() {
    let guard = |more: &str| {
        format!(
            "AdditionalParams: {{guardrailConfig: {{guardrailIdentifier: !GetAtt Guard.GuardrailArn, guardrailVersion: '1'}}, \
             top_k: 5}}{more}"
        )
    };
    let shop = with_model(&guard(", ApiFormat: converse_stream")).unwrap();
    assert_eq!(shop.guardrail.as_deref(), Some("Guard"));
    assert_eq!(shop.not_run, ["Model.BedrockModelConfig.AdditionalParams.top_k"]);
    assert_eq!(with_model("MaxTokens: 5").unwrap().guardrail, None);
    let problems = with_model(&guard(", ApiFormat: responses")).unwrap_err().to_string();
    assert!(problems.contains("a guardrail needs `ApiFormat: converse_stream`"), "{problems}");
    for (given, needs) in
        [("guardrailIdentifier: g", "guardrailVersion"), ("guardrailVersion: '1'", "guardrailIdentifier")]
    {
        let problems =
            with_model(&format!("AdditionalParams: {{guardrailConfig: {{{given}}}}}")).unwrap_err().to_string();
        assert!(problems.contains(&format!("a guardrail configuration needs `{needs}`")), "{problems}");
    }
}

#[test]
fn what_a_harness_lacks_is_reported() {
    let bad = "
  Shop:
    Type: AWS::BedrockAgentCore::Harness
    Properties:
      Model: {OpenAiModelConfig: {ModelId: m}}
      MaxIterations: 0
      Tools: [{Name: a}, {Type: remote_mcp}, {Type: inline_function}, {Type: agentcore_gateway}]
";
    let problems = harnesses(bad).unwrap_err().to_string();
    for says in [
        "a harness needs `HarnessName`",
        "a harness needs `ExecutionRoleArn`",
        "Model: BedrockModelConfig",
        "a whole number of at least 1",
        "a tool of a harness needs a `Type`",
        "`remote_mcp` needs `RemoteMcp: Url`",
        "`inline_function` needs `InlineFunction: Description`",
        "`agentcore_gateway` needs `AgentCoreGateway: GatewayArn`",
    ] {
        assert!(problems.contains(says), "{says}: {problems}");
    }
}

#[test]
fn hooks_are_read_in_their_order() {
    let all = harnesses(FULL).unwrap();
    let hooks = &all[0].hooks;
    let moments: Vec<(&str, HookMoment)> = hooks.iter().map(|hook| (hook.name.as_str(), hook.moment)).collect();
    let expected = [
        ("budget", HookMoment::BeforeInvocation),
        ("guard", HookMoment::AfterToolCall),
        ("topic", HookMoment::BeforeToolCall),
        ("bus", HookMoment::AfterInvocation),
    ];
    assert_eq!(moments, expected);
    let of = |at: usize| match &hooks[at].target {
        HookTarget::Lambda { function, timeout, allow_on_failure } => {
            Some((function.binary.clone(), timeout.as_secs(), *allow_on_failure))
        }
        _ => None,
    };
    assert_eq!(of(0), Some(("judge".to_owned(), 5, true)));
    assert_eq!(of(1), Some(("judge".to_owned(), 60, false)));
    assert!(matches!(hooks[2].target, HookTarget::Sns) && matches!(hooks[3].target, HookTarget::EventBridge));
}

#[test]
fn a_hook_that_is_not_understood_is_reported_where_it_is() {
    let with = |hook: &str| {
        let name = "HarnessName: shop, ExecutionRoleArn: r, Model: {BedrockModelConfig: {ModelId: m}}";
        let hooks = format!(
            "
  Shop:
    Type: AWS::BedrockAgentCore::Harness
    Properties: {{{name}, Hooks: [
      {hook}
    ]}}
"
        );
        harnesses(&hooks).unwrap_err().to_string()
    };
    let lambda = |members: &str| with(&format!("{{BeforeInvocation: {{Name: a, Target: {{Lambda: {{{members}}}}}}}}}"));
    let good = "{AfterInvocation: {Name: a, Target: {Sns: {Arn: x}}}}";
    let line = GATEWAY.lines().count() + 5;
    for (problems, says) in [
        (with("{}"), "a hook is one of `BeforeInvocation`"),
        (with("{BeforeInvocation: {}, AfterInvocation: {}}"), "a hook is one of `BeforeInvocation`"),
        (with("{BeforeModelCall: {Name: a}}"), "`BeforeModelCall` is not a moment"),
        (with("{BeforeInvocation: {Name: a b, Target: {Sns: {Arn: x}}}}"), "a `Name` of 1 to 64"),
        (with("{BeforeInvocation: {Name: a}}"), "a hook needs a `Target`"),
        (with("{BeforeInvocation: {Name: a, Target: {Sns: {Arn: x}, Lambda: {}}}}"), "a hook needs a `Target`"),
        (with("{BeforeInvocation: {Name: a, Target: {Sqs: {Arn: x}}}}"), "`Sqs` is not a target"),
        (with("{BeforeInvocation: {Name: a, Target: {Sns: {}}}}"), "`Sns` needs an `Arn`"),
        (with("{BeforeInvocation: {Name: a, Tools: [b], Target: {Sns: {Arn: x}}}}"), "a hook has no `Tools` here"),
        (with(&format!("{good}, {good}")), "two hooks are named `a`"),
        (lambda("Arn: !GetAtt Judge.Arn, TimeoutSeconds: 901"), "from 1 to 900"),
        (lambda("Arn: !GetAtt Judge.Arn, FailureMode: ALLOW"), "must be `allow` or `deny`"),
        (lambda("Arn: !GetAtt Judge.Arn, Retries: 1"), "a hook has no `Retries` here"),
        (lambda("Arn: 'arn:aws:lambda:us-east-1:1:function:elsewhere'"), "is not a function of this template"),
        (lambda("Arn: !GetAtt Other.Arn"), "is not a cargo-lambda function"),
    ] {
        assert!(problems.contains(says), "{says}: {problems}");
        assert!(problems.contains(&format!(":{line}")), "line {line}: {problems}");
    }
}
