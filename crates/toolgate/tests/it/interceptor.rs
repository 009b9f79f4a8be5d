//! The gateway's request interceptor: decoding of events, and the answers.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use toolgate::interceptor::{Intercepted, NotARequest, refusal};

fn token(claims: &Value) -> String {
    format!("Bearer e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn event(headers: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "orders___look"}});
    json!({"interceptorInputVersion": "1.0", "mcp": {
        "rawGatewayRequest": {"body": "{}"},
        "gatewayRequest": {"path": "/mcp", "httpMethod": "POST", "headers": headers, "body": body}}})
}

fn with(headers: Value) -> Intercepted {
    Intercepted::decode(event(headers)).unwrap()
}

#[test]
fn a_request_goes_on_as_it_came() {
    let headers = json!({"Accept": "application/json", "mcp-session-id": "s-1"});
    let answer = with(headers.clone()).forward();
    let expected = json!({"interceptorOutputVersion": "1.0", "mcp": {"transformedGatewayRequest": {
        "path": "/mcp", "httpMethod": "POST", "headers": headers,
        "body": {"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": "orders___look"}}}}});
    assert_eq!(answer, expected);
}

#[test]
fn a_header_that_is_set_replaces_every_spelling_of_it() {
    let mut request = with(json!({"x-who": "me", "X-WHO": "and me", "X-Whose": "other"}));
    assert!(request.has_header("X-Who"));
    assert_eq!(request.header("X-Who"), None, "two are none");
    request.set_header("X-Who", "you");
    assert_eq!(request.header("x-who"), Some("you"));
    let headers = request.forward()["mcp"]["transformedGatewayRequest"]["headers"].clone();
    assert_eq!(headers, json!({"X-Who": "you", "X-Whose": "other"}));
}

#[test]
fn a_claim_is_read_from_the_bearer_token_only() {
    let good = token(&json!({"customer_id": "CUST-12345"}));
    for name in ["Authorization", "authorization"] {
        assert_eq!(with(json!({name: good})).token_claim("customer_id").as_deref(), Some("CUST-12345"));
    }
    assert_eq!(with(json!({"authorization": good})).token_claim("sub"), None);
    for authorization in [
        json!(good.replace("Bearer", "Basic")),
        json!(good.trim_start_matches("Bearer ")),
        json!(format!("{good}.more")),
        json!("Bearer a.b"),
        json!("Bearer ..."),
        json!([good]),
        json!(null),
    ] {
        assert_eq!(with(json!({"authorization": authorization})).token_claim("customer_id"), None, "{authorization}");
    }
    let twice = with(json!({"authorization": good, "Authorization": good}));
    assert_eq!(twice.token_claim("customer_id"), None);
}

#[test]
fn a_claim_that_is_no_plain_text_names_nobody() {
    for value in
        [json!(""), json!(12345), json!(["CUST-12345"]), json!("a b"), json!("a\r\nb"), json!("ü"), json!(null)]
    {
        let authorization = token(&json!({"customer_id": value}));
        assert_eq!(with(json!({"authorization": authorization})).token_claim("customer_id"), None, "{value}");
    }
    let long = token(&json!({"customer_id": "x".repeat(257)}));
    assert_eq!(with(json!({"authorization": long})).token_claim("customer_id"), None);
}

#[test]
fn what_cannot_be_judged_is_no_request() {
    let decode = |event: Value| Intercepted::decode(event).map(|_| ());
    assert_eq!(decode(json!({})), Err(NotARequest::Format));
    assert_eq!(decode(json!({"interceptorInputVersion": "2.0", "mcp": {}})), Err(NotARequest::Format));
    assert_eq!(decode(json!({"interceptorInputVersion": "1.0", "mcp": {}})), Err(NotARequest::Format));
    assert_eq!(decode(json!({"interceptorInputVersion": "1.0", "http": {}})), Err(NotARequest::Format));
    assert_eq!(decode(event(json!({}))), Err(NotARequest::NoHeaders));
    assert_eq!(decode(event(json!(null))), Err(NotARequest::NoHeaders));
    let mut response = event(json!({"a": "b"}));
    response["mcp"]["gatewayResponse"] = json!({"statusCode": 200, "body": {}});
    assert_eq!(decode(response), Err(NotARequest::Response));
}

#[test]
fn a_refusal_answers_the_client_and_calls_no_target() {
    let answer = with(json!({"a": "b"})).refuse("not you");
    let response = &answer["mcp"]["transformedGatewayResponse"];
    assert_eq!(response["statusCode"], 403);
    let expected = json!({"jsonrpc": "2.0", "id": 7, "error": {"code": -32001, "message": "not you"}});
    assert_eq!(response["body"], expected);
    assert_eq!(answer["mcp"].get("transformedGatewayRequest"), None);
    let body = &refusal("nobody")["mcp"]["transformedGatewayResponse"]["body"];
    assert_eq!((&body["id"], &body["error"]["message"]), (&Value::Null, &json!("nobody")));
}

#[test]
fn debug_shows_nothing_of_the_caller() {
    let request = with(json!({"authorization": "Bearer secret"}));
    assert_eq!(format!("{request:?}"), "Intercepted { .. }");
    assert_eq!(request.method(), Some("tools/call"));
}
