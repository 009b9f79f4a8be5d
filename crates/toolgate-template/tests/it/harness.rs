//! `AWS::BedrockAgentCore::Harness`.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use toolgate_template::{HarnessSpec, HarnessToolKind, TemplateError, read};

const GATEWAY: &str = r#"
Resources:
  Gateway:
    Type: AWS::BedrockAgentCore::Gateway
    Properties: {Name: desk}
  Role:
    Type: AWS::IAM::Role
    Properties: {}
"#;

const FULL: &str = r#"
  Shop:
    Type: AWS::BedrockAgentCore::Harness
    Properties:
      HarnessName: shop_dev
      ExecutionRoleArn: !GetAtt Role.Arn
      Model: {BedrockModelConfig: {ModelId: us.anthropic.claude, MaxTokens: 4000, Temperature: 1.5, TopP: 0.5}}
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
      Hooks: []
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
    assert_eq!(
        (shop.endpoints.as_slice(), shop.not_run.as_slice()),
        (&["live".to_owned()][..], &["Hooks".to_owned()][..])
    );
    let names: Vec<&str> = shop.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["desk", "docs", "ask", "agentcore_browser"]);
    let arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/desk-local00000";
    let gateway = HarnessToolKind::Gateway { arn: arn.to_owned(), auth: "AwsIam".to_owned() };
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
