//! The gateway's response interceptor: decoding of events, and the answers.

use serde_json::{Value, json};
use toolgate::interceptor::{Intercepted, InterceptedResponse, NotAResponse};

fn event(method: &str, result: Value) -> Value {
    json!({"interceptorInputVersion": "1.0", "mcp": {
        "rawGatewayRequest": {"body": "{}"},
        "gatewayRequest": {
            "path": "/mcp", "httpMethod": "POST", "headers": {"X-Tenant": "acme"},
            "body": {"jsonrpc": "2.0", "id": 7, "method": method, "params": {"name": "orders___look_up"}},
        },
        "gatewayResponse": {
            "statusCode": 200, "isStreaming": false, "body": {"jsonrpc": "2.0", "id": 7, "result": result},
        },
    }})
}

#[test]
fn what_is_not_touched_goes_on_as_it_came() {
    let result = json!({"content": [{"type": "text", "text": "hello"}], "more": [1, 2]});
    let response = InterceptedResponse::decode(event("tools/call", result.clone())).unwrap();
    assert_eq!(
        (response.method(), response.tool(), response.status()),
        (Some("tools/call"), Some("orders___look_up"), 200)
    );
    assert_eq!((response.request_header("x-tenant"), response.request_header("x-other")), (Some("acme"), None));
    let expected = json!({"interceptorOutputVersion": "1.0", "mcp": {"transformedGatewayResponse": {
        "statusCode": 200, "isStreaming": false, "body": {"jsonrpc": "2.0", "id": 7, "result": result}}}});
    assert_eq!(response.forward(), expected);
}

#[test]
fn a_listing_loses_tools_and_a_text_its_secret() {
    let tools = json!({"tools": [{"name": "orders___look_up"}, {"name": "admin___drop"}]});
    let mut listing = InterceptedResponse::decode(event("tools/list", tools)).unwrap();
    listing.retain_tools(|tool| !tool.starts_with("admin___"));
    assert_eq!(listing.tool(), None);
    assert_eq!(listing.body()["result"]["tools"], json!([{"name": "orders___look_up"}]));

    let content = json!({"content": [{"type": "text", "text": "a secret"}, {"type": "image"}]});
    let mut result = InterceptedResponse::decode(event("tools/call", content)).unwrap();
    result.retain_tools(|_| false);
    result.texts_mut().for_each(|text| *text = text.replace("secret", "***"));
    result.set_header("X-Seen", "first");
    result.set_header("x-seen", "second");
    let answer = result.forward();
    let response = &answer["mcp"]["transformedGatewayResponse"];
    assert_eq!(response["body"]["result"]["content"], json!([{"type": "text", "text": "a ***"}, {"type": "image"}]));
    assert_eq!(response["headers"], json!({"x-seen": "second"}));
}

#[test]
fn what_is_withheld_leaves_nothing_of_the_response() {
    let content = json!({"content": [{"type": "text", "text": "a secret"}]});
    let response = InterceptedResponse::decode(event("tools/call", content)).unwrap();
    assert!(!format!("{response:?}").contains("secret"));
    let answer = response.withhold("not for you");
    assert!(!answer.to_string().contains("a secret"));
    let response = &answer["mcp"]["transformedGatewayResponse"];
    assert_eq!((&response["statusCode"], &response["body"]["id"]), (&json!(403), &json!(7)));
    assert_eq!(response["body"]["error"]["message"], "not for you");
}

#[test]
fn an_event_is_a_request_or_a_response() {
    let decode = |event: Value| InterceptedResponse::decode(event).map(drop);
    let mut request = event("tools/call", json!({}));
    request["mcp"].as_object_mut().unwrap().remove("gatewayResponse");
    assert_eq!(decode(request.clone()), Err(NotAResponse::Request));
    let mut call = Intercepted::decode(request).unwrap();
    assert_eq!((call.tool(), call.arguments()), (Some("orders___look_up"), None));
    assert!(call.arguments_mut().is_none());
    for wrong in [
        json!(null),
        json!({"interceptorInputVersion": "2.0", "mcp": {}}),
        json!({"interceptorInputVersion": "1.0", "mcp": {"gatewayRequest": {}, "gatewayResponse": "x"}}),
        json!({"interceptorInputVersion": "1.0", "mcp": {"gatewayRequest": {}, "gatewayResponse": {"statusCode": "x"}}}),
        json!({"interceptorInputVersion": "1.0", "mcp": {"gatewayResponse": {"statusCode": 200}}}),
    ] {
        assert_eq!(decode(wrong.clone()), Err(NotAResponse::Format), "{wrong}");
    }
}

#[test]
fn a_request_interceptor_can_change_arguments() {
    let mut request = event("tools/call", json!({}));
    request["mcp"].as_object_mut().unwrap().remove("gatewayResponse");
    request["mcp"]["gatewayRequest"]["body"]["params"]["arguments"] = json!({"orderId": "1"});
    let mut call = Intercepted::decode(request).unwrap();
    call.arguments_mut().unwrap().insert("tenant".to_owned(), json!("acme"));
    let arguments = &call.forward()["mcp"]["transformedGatewayRequest"]["body"]["params"]["arguments"];
    assert_eq!(arguments, &json!({"orderId": "1", "tenant": "acme"}));
}
