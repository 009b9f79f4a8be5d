//! Which calls pass, and with which customer.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::IdentityInterceptor;

const HEADER: &str = "X-Desk-Customer-Id";

fn event(method: &str, headers: &Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method});
    let request = json!({"path": "/mcp", "httpMethod": "POST", "headers": headers, "body": body});
    json!({"interceptorInputVersion": "1.0", "mcp": {"gatewayRequest": request}})
}

fn bearer(claims: &Value) -> String {
    format!("Bearer e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The header that the tools receive, or the reason of the refusal.
fn customer(interceptor: &IdentityInterceptor, event: Value) -> Result<Option<String>, String> {
    let answer = interceptor.answer(event);
    let refused = &answer["mcp"]["transformedGatewayResponse"];
    if !refused.is_null() {
        assert_eq!(refused["statusCode"], 403);
        return Err(refused["body"]["error"]["message"].as_str().unwrap().to_owned());
    }
    let headers = answer["mcp"]["transformedGatewayRequest"]["headers"].as_object().unwrap().clone();
    let named: Vec<&String> = headers.keys().filter(|key| key.eq_ignore_ascii_case(HEADER)).collect();
    assert!(named.len() <= 1, "{named:?}");
    Ok(headers.get(HEADER).map(|value| value.as_str().unwrap().to_owned()))
}

fn by_token() -> IdentityInterceptor {
    IdentityInterceptor::new(HEADER, Some("customer_id")).unwrap()
}

#[test]
fn the_token_names_the_customer_whatever_the_client_says() {
    let authorization = bearer(&json!({"customer_id": "CUST-12345"}));
    for theirs in [json!({}), json!({"x-desk-customer-id": "CUST-00001"}), json!({"X-DESK-CUSTOMER-ID": "CUST-00001"})]
    {
        let mut headers = theirs;
        headers["authorization"] = json!(authorization);
        assert_eq!(customer(&by_token(), event("tools/call", &headers)), Ok(Some("CUST-12345".to_owned())));
    }
}

#[test]
fn without_a_customer_in_the_token_no_tool_is_called() {
    let missing_claim = "the token has no claim `customer_id`".to_owned();
    for headers in [
        json!({"authorization": bearer(&json!({"sub": "somebody"}))}),
        json!({"x-desk-customer-id": "CUST-00001"}),
        json!({"authorization": "Basic abc", "x-desk-customer-id": "CUST-00001"}),
    ] {
        for method in ["tools/call", "prompts/get", "anything/new"] {
            assert_eq!(
                customer(&by_token(), event(method, &headers)),
                Err(missing_claim.clone()),
                "{method} {headers}"
            );
        }
        // an empty identity does not identify a customer, and a tool refuses it
        assert_eq!(customer(&by_token(), event("tools/list", &headers)), Ok(Some(String::new())));
    }
    let mut batch = event("tools/list", &json!({"x-desk-customer-id": "CUST-00001"}));
    batch["mcp"]["gatewayRequest"]["body"] = json!([{"method": "tools/list"}, {"method": "tools/call"}]);
    assert_eq!(customer(&by_token(), batch), Err(missing_claim));
}

#[test]
fn where_there_are_no_tokens_nobody_may_be_named() {
    let interceptor = IdentityInterceptor::new(HEADER, Some("")).unwrap();
    assert_eq!(customer(&interceptor, event("tools/call", &json!({"accept": "*/*"}))), Ok(None));
    let authorization = bearer(&json!({"customer_id": "CUST-12345"}));
    assert_eq!(customer(&interceptor, event("tools/call", &json!({"authorization": authorization}))), Ok(None));
    for name in [HEADER, "x-desk-customer-id"] {
        let refused = customer(&interceptor, event("tools/call", &json!({name: "CUST-00001"})));
        assert_eq!(refused, Err("`X-Desk-Customer-Id` is not for clients to set".to_owned()));
    }
}

#[test]
fn an_event_that_cannot_be_judged_is_refused() {
    for interceptor in [by_token(), IdentityInterceptor::new(HEADER, None).unwrap()] {
        for event in
            [json!(null), json!({}), json!("x"), event("tools/call", &json!({})), event("tools/call", &json!(null))]
        {
            assert!(customer(&interceptor, event.clone()).is_err(), "{event}");
        }
    }
}

#[test]
fn a_variable_that_is_not_text_is_a_mistake_and_not_unset() {
    use std::os::unix::ffi::OsStringExt;
    let odd = std::ffi::OsString::from_vec(b"customer_id\xff".to_vec());
    assert!(super::text("TOOLGATE_IDENTITY_CLAIM", Some(odd)).unwrap_err().contains("TOOLGATE_IDENTITY_CLAIM"));
    assert_eq!(super::text("TOOLGATE_IDENTITY_CLAIM", Some("customer_id".into())).as_deref(), Ok("customer_id"));
    assert_eq!(super::text("TOOLGATE_IDENTITY_CLAIM", None).as_deref(), Ok(""));
}

#[test]
fn a_door_without_a_header_is_a_mistake() {
    assert!(IdentityInterceptor::new("", Some("customer_id")).unwrap_err().contains("TOOLGATE_IDENTITY_HEADER"));
}
