//! Attributes and identity.

use serde_json::{Value, json};
use toolgate::{Wire, testing};

use super::kit::{body, counted, error, event, send, service};

const AGENTS: [Wire; 2] = [Wire::Function, Wire::Api];

/// Both kinds of attributes after the call `what`.
async fn after(wire: Wire, what: &str) -> (Value, Value) {
    let mut event = event(wire, "act", json!({"what": what}));
    event.event["sessionAttributes"]["last"] = "1".into();
    let reply = send(&service(), &event).await;
    (reply["sessionAttributes"].clone(), reply["promptSessionAttributes"].clone())
}

#[tokio::test]
async fn attributes_go_back_on_success_and_on_every_error() {
    for wire in AGENTS {
        let same = (json!({"customerId": "CUST-1", "last": "1"}), json!({"p": "1"}));
        for what in ["hello", "conflict", "internal", "panic", "invalid", "fatal"] {
            assert_eq!(after(wire, what).await, same, "{wire} {what}");
        }
        for (tool, arguments) in
            [("no_such", json!({})), ("act", json!({"wat": "1"})), ("update", json!({"role": "1"}))]
        {
            let reply = send(&service(), &event(wire, tool, arguments)).await;
            assert_eq!(reply["sessionAttributes"], json!({"customerId": "CUST-1"}), "{wire} {tool}");
            assert_eq!(reply["promptSessionAttributes"], json!({"p": "1"}));
        }
    }
}

#[tokio::test]
async fn a_tool_sets_and_clears_attributes() {
    for wire in AGENTS {
        assert_eq!(after(wire, "set").await.0, json!({"customerId": "CUST-1", "last": "7"}));
        assert_eq!(after(wire, "clear").await.0, json!({"customerId": "CUST-1"}));
        assert_eq!(after(wire, "prompt").await.1, json!({"p": "1", "turn": "1"}));
        assert_eq!(after(wire, "set and fail").await.0, json!({"customerId": "CUST-1", "last": "8"}));
    }
}

#[tokio::test]
async fn identity_is_never_set_and_never_cleared_by_a_tool() {
    for wire in AGENTS {
        for what in ["set identity", "clear identity", "prompt identity"] {
            let reply = send(&service(), &event(wire, "act", json!({"what": what}))).await;
            assert_eq!(error(&body(wire, &reply))["kind"], "internal", "{what}");
            assert_eq!(reply["sessionAttributes"], json!({"customerId": "CUST-1"}));
            assert_eq!(reply["promptSessionAttributes"], json!({"p": "1"}));
        }
    }
}

async fn who(wire: Wire, change: impl FnOnce(&mut Value)) -> Value {
    let mut event = event(wire, "act", json!({"what": "who"}));
    change(&mut event.event);
    body(wire, &send(&service(), &event).await)["text"].clone()
}

#[tokio::test]
async fn session_attributes_are_the_identity_of_an_agents_call() {
    for wire in AGENTS {
        assert_eq!(who(wire, |_| {}).await, "CUST-1 none");
        assert_eq!(who(wire, |event| event["sessionAttributes"] = json!({})).await, "nobody none");
        // identity does not come from the attributes of a turn
        let prompt = |event: &mut Value| {
            event["sessionAttributes"] = json!({});
            event["promptSessionAttributes"] = json!({"customerId": "CUST-9"});
        };
        assert_eq!(who(wire, prompt).await, "nobody none");
    }
    assert_eq!(
        who(Wire::Direct, |event| event["sessionAttributes"] = json!({"customerId": "CUST-9"})).await,
        "nobody none"
    );
}

#[tokio::test]
async fn session_attributes_that_are_not_texts_are_refused_and_go_back_as_they_came() {
    for wire in AGENTS {
        for odd in [
            json!(null),
            json!("text"),
            json!(7),
            json!([]),
            json!([{"customerId": "CUST-1"}]),
            json!({"customerId": 12345}),
            json!({"customerId": null}),
            json!({"customerId": ["CUST-1"]}),
            json!({"customerId": "CUST-1", "flag": true}),
        ] {
            let (service, state) = counted();
            let mut event = event(wire, "act", json!({"what": "who"}));
            event.event["sessionAttributes"] = odd.clone();
            let reply = send(&service, &event).await;
            let body = body(wire, &reply);
            assert_eq!(error(&body)["kind"], "refused", "{wire} {odd}");
            assert!(error(&body)["message"].as_str().unwrap().contains("session attributes"), "{body}");
            // a reply without them would remove the identity from the session
            assert_eq!(reply["sessionAttributes"], odd, "{wire}");
            assert_eq!(state.ran(), 0, "{wire} {odd}");
        }
    }
}

#[tokio::test]
async fn attributes_of_a_turn_that_are_not_text_become_text() {
    let mut event = event(Wire::Function, "act", json!({"what": "who"}));
    event.event["promptSessionAttributes"] = json!({"n": 12345, "flag": true, "list": [1], "none": null});
    let reply = send(&service(), &event).await;
    assert_eq!(body(Wire::Function, &reply)["text"], "CUST-1 none");
    assert_eq!(reply["promptSessionAttributes"], json!({"n": "12345", "flag": "true", "list": "[1]", "none": ""}));
    for none in [json!(null), json!("text"), json!([])] {
        event.event["promptSessionAttributes"] = none;
        let reply = send(&service(), &event).await;
        assert_eq!(reply["promptSessionAttributes"], json!({}));
    }
}

/// The caller that the tool reports, for these headers from the gateway.
async fn gateway(headers: Value) -> Value {
    let custom = json!({"bedrockAgentCoreToolName": "kit___act", "bedrockAgentCorePropagatedHeaders": headers});
    let context = testing::context(Some(&json!({"custom": custom})));
    let reply = service().handle(json!({"what": "who"}), &context).await.unwrap();
    if reply["error"].is_object() { reply["error"]["kind"].clone() } else { reply["text"].clone() }
}

#[tokio::test]
async fn a_declared_header_is_the_identity_of_a_gateway_call() {
    assert_eq!(gateway(json!({"X-Customer": "CUST-7"})).await, "CUST-7 none");
    assert_eq!(gateway(json!({"x-customer": ["CUST-7"], "X-Hint": "h"})).await, "CUST-7 h");
    assert_eq!(gateway(json!(json!({"X-CUSTOMER": "CUST-7"}).to_string())).await, "CUST-7 none");
}

#[tokio::test]
async fn another_header_is_only_a_hint() {
    assert_eq!(gateway(json!({"customerId": "CUST-7", "x-hint": "h"})).await, "nobody h");
    assert_eq!(gateway(json!({})).await, "nobody none");
}

#[tokio::test]
async fn headers_that_cannot_be_read_are_refused_and_never_nobody_s() {
    for odd in
        [json!(null), json!("no json"), json!("null"), json!([]), json!(7), json!("[]"), json!([["x-hint", "h"]])]
    {
        assert_eq!(gateway(odd.clone()).await, "refused", "{odd}");
    }
}

#[tokio::test]
async fn an_ambiguous_identity_is_nobody_s_and_never_none() {
    for ambiguous in [
        json!({"X-Customer": ["CUST-1", "CUST-2"]}),
        json!({"X-Customer": []}),
        json!({"X-Customer": [1]}),
        json!({"X-Customer": {"id": "CUST-1"}}),
        json!({"X-Customer": null}),
        json!({"X-Customer": "CUST-1", "x-customer": "CUST-2"}),
    ] {
        assert_eq!(gateway(ambiguous.clone()).await, "refused", "{ambiguous}");
    }
    // a header that does not identify the caller may have any value
    assert_eq!(gateway(json!({"X-Customer": "CUST-1", "X-Hint": 7, "x-more": null})).await, "CUST-1 7");
    assert_eq!(gateway(json!({"X-Hint": ["a", "b"]})).await, "nobody [\"a\",\"b\"]");
}

#[tokio::test]
async fn a_context_shows_no_one_s_data_in_debug() {
    let mut event = event(Wire::Function, "act", json!({"what": "debug"}));
    event.event["sessionAttributes"]["last"] = "SECRET".into();
    let text = body(Wire::Function, &send(&service(), &event).await)["text"].as_str().unwrap().to_owned();
    assert!(text.contains("customerId") && !text.contains("CUST-1") && !text.contains("SECRET"), "{text}");
}
