//! The gateway over HTTP: what a function gets, and how interceptors change requests and responses.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Agent, folder, header, local, start};

/// A gateway in front of a function that returns its input, with these additional members.
fn template(gateway: &str) -> String {
    format!(
        r#"
Transform: AWS::Serverless-2016-10-31
Conditions: {{Never: !Equals [a, b]}}
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: rust-cargolambda, BuildProperties: {{Binary: echo_function}}}}
  Interceptor:
    Type: AWS::Serverless::Function
    Condition: Never
    Metadata: {{BuildMethod: rust-cargolambda, BuildProperties: {{Binary: echo_function}}, Toolgate: {{Tools: false}}}}
    Properties: {{Environment: {{Variables: {{ECHO_ROLE: intercepts}}}}}}
  Gateway:
    Type: AWS::BedrockAgentCore::Gateway
    Condition: Never
    Properties:
      Name: desk
      {gateway}
  Target:
    Type: AWS::BedrockAgentCore::GatewayTarget
    Condition: Never
    Properties:
      GatewayIdentifier: !GetAtt Gateway.GatewayIdentifier
      Name: desk
      TargetConfiguration:
        Mcp:
          Lambda:
            LambdaArn: !GetAtt Echo.Arn
            ToolSchema: {{InlinePayload: [{{Name: echo, Description: says it again, InputSchema: {{Type: object}}}}]}}
      MetadataConfiguration: {{AllowedRequestHeaders: [X-Tenant], AllowedQueryParameters: [lang]}}
"#
    )
}

const INTERCEPTED: &str = "InterceptorConfigurations: [{InterceptionPoints: [REQUEST, RESPONSE], \
    Interceptor: {Lambda: {Arn: !GetAtt Interceptor.Arn}}, InputConfiguration: {PassRequestHeaders: true}}]";

async fn call(agent: &Agent, arguments: Value) -> reqwest::Response {
    let message = json!({"jsonrpc": "2.0", "id": "one", "method": "tools/call",
        "params": {"name": "desk___echo", "arguments": arguments}});
    let request = agent.http.post(agent.url("/mcp?lang=en&other=x")).header("X-Tenant", "the client's");
    request.header("X-Other", "y").json(&message).send().await.unwrap()
}

async fn body(response: reqwest::Response) -> Value {
    response.json().await.unwrap()
}

/// The input that the function returned.
fn echoed(answer: &Value) -> Value {
    serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap()
}

fn custom(echoed: &Value) -> Value {
    let context: Value =
        serde_json::from_str(echoed["headers"]["lambda-runtime-client-context"].as_str().unwrap()).unwrap();
    context["custom"].clone()
}

#[tokio::test]
async fn a_function_gets_bare_arguments_and_the_client_context_of_a_gateway() {
    let agent = start(&template("Description: none")).await;
    let answer = body(call(&agent, json!({"messageVersion": "1.0", "toolName": "x"})).await).await;
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!("one"), &json!(false)));
    let echoed = echoed(&answer);
    assert_eq!(echoed["event"], json!({"messageVersion": "1.0", "toolName": "x"}));
    let custom = custom(&echoed);
    let text = |key: &str| custom[format!("bedrockAgentCore{key}")].clone();
    assert_eq!(text("ToolName"), "desk___echo");
    assert_eq!(text("MessageVersion"), "1.0");
    assert_eq!(text("McpMessageId"), "one");
    assert_eq!(text("GatewayId"), "desk-local00000");
    assert_eq!((text("TargetId").is_string(), text("AwsRequestId").is_string()), (true, true));
    assert_eq!(text("PropagatedHeaders"), json!({"X-Tenant": "the client's"}));
    assert_eq!(text("PropagatedQueryParameters"), json!({"lang": "en"}));
    assert_eq!(custom.as_object().unwrap().len(), 8);
    agent.running.shutdown().await;
}

#[tokio::test]
async fn an_interceptor_changes_requests_and_responses() {
    let agent = start(&template(INTERCEPTED)).await;
    let response = call(&agent, json!({"a": 1})).await;
    assert_eq!((response.status(), header(&response, "x-seen")), (StatusCode::OK, Some("yes")));
    let answer = body(response).await;
    let echoed = echoed(&answer);
    assert_eq!(echoed["event"], json!({"a": 1, "added": true}));
    assert_eq!(custom(&echoed)["bedrockAgentCorePropagatedHeaders"], json!({"X-Tenant": "the interceptor's"}));

    let seen = &answer["result"]["seen"]["mcp"];
    assert_eq!(seen["gatewayResponse"]["statusCode"], 200);
    assert_eq!(seen["gatewayRequest"]["headers"]["x-other"], "y");
    assert_eq!(
        (&seen["gatewayRequest"]["path"], &seen["gatewayRequest"]["httpMethod"]),
        (&json!("/mcp"), &json!("POST"))
    );
    // The current request, and the original one.
    assert_eq!(seen["gatewayRequest"]["body"]["params"]["arguments"], json!({"a": 1, "added": true}));
    let raw: Value = serde_json::from_str(seen["rawGatewayRequest"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(raw["params"]["arguments"], json!({"a": 1}));
    agent.running.shutdown().await;
}

#[tokio::test]
async fn a_response_of_a_request_interceptor_ends_the_request() {
    let agent = start(&template(INTERCEPTED)).await;
    let response = call(&agent, json!({"intercept": "end"})).await;
    assert_eq!((response.status().as_u16(), header(&response, "x-ended")), (218, Some("yes")));
    assert_eq!(body(response).await, json!({"jsonrpc": "2.0", "id": "one", "result": {"ended": true}}));
    agent.running.shutdown().await;
}

#[tokio::test]
async fn an_interceptor_that_fails_lets_nothing_through() {
    for (debug, says) in [("", false), ("\n      ExceptionLevel: DEBUG", true)] {
        let agent = start(&template(&format!("{INTERCEPTED}{debug}"))).await;
        for wanted in ["exit", "nothing", "version", "no message"] {
            let response = call(&agent, json!({"intercept": wanted})).await;
            assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR, "{wanted}");
            let answer = body(response).await;
            assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("one"), &json!(-32603)), "{wanted}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert_eq!(message.contains("Interceptor"), says, "{wanted}: {message}");
        }
        assert_eq!(call(&agent, json!({})).await.status(), StatusCode::OK);
        agent.running.shutdown().await;
    }
}

#[tokio::test]
async fn a_function_that_fails_is_reported_in_detail_only_at_debug() {
    for (debug, says) in [("Description: none", false), ("ExceptionLevel: DEBUG", true)] {
        let agent = start(&template(debug)).await;
        for wanted in ["fail", "exit"] {
            let result = body(call(&agent, json!({"do": wanted})).await).await["result"].clone();
            assert_eq!(result["isError"], true);
            let text = result["content"][0]["text"].as_str().unwrap();
            assert_eq!(text == "An internal error occurred. Please retry later.", !says, "{text}");
            assert_eq!(result["_meta"]["debug"]["text"], if says { json!(text) } else { Value::Null });
        }
        agent.running.shutdown().await;
    }
}

#[tokio::test]
async fn a_gateway_that_cannot_be_is_an_error_at_the_start() {
    let broken = template("Description: none").replace("Name: echo,", "Title: echo,");
    let folder = folder(&broken);
    let error = local(&folder).start().await.unwrap_err().to_string();
    assert_eq!(error, "the gateway `Gateway` cannot be served: a tool of the target `desk` has no `Name`");
}
