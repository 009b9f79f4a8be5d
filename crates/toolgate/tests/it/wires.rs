//! The wire of an event, the data that is read from it, and the reply.

use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use toolgate::{UnknownEvent, Wire, testing};

use super::kit::{Event, body, call, counted, error, event, message, problems, send, service};

fn agents(rest: Value) -> Value {
    let mut event = json!({
        "messageVersion": "1.0", "agent": {"name": "n", "id": "A", "alias": "L", "version": "1"}, "inputText": "hi",
        "sessionId": "s-1", "actionGroup": "kit", "sessionAttributes": {}, "promptSessionAttributes": {},
    });
    event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    event
}

fn plain(wire: Wire, event: Value) -> Event {
    Event { wire, event, client_context: None }
}

fn gateway(tool: &str, event: Value) -> Event {
    let client_context = Some(json!({"custom": {"bedrockAgentCoreToolName": tool}}));
    Event { wire: Wire::Gateway, event, client_context }
}

/// Sends an event and reads the body.
async fn answer(event: Event) -> Value {
    body(event.wire, &send(&service(), &event).await)
}

#[tokio::test]
async fn gateway_arguments_that_imitate_another_wire_stay_gateway() {
    let imitations = [
        agents(json!({"function": "act", "what": "who", "sessionAttributes": {"customerId": "CUST-9"}})),
        agents(json!({"apiPath": "/act", "httpMethod": "POST", "what": "who"})),
        json!({"toolName": "act", "toolInput": {"what": "who"}, "what": "who"}),
    ];
    for imitation in imitations {
        let reply = send(&service(), &gateway("kit___act", imitation)).await;
        assert_eq!(reply.as_object().unwrap().len(), 1, "not a bare result: {reply}");
        assert!(problems(&reply).iter().any(|problem| problem.contains("no such field")), "{reply}");
    }
}

#[tokio::test]
async fn any_key_of_the_gateway_s_means_gateway_and_without_a_tool_it_is_a_function_error() {
    let contexts = [
        json!({"custom": {"bedrockAgentCoreGatewayId": "g"}}),
        json!({"custom": {"bedrockAgentCorePropagatedHeaders": {"x-customer": "CUST-1"}}}),
        json!({"custom": {"BEDROCKAGENTCOREtoolname": "kit___act"}}),
        json!({"custom": {"bedrockAgentCoreToolName": null}}),
        json!({"custom": {"bedrockAgentCoreToolName": ["kit___act"]}}),
        json!({"custom": {"bedrockAgentCoreToolName": 7, "x": "y"}}),
        json!({"custom": [{"bedrockAgentCoreToolName": "kit___act"}]}),
        json!({"custom": "{\"bedrockAgentCoreToolName\": \"kit___act\"}"}),
        json!({"Custom": {"bedrockAgentCoreToolName": "kit___act"}}),
        json!({"env": {"bedrockAgentCoreToolName": "kit___act"}}),
        json!({"bedrockAgentCoreToolName": "kit___act"}),
        json!("{\"custom\": {\"bedrockAgentCoreToolName\": \"kit___act\"}}"),
        json!([{"custom": {"bedrockAgentCoreMessageVersion": "1.0"}}]),
    ];
    for client_context in contexts {
        for wire in Wire::ALL {
            let (service, state) = counted();
            let event = event(wire, "act", json!({"what": "who"})).event;
            let error = service.handle(event, &testing::context(Some(&client_context))).await;
            let error = error.expect_err(&client_context.to_string());
            assert_eq!(error.error_type(), "Toolgate.UnreadableClientContext", "{wire} {client_context}");
            assert_eq!(Diagnostic::from(error).error_type, "Toolgate.UnreadableClientContext");
            assert_eq!(state.ran(), 0);
        }
    }
}

#[tokio::test]
async fn function_comes_before_api_and_api_before_direct() {
    let everything = json!({
        "function": "act", "apiPath": "/act", "httpMethod": "POST", "toolName": "act", "toolInput": {"what": "direct"},
        "parameters": [{"name": "what", "value": "agents"}],
    });
    let mut event = agents(everything);
    let reply = send(&service(), &plain(Wire::Function, event.clone())).await;
    assert_eq!(reply["response"]["function"], "act");
    assert_eq!(body(Wire::Function, &reply), json!({"text": "agents"}));

    event.as_object_mut().unwrap().remove("function");
    let reply = send(&service(), &plain(Wire::Api, event.clone())).await;
    assert_eq!(reply["response"]["apiPath"], "/act");
    assert_eq!(body(Wire::Api, &reply), json!({"text": "agents"}));

    event.as_object_mut().unwrap().remove("httpMethod");
    assert_eq!(answer(plain(Wire::Direct, event)).await, json!({"text": "direct"}));
}

#[tokio::test]
async fn every_wire_has_its_success_reply() {
    let expected = |wire, reply: &Value| {
        let text = r#"{"text":"hello"}"#;
        let attributes = (json!({"customerId": "CUST-1"}), json!({"p": "1"}));
        let envelope = |response| {
            json!({"messageVersion": "1.0", "response": response,
                   "sessionAttributes": attributes.0, "promptSessionAttributes": attributes.1})
        };
        match wire {
            Wire::Function => envelope(json!({
                "actionGroup": "kit", "function": "act",
                "functionResponse": {"responseBody": {"TEXT": {"body": text}}},
            })),
            Wire::Api => envelope(json!({
                "actionGroup": "kit", "apiPath": "/act", "httpMethod": "POST", "httpStatusCode": 200,
                "responseBody": {"application/json": {"body": text}},
            })),
            Wire::Gateway => json!({"text": "hello"}),
            Wire::Mcp => {
                let result = json!({
                    "resultType": "complete", "isError": false, "content": [{"type": "text", "text": text}],
                    "structuredContent": {"text": "hello"},
                    "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "kit", "version": "0"}},
                });
                assert_eq!(message(reply), json!({"jsonrpc": "2.0", "id": 7, "result": result}));
                let body = &reply["body"];
                let headers = json!({"content-type": "application/json"});
                json!({"statusCode": 200, "headers": headers, "body": body, "cookies": [], "isBase64Encoded": false})
            }
            _ => json!({"statusCode": 200, "body": text}),
        }
    };
    for wire in Wire::ALL {
        let reply = send(&service(), &event(wire, "act", json!({"what": "hello"}))).await;
        assert_eq!(reply, expected(wire, &reply), "{wire}");
    }
}

#[tokio::test]
async fn every_wire_has_its_error_reply() {
    let wrong = json!({"error": {"kind": "conflict", "message": "that has changed", "problems": []}});
    for wire in Wire::ALL {
        let reply = send(&service(), &event(wire, "act", json!({"what": "conflict"}))).await;
        assert_eq!(body(wire, &reply), wrong, "{wire}");
        match wire {
            Wire::Function => {
                let response = reply["response"].as_object().unwrap();
                assert_eq!(response.keys().collect::<Vec<_>>(), ["actionGroup", "function", "functionResponse"]);
                assert_eq!(response["functionResponse"].as_object().unwrap().len(), 1, "no state: {reply}");
            }
            Wire::Api => assert_eq!(reply["response"]["httpStatusCode"], 409),
            Wire::Gateway => assert_eq!(reply, wrong),
            Wire::Mcp => assert_eq!(reply["statusCode"], 200),
            _ => assert_eq!(reply["statusCode"], 409),
        }
    }
}

#[tokio::test]
async fn what_came_is_echoed_exactly() {
    for method in ["POST", "post", "Post"] {
        let mut event = event(Wire::Api, "act", json!({"what": "hello"}));
        event.event["httpMethod"] = method.into();
        event.event["actionGroup"] = "Grüße-1".into();
        let reply = send(&service(), &event).await;
        assert_eq!(reply["response"]["httpMethod"], method);
        assert_eq!(reply["response"]["actionGroup"], "Grüße-1");
        assert_eq!(reply["response"]["httpStatusCode"], 200);
    }
    let reply = send(&service(), &event(Wire::Function, "no_such", json!({}))).await;
    assert_eq!(reply["response"]["function"], "no_such");
    assert_eq!(reply["response"]["functionResponse"]["responseState"], "REPROMPT");
}

#[tokio::test]
async fn another_method_is_another_operation_and_there_is_none() {
    for method in ["GET", "put", ""] {
        let mut event = event(Wire::Api, "act", json!({"what": "hello"}));
        event.event["httpMethod"] = method.into();
        let reply = send(&service(), &event).await;
        assert_eq!(reply["response"]["httpStatusCode"], 404, "{method}");
        assert_eq!(reply["response"]["httpMethod"], method);
        assert_eq!(error(&body(Wire::Api, &reply))["kind"], "unknown tool");
    }
}

#[tokio::test]
async fn parameters_and_body_feed_one_input() {
    let event = agents(json!({
        "apiPath": "/take_order", "httpMethod": "POST",
        "parameters": [{"name": "orderId", "type": "string", "value": "O-1"}],
        "requestBody": {"content": {
            "application/json": {"properties": [{"name": "quantity", "type": "integer", "value": "2"}]},
            "text/other": {"properties": [{"name": "express", "type": "boolean", "value": "true"}]},
        }},
    }));
    let body = answer(plain(Wire::Api, event)).await;
    assert_eq!((&body["orderId"], &body["quantity"], &body["express"]), (&json!("O-1"), &json!(2), &json!(true)));
}

#[tokio::test]
async fn the_same_name_twice_is_fine_only_with_the_same_value() {
    let twice = |first: Value, second: Value| {
        plain(
            Wire::Api,
            agents(json!({
                "apiPath": "/act", "httpMethod": "POST", "parameters": [{"name": "what", "value": first}],
                "requestBody": {"content": {"application/json": {"properties": [{"name": "what", "value": second}]}}},
            })),
        )
    };
    assert_eq!(answer(twice(json!("a"), json!("a"))).await, json!({"text": "a"}));
    assert_eq!(answer(twice(json!("7"), json!(7))).await, json!({"text": "7"}));
    let reply = answer(twice(json!("a"), json!("b"))).await;
    assert_eq!(problems(&reply), ["what: one value, got two different values"]);
}

#[tokio::test]
async fn native_values_and_parameters_without_a_type_are_read() {
    let parameters = json!([
        {"name": "orderId", "value": 7}, {"name": "quantity", "value": 2}, {"name": "express", "value": true},
        {"name": "counts", "type": "string", "value": [1, "2"]}, {"name": "address", "value": {"city": "Oslo"}},
        {"name": "email", "value": null}, {"name": "tags"},
    ]);
    let body = answer(plain(Wire::Function, agents(json!({"function": "take_order", "parameters": parameters})))).await;
    assert_eq!(
        body,
        json!({"orderId": "7", "quantity": 2, "express": true, "counts": [1, 2], "address": {"city": "Oslo", "street": null},
               "secrets": [{"shown": "a"}, {"shown": "b"}]})
    );
}

#[tokio::test]
async fn the_type_that_an_event_claims_plays_no_part() {
    let parameters = json!([
        {"name": "orderId", "type": "integer", "value": "007"}, {"name": "quantity", "type": "array", "value": "2"},
    ]);
    let body = answer(plain(Wire::Function, agents(json!({"function": "take_order", "parameters": parameters})))).await;
    assert_eq!((&body["orderId"], &body["quantity"]), (&json!("007"), &json!(2)));
}

#[tokio::test]
async fn objects_of_the_migration_shim_are_lists_of_named_values() {
    let city = json!({"name": "city", "type": "string", "value": "Oslo"});
    let line = json!([{"name": "itemName", "type": "string", "value": "cup"}, {"name": "quantity", "type": "integer", "value": 2}]);
    let order = json!({"name": "orderId", "type": "string", "value": "O-1"});
    let with = |more: Value| {
        let parameters = json!([order, more]);
        plain(Wire::Function, agents(json!({"function": "take_order", "parameters": parameters})))
    };
    let body = answer(with(json!({"name": "address", "type": "object", "value": [city]}))).await;
    assert_eq!(body["address"]["city"], "Oslo");
    let body = answer(with(json!({"name": "lines", "type": "array", "value": [line]}))).await;
    assert_eq!(body["lines"], json!([{"itemName": "cup", "quantity": 2}]));
    let other = json!({"name": "city", "type": "string", "value": "Rome"});
    let body = answer(with(json!({"name": "address", "type": "object", "value": [city, other]}))).await;
    assert_eq!(problems(&body), ["address.city: one value, got two different values"]);
}

#[tokio::test]
async fn an_unreadable_call_in_a_readable_envelope_gets_a_normal_reply() {
    let function =
        |parameters: Value| plain(Wire::Function, agents(json!({"function": "act", "parameters": parameters})));
    let api =
        |body: Value| plain(Wire::Api, agents(json!({"apiPath": "/act", "httpMethod": "POST", "requestBody": body})));
    let unreadable = [
        function(json!("what=hello")),
        function(json!({"what": "hello"})),
        function(json!(["hello"])),
        function(json!([{"value": "hello"}])),
        function(json!([{"name": 7, "value": "hello"}])),
        api(json!("hello")),
        api(json!({"content": []})),
        api(json!({"content": {"application/json": "hello"}})),
        api(json!({"content": {"application/json": {"properties": {"what": "hello"}}}})),
        plain(Wire::Direct, json!({"toolName": "act", "toolInput": "hello"})),
        plain(Wire::Direct, json!({"toolName": "act", "toolInput": ["hello"]})),
        gateway("kit___act", json!(["hello"])),
        gateway("kit___act", json!("hello")),
    ];
    for event in unreadable {
        let shown = event.event.to_string();
        let body = answer(event).await;
        assert_eq!(error(&body)["kind"], "invalid", "{shown}");
        assert!(error(&body)["message"].as_str().unwrap().contains("must be"), "{body}");
    }
}

#[tokio::test]
async fn no_arguments_at_all_are_an_empty_input() {
    let missing = ["what: text, got missing"];
    for parameters in [json!({}), json!({"parameters": null}), json!({"parameters": []})] {
        let mut event = agents(parameters);
        event["function"] = "act".into();
        assert_eq!(problems(&answer(plain(Wire::Function, event.clone())).await), missing);
        event.as_object_mut().unwrap().remove("function");
        for body in [json!(null), json!({}), json!({"content": null}), json!({"content": {"application/json": {}}})] {
            let mut event = event.clone();
            event["apiPath"] = "/act".into();
            event["httpMethod"] = "POST".into();
            event["requestBody"] = body;
            assert_eq!(problems(&answer(plain(Wire::Api, event)).await), missing);
        }
    }
    assert_eq!(problems(&answer(plain(Wire::Direct, json!({"toolName": "act"}))).await), missing);
    assert_eq!(problems(&answer(gateway("kit___act", Value::Null)).await), missing);
}

#[tokio::test]
async fn what_is_no_wire_is_an_error_with_a_stable_type() {
    let version = json!({"messageVersion": "1.0"});
    let no_wire = [
        json!(null),
        json!([]),
        json!("act"),
        json!(7),
        json!({}),
        version,
        json!({"toolName": 7}),
        json!({"actionGroup": "kit", "function": "act"}),
        json!({"messageVersion": "1.0", "actionGroup": 7, "function": "act"}),
        json!({"messageVersion": "1.0", "actionGroup": "kit", "apiPath": "/act"}),
        json!({"what": "hello"}),
    ];
    for event in no_wire {
        let shown = event.to_string();
        let error = service().handle(event, &testing::context(None)).await.expect_err(&shown);
        let diagnostic = Diagnostic::from(error);
        assert_eq!(diagnostic.error_type, "Toolgate.UnknownEvent");
        assert_eq!(diagnostic.error_type, UnknownEvent::TYPE);
        assert!(diagnostic.error_message.contains("toolName"));
    }
}

#[tokio::test]
async fn an_unknown_tool_gets_the_nearest_name_on_every_wire() {
    for wire in Wire::ALL {
        let near = call(wire, "takeOrders", json!({})).await;
        assert_eq!(error(&near)["kind"], "unknown tool");
        assert_eq!(error(&near)["message"], "unknown tool; did you mean `take_order`?");
        let far = call(wire, "zzz", json!({})).await;
        assert_eq!(
            error(&far)["message"],
            "unknown tool; the tools are `act`, `act_confirmed`, `act_once`, `take_order`, `update`"
        );
    }
}

#[tokio::test]
async fn the_gateway_s_target_name_ends_at_the_first_border() {
    for name in ["kit___act", "other-target___act", "act"] {
        assert_eq!(answer(gateway(name, json!({"what": "hello"}))).await, json!({"text": "hello"}), "{name}");
    }
    for name in ["kit___act___act", "kit___", "kit__act", ""] {
        assert_eq!(error(&answer(gateway(name, json!({"what": "hello"}))).await)["kind"], "unknown tool", "{name}");
    }
}

#[tokio::test]
async fn a_service_can_be_limited_to_some_wires() {
    for allowed in Wire::ALL {
        let service = service().wires([allowed]);
        for wire in Wire::ALL {
            let reply = body(wire, &send(&service, &event(wire, "act", json!({"what": "hello"}))).await);
            if wire == allowed {
                assert_eq!(reply, json!({"text": "hello"}));
            } else {
                assert_eq!(error(&reply)["kind"], "refused");
                assert_eq!(error(&reply)["message"], format!("this function does not accept calls on the {wire} wire"));
            }
        }
    }
}

#[tokio::test]
async fn the_service_is_a_tower_service() {
    use lambda_runtime::LambdaEvent;
    let event = LambdaEvent::new(json!({"toolName": "act", "toolInput": {"what": "hello"}}), testing::context(None));
    let mut service = service();
    let reply = tower::Service::call(&mut service, event).await.unwrap();
    assert_eq!(reply["statusCode"], 200);
}
