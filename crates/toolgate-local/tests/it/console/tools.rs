//! The tools: how an input is read, the event of a call on each wire, and the call itself.

use serde_json::{Value, json};

use super::support::{Desk, TEMPLATE};

fn call(wire: &str) -> Value {
    json!({
        "function": "echo_function", "tool": "echo", "wire": wire, "session": "s-1",
        "input": {"text": "hello", "times": 2}, "attributes": {"locale": "de"}, "identity": {"userId": "u-1"},
    })
}

#[tokio::test]
async fn an_input_is_read_by_the_tools_own_schema() {
    let desk = Desk::start().await;
    let ask = |input: Value| json!({"function": "Echo", "tool": "echo", "input": input});
    let read = desk.ok("tools/understand", ask(json!({"text": "hello", "times": "2"}))).await;
    assert_eq!(read, json!({"understood": {"text": "hello", "times": 2}, "problems": []}));
    let read = desk.ok("tools/understand", ask(json!({"times": "0", "texts": "x"}))).await;
    assert_eq!(read["understood"], Value::Null);
    let paths: Vec<&str> =
        read["problems"].as_array().unwrap().iter().map(|problem| problem["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["texts", "times", "text"]);
    let read = desk.ok("tools/understand", ask(json!({"text": "x", "role": "admin"}))).await;
    assert_eq!(read["problems"][0]["path"], "role", "a field that nobody may set");
    // Bedrock Agents sends an absent value as an empty text.
    let mut absent = ask(json!({"text": "x", "times": ""}));
    assert_eq!(desk.ok("tools/understand", absent.clone()).await["problems"][0]["path"], "times");
    absent["wire"] = json!("function");
    assert_eq!(desk.ok("tools/understand", absent).await["understood"], json!({"text": "x"}));
}

#[tokio::test]
async fn the_event_of_the_function_wire_is_that_of_the_agent() {
    let desk = Desk::start().await;
    let made = desk.ok("tools/event", call("function")).await;
    assert_eq!(made["clientContext"], Value::Null);
    let event = &made["event"];
    assert_eq!(event["agent"], json!({"name": "helper", "id": "Helper", "alias": "live", "version": "1"}));
    assert_eq!((&event["actionGroup"], &event["function"]), (&json!("echoes"), &json!("echo")));
    assert_eq!(event["sessionId"], "s-1");
    assert_eq!(event["sessionAttributes"], json!({"locale": "de", "userId": "u-1"}));
    let parameters = [
        json!({"name": "text", "type": "string", "value": "hello"}),
        json!({"name": "times", "type": "integer", "value": "2"}),
    ];
    assert_eq!(event["parameters"], json!(parameters));
}

#[tokio::test]
async fn a_tool_that_no_agent_offers_on_a_wire_gets_its_own_schema() {
    let desk = Desk::start().await;
    let event = desk.ok("tools/event", call("api")).await["event"].clone();
    assert_eq!((&event["apiPath"], &event["httpMethod"]), (&json!("/echo"), &json!("POST")));
    let body = &event["requestBody"]["content"]["application/json"]["properties"];
    assert_eq!(body[1], json!({"name": "times", "type": "integer", "value": "2"}));
}

#[tokio::test]
async fn the_event_of_the_gateway_is_that_of_its_target() {
    let desk = Desk::start().await;
    let made = desk.ok("tools/event", call("gateway")).await;
    assert_eq!(made["event"], json!({"text": "hello", "times": 2}));
    let custom = &made["clientContext"]["custom"];
    assert_eq!(custom["bedrockAgentCoreToolName"], "desk___echo");
    assert_eq!(custom["bedrockAgentCorePropagatedHeaders"], json!({"X-User-Id": "u-1"}));
    let without = TEMPLATE.replace("AllowedRequestHeaders: [X-User-Id]", "AllowedRequestHeaders: [X-Other]");
    let made = Desk::of(&without).await.ok("tools/event", call("gateway")).await;
    let custom = made["clientContext"]["custom"].as_object().unwrap();
    assert!(!custom.contains_key("bedrockAgentCorePropagatedHeaders"), "a header that the target does not pass on");
}

#[tokio::test]
async fn the_events_of_the_direct_and_mcp_wires_carry_the_input() {
    let desk = Desk::start().await;
    let direct = desk.ok("tools/event", call("direct")).await;
    assert_eq!(direct["event"], json!({"toolName": "echo", "toolInput": {"text": "hello", "times": 2}}));
    let event = desk.ok("tools/event", call("mcp")).await["event"].clone();
    assert_eq!(event["requestContext"]["http"]["method"], "POST");
    assert_eq!(event["rawPath"], "/mcp");
    let claims = &event["requestContext"]["authorizer"]["jwt"]["claims"];
    assert_eq!(claims, &json!({"iss": "https://issuer.example", "sub": "u-1"}));
    let body: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["params"]["arguments"], json!({"text": "hello", "times": 2}));
    let mut anonymous = call("mcp");
    anonymous["identity"] = json!({});
    let event = desk.ok("tools/event", anonymous).await["event"].clone();
    assert_eq!(event["requestContext"]["authorizer"]["jwt"]["claims"], json!({"iss": "https://issuer.example"}));
}

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let desk = Desk::of(&TEMPLATE.replace("function,gateway,direct,api,mcp", "function,gateway")).await;
    let with = |name: &str, value: &str| {
        let mut call = call("function");
        call[name] = json!(value);
        call
    };
    let (status, message) = desk.refused("tools/event", with("function", "nobody")).await;
    assert_eq!((status, message.contains("`echo_function`")), (404, true), "{message}");
    let (status, message) = desk.refused("tools/event", with("tool", "nothing")).await;
    assert_eq!((status, message.contains("`echo`")), (404, true), "{message}");
    let (status, message) = desk.refused("tools/event", with("wire", "mcp")).await;
    assert_eq!((status, message.contains("function, gateway")), (400, true), "{message}");
    let (status, message) = desk.refused("tools/event", json!({"function": "Echo"})).await;
    assert_eq!((status, message.contains("`tool`")), (400, true), "{message}");
    let mut header = with("wire", "gateway");
    header["identity"] = json!({"userId": "a\nb"});
    assert_eq!(desk.refused("tools/event", header).await.0, 400);
}

#[tokio::test]
async fn an_event_is_sent_as_it_is() {
    let desk = Desk::start().await;
    let event = json!({"any": ["thing", 1.50]});
    let sent = json!({"function": "echo_function", "event": event, "clientContext": {"custom": {"a": "b"}}});
    let answer = desk.ok("tools/send", sent).await;
    assert_eq!((&answer["functionError"], &answer["reply"]["event"]), (&Value::Null, &event));
    let seen = answer["reply"]["headers"]["lambda-runtime-client-context"].as_str().unwrap();
    assert_eq!(seen, r#"{"custom":{"a":"b"}}"#);
    let failed = desk.ok("tools/send", json!({"function": "Echo", "event": {"do": "fail"}})).await;
    assert_eq!(failed["functionError"], "Unhandled", "{failed}");
    let (status, message) = desk.refused("tools/send", json!({"function": "nobody", "event": {}})).await;
    assert_eq!((status, message.contains("nobody")), (404, true), "{message}");
    let large = json!({"function": "Echo", "event": "x".repeat(6 * 1024 * 1024)});
    assert_eq!(desk.refused("tools/send", large).await.0, 413);
}
