//! Any HTTP event: no text in it gives an identity, and no request gets anything but an HTTP reply.

use std::sync::LazyLock;

use proptest::{collection, prelude::*};
use serde_json::{Map, Value, json};
use toolgate::{Service, testing};

use super::{
    kit::{self, State, VERSION, http, in_body, rpc},
    properties::run,
};

static KIT: LazyLock<(Service<State>, State)> = LazyLock::new(kit::counted);

/// JSON in which the forged identity occurs often, under the names that the router and AWS use.
fn forged() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!("CUST-9")),
        Just(json!("{\"sub\": \"CUST-9\"}")),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
    ];
    let names = vec![
        "sub",
        "customerId",
        "claims",
        "jwt",
        "lambda",
        "iam",
        "authorizer",
        "requestContext",
        "http",
        "x-customer",
    ];
    let name = prop::sample::select(names).prop_map(str::to_owned);
    leaf.prop_recursive(4, 16, 4, move |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map(name.clone(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_text_in_an_event_gives_an_identity(
        event_members in forged(),
        headers in forged(),
        params in forged(),
        meta in forged(),
        context in forged(),
        verified in any::<bool>(),
        older in any::<bool>(),
    ) {
        let mut message = rpc("tools/call", json!({"name": "act", "arguments": {"what": "who"}}));
        let own = members(&message["params"]);
        let own_meta = members(&own["_meta"]);
        let mut all = members(&params);
        all.extend(own);
        let mut all_meta = members(&meta);
        if !older {
            all_meta.extend(own_meta);
        }
        all.insert("_meta".to_owned(), all_meta.into());
        message["params"] = all.into();
        let valid = http(&message);
        let mut event = members(&event_members);
        event.extend(members(&valid));
        let mut event = Value::Object(event);
        for (name, value) in members(&headers) {
            event["headers"][name] = value;
        }
        if older {
            event["headers"]["mcp-protocol-version"] = "2025-11-25".into();
        }
        // all that API Gateway does not take from a client stays as it is
        for (name, value) in members(&context) {
            if !["authorizer", "http"].contains(&name.as_str()) {
                event["requestContext"][name] = value;
            }
        }
        if !verified {
            event["requestContext"].as_object_mut().unwrap().remove("authorizer");
        }
        let reply = run(KIT.0.handle(event, &testing::context(None))).unwrap();
        let answer = kit::message(&reply);
        if verified {
            prop_assert_eq!(&answer["result"]["structuredContent"]["text"], "CUST-1 none", "{}", reply);
        } else {
            prop_assert_eq!(&reply["statusCode"], 401, "{}", reply);
            prop_assert!(!reply.to_string().contains("CUST-9"));
        }
    }

    #[test]
    fn any_request_gets_an_http_reply_and_a_broken_one_runs_nothing(
        body in prop_oneof![".{0,200}", forged().prop_map(|value| value.to_string()), Just(String::new())],
        method in prop::sample::select(vec!["POST", "GET", "DELETE", "post", ""]),
        version in prop::sample::select(vec![Some(VERSION), Some("2025-06-18"), Some("x"), None]),
        is_base64 in any::<bool>(),
    ) {
        let mut event = http(&rpc("tools/list", json!({})));
        event["body"] = body.into();
        event["isBase64Encoded"] = is_base64.into();
        event["requestContext"]["http"]["method"] = method.into();
        match version {
            Some(version) => event["headers"]["mcp-protocol-version"] = version.into(),
            None => drop(event["headers"].as_object_mut().unwrap().remove("mcp-protocol-version")),
        }
        let reply = run(KIT.0.handle(event, &testing::context(None))).unwrap();
        let status = reply["statusCode"].as_u64().unwrap();
        prop_assert!((200..500).contains(&status) && reply["body"].is_string(), "{}", reply);
        prop_assert!(reply["headers"].is_object() && reply["isBase64Encoded"] == false);
        if !reply["body"].as_str().unwrap().is_empty() {
            let answer = kit::message(&reply);
            prop_assert_eq!(answer.get("error").is_some(), true, "{}", reply);
        }
    }

    #[test]
    fn a_call_that_names_its_tool_twice_runs_the_one_that_both_name(
        header in prop::sample::select(vec!["act", "update", "take_order", "=?base64?YWN0?=", "Act", " act"]),
        tool in prop::sample::select(vec!["act", "update", "take_order"]),
    ) {
        let mut event = http(&rpc("tools/call", json!({"name": "act", "arguments": {"what": "hello"}})));
        in_body(&mut event, |message| message["params"]["name"] = tool.into());
        event["headers"]["mcp-name"] = header.into();
        let reply = run(KIT.0.handle(event, &testing::context(None))).unwrap();
        let equal = match header.trim() {
            "=?base64?YWN0?=" => tool == "act",
            header => header == tool,
        };
        prop_assert_eq!(reply["statusCode"] == 200, equal, "{}", reply);
    }
}
