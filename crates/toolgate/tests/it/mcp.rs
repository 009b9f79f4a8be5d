//! The mcp wire as a client sees it: both protocols, the list of tools, calls and the metadata.

use serde_json::{Value, json};
use toolgate::{Confirm, McpSettings, Once, Router, Service, Tool, Wire, key, testing};

use super::kit::{self, State, http, in_body, message, rpc, send, service};

const SERVER: &str = "io.modelcontextprotocol/serverInfo";

pub(super) async fn reply(service: &Service<State>, event: Value) -> Value {
    send(service, &kit::Event { wire: Wire::Mcp, event, client_context: None }).await
}

/// The result of a modern request.
async fn result(method: &str, params: Value) -> Value {
    let reply = reply(&service(), http(&rpc(method, params))).await;
    assert_eq!(reply["statusCode"], 200, "{reply}");
    assert_eq!(reply["headers"], json!({"content-type": "application/json"}));
    let message = message(&reply);
    assert_eq!((&message["jsonrpc"], &message["id"]), (&json!("2.0"), &json!(7)));
    message["result"].clone()
}

/// A request of an older client, with the header of its version.
pub(super) fn legacy(version: Option<&str>, method: &str, params: Value) -> Value {
    let mut event = http(&json!({"jsonrpc": "2.0", "id": "a", "method": method, "params": params}));
    let headers = event["headers"].as_object_mut().unwrap();
    for name in ["mcp-protocol-version", "mcp-method", "mcp-name"] {
        headers.remove(name);
    }
    headers.extend(version.map(|version| ("mcp-protocol-version".to_owned(), version.into())));
    event
}

#[tokio::test]
async fn a_client_discovers_the_server() {
    let found = result("server/discover", json!({})).await;
    assert_eq!(
        found,
        json!({
            "resultType": "complete", "supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}},
            "instructions": "Tools for tests.", "ttlMs": 300_000, "cacheScope": "private",
            "_meta": {SERVER: {"name": "kit", "version": "0"}},
        })
    );
}

#[tokio::test]
async fn tools_are_listed_by_name_with_full_schemas() {
    let list = result("tools/list", json!({})).await;
    assert_eq!((&list["ttlMs"], &list["cacheScope"]), (&json!(300_000), &json!("private")));
    assert_eq!(list.get("nextCursor"), None);
    let tools = list["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["act", "act_confirmed", "act_once", "take_order", "update"]);
    let order = &tools[3];
    assert_eq!(order["description"], "Take an order.");
    assert_eq!(order["inputSchema"]["properties"]["quantity"]["maximum"], 5);
    assert_eq!(order["inputSchema"]["required"], json!(["orderId"]));
    assert_eq!(order["inputSchema"].get("description"), None);
    assert_eq!(order["outputSchema"]["type"], "object");
    let text = order["outputSchema"].to_string();
    assert!(text.contains("shown") && !text.contains("hidden") && !text.contains("internalNote"), "{text}");
    assert_eq!(list, result("tools/list", json!({"cursor": null})).await, "the order is stable");
}

#[tokio::test]
async fn hints_follow_from_the_declaration() {
    let tool = |name: &str| Tool::new(name, kit::act);
    let router = Router::<State>::builder()
        .group("kit")
        .allow_anonymous_mcp()
        .tool(tool("cached").cache(toolgate::Cache::shared(toolgate::minutes(1))).expose_all())
        .tool(tool("reads").read_only().title("Read it").expose_all())
        .tool(tool("plain").expose_all())
        .tool(tool("adds").additive().expose_all())
        .tool(tool("asks").confirm(Confirm::default()).expose_all())
        .tool(tool("asks_and_adds").confirm(Confirm::default()).additive().expose_all())
        .tool(Tool::new("once", kit::act_once).once(Once::by(|input: &kit::Act| key(&input.what))).expose_all());
    let service = router.build().unwrap().with_state(State::default()).wires([Wire::Mcp]);
    let list = message(&reply(&service, http(&rpc("tools/list", json!({})))).await)["result"].clone();
    assert_eq!(list["cacheScope"], "public");
    let hints = |name: &str| {
        let tool = list["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == name).unwrap();
        tool["annotations"].clone()
    };
    assert_eq!(hints("cached"), json!({"readOnlyHint": true}));
    assert_eq!(hints("reads"), json!({"readOnlyHint": true}));
    assert_eq!(
        list["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "reads").unwrap()["title"],
        "Read it"
    );
    assert_eq!(hints("plain"), json!({"readOnlyHint": false, "idempotentHint": false}));
    assert_eq!(hints("adds"), json!({"readOnlyHint": false, "idempotentHint": false, "destructiveHint": false}));
    assert_eq!(hints("asks"), json!({"readOnlyHint": false, "idempotentHint": false, "destructiveHint": true}));
    assert_eq!(hints("asks_and_adds")["destructiveHint"], false);
    assert_eq!(hints("once"), json!({"readOnlyHint": false, "idempotentHint": true}));
}

#[test]
fn hints_that_contradict_are_build_errors() {
    let tool = |name: &str| Tool::new(name, kit::act).expose_all();
    let built = Router::<State>::builder()
        .group("kit")
        .identity_claim("sub", "customerId")
        .tool(tool("a").read_only().confirm(Confirm::default()))
        .tool(tool("b").read_only().additive())
        .build();
    let errors: Vec<_> = built.unwrap_err().messages().collect();
    assert!(errors[0].contains("a claim sets `customerId`, which `.identity([..])` does not name"), "{errors:?}");
    assert!(errors[1].contains("`.read_only()` is for tools without an effect"), "{errors:?}");
    assert!(errors[2].contains("`.additive()` describes an effect"), "{errors:?}");
}

#[tokio::test]
async fn a_call_is_answered_with_its_output_and_the_same_as_text() {
    let called = result("tools/call", json!({"name": "act", "arguments": {"what": "hello"}})).await;
    assert_eq!(called["structuredContent"], json!({"text": "hello"}));
    assert_eq!(called["content"], json!([{"type": "text", "text": r#"{"text":"hello"}"#}]));
    assert_eq!((&called["isError"], &called["resultType"]), (&json!(false), &json!("complete")));
    let failed = result("tools/call", json!({"name": "act", "arguments": {"what": "conflict"}})).await;
    assert_eq!(failed["isError"], true);
    assert_eq!(failed.get("structuredContent"), None);
    assert!(failed["content"][0]["text"].as_str().unwrap().starts_with(r#"{"error":{"kind":"conflict""#));
}

#[tokio::test]
async fn a_body_in_base64_and_a_name_in_base64_are_read() {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let mut event = http(&rpc("tools/call", json!({"name": "act", "arguments": {"what": "hello"}})));
    event["body"] = BASE64_STANDARD.encode(event["body"].as_str().unwrap()).into();
    event["isBase64Encoded"] = true.into();
    event["headers"]["mcp-name"] = format!("=?base64?{}?=", BASE64_STANDARD.encode("act")).into();
    let reply = reply(&service(), event).await;
    assert_eq!(message(&reply)["result"]["structuredContent"], json!({"text": "hello"}), "{reply}");
}

#[tokio::test]
async fn older_clients_agree_on_a_version_and_get_results_of_their_protocol() {
    for (asked, given) in [
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2024-11-05", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("", "2025-11-25"),
    ] {
        let params = json!({"protocolVersion": asked, "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}});
        let reply = reply(&service(), legacy(None, "initialize", params)).await;
        let result = &message(&reply)["result"];
        assert_eq!(result["protocolVersion"], given, "{asked}");
        assert_eq!(result["serverInfo"], json!({"name": "kit", "version": "0"}));
        assert_eq!((result.get("resultType"), result.get("_meta")), (None, None));
    }
    for version in [None, Some("2025-03-26"), Some("2025-06-18"), Some("2025-11-25")] {
        let service = service();
        let mut noted = legacy(version, "notifications/initialized", json!({}));
        in_body(&mut noted, |message| {
            message.as_object_mut().unwrap().remove("id");
        });
        let noted = reply(&service, noted).await;
        assert_eq!((&noted["statusCode"], &noted["body"]), (&json!(202), &json!("")));
        let ping = reply(&service, legacy(version, "ping", json!({}))).await;
        assert_eq!(message(&ping), json!({"jsonrpc": "2.0", "id": "a", "result": {}}));
        let list = message(&reply(&service, legacy(version, "tools/list", json!({}))).await)["result"].clone();
        assert_eq!(list.as_object().unwrap().keys().collect::<Vec<_>>(), ["tools"]);
        let params = json!({"name": "act", "arguments": {"what": "hello"}});
        let call = message(&reply(&service, legacy(version, "tools/call", params)).await)["result"].clone();
        let expected = json!({
            "content": [{"type": "text", "text": r#"{"text":"hello"}"#}], "structuredContent": {"text": "hello"},
            "isError": false,
        });
        assert_eq!(call, expected);
    }
}

#[tokio::test]
async fn an_output_that_is_text_is_sent_as_it_is() {
    async fn say(input: kit::Act) -> Result<String, toolgate::ToolError> {
        Ok(input.what)
    }
    let router = Router::<State>::builder().group("kit").tool(Tool::new("say", say).expose_all());
    let service = router.build().unwrap().with_state(State::default()).wires([Wire::Mcp]);
    let params = json!({"name": "say", "arguments": {"what": "hello"}});
    let modern = message(&reply(&service, http(&rpc("tools/call", params.clone()))).await)["result"].clone();
    assert_eq!((&modern["content"][0]["text"], &modern["structuredContent"]), (&json!("hello"), &json!("hello")));
    let older = message(&reply(&service, legacy(None, "tools/call", params)).await)["result"].clone();
    assert_eq!((&older["content"][0]["text"], older.get("structuredContent")), (&json!("hello"), None));
    let list = message(&reply(&service, legacy(None, "tools/list", json!({}))).await)["result"]["tools"].clone();
    assert_eq!(list[0].get("outputSchema"), None, "older protocols describe objects only");
}

#[tokio::test]
async fn a_reply_never_exceeds_what_lambda_takes() {
    async fn much(input: kit::Act) -> Result<String, toolgate::ToolError> {
        Ok("\"".repeat(input.what.parse().unwrap()))
    }
    let tool = Tool::new("much", much).max_reply(20_000_000).expose_all();
    let service = Router::<State>::builder().group("kit").tool(tool).build().unwrap();
    let service = service.with_state(State::default()).wires([Wire::Mcp]);
    for (length, fits) in [(1_000, true), (500_000, true), (2_000_000, false), (6_000_000, false)] {
        let params = json!({"name": "much", "arguments": {"what": length.to_string()}});
        let reply = reply(&service, http(&rpc("tools/call", params))).await;
        assert!(serde_json::to_string(&reply).unwrap().len() <= 6 * 1024 * 1024, "{length}");
        assert_eq!(message(&reply)["result"]["isError"], !fits, "{length}");
    }
}

#[tokio::test]
async fn the_metadata_of_the_resource_is_found_with_and_without_the_path() {
    let settings = McpSettings::default().issuers(["https://login.example"]).scopes(["tools"]);
    let serving = |settings| service().mcp(settings);
    let get = |path: &str| {
        let mut event = http(&json!({}));
        event["rawPath"] = path.into();
        event["requestContext"]["http"]["method"] = "GET".into();
        event["requestContext"].as_object_mut().unwrap().remove("authorizer");
        event
    };
    for (path, resource) in [
        ("/.well-known/oauth-protected-resource", "https://tools.example"),
        ("/.well-known/oauth-protected-resource/mcp", "https://tools.example/mcp"),
        ("/prod/.well-known/oauth-protected-resource/mcp", "https://tools.example/prod/mcp"),
    ] {
        let found = reply(&serving(settings.clone()), get(path)).await;
        let metadata = json!({
            "resource": resource, "authorization_servers": ["https://login.example"], "scopes_supported": ["tools"],
            "bearer_methods_supported": ["header"],
        });
        assert_eq!((&found["statusCode"], message(&found)), (&json!(200), metadata), "{path}");
        assert_eq!(reply(&service(), get(path)).await["statusCode"], 405, "no issuer is named");
        let unnamed = serving(settings.clone()).wires([Wire::Gateway]);
        assert_eq!(reply(&unnamed, get(path)).await["statusCode"], 405, "the wire is not named");
    }
    let named = serving(settings.clone().resource("https://api.example/tools"));
    let found = reply(&named, get("/.well-known/oauth-protected-resource")).await;
    assert_eq!(message(&found)["resource"], "https://api.example/tools");

    let mut event = http(&rpc("tools/list", json!({})));
    event["requestContext"].as_object_mut().unwrap().remove("authorizer");
    let refused = reply(&serving(settings), event).await;
    let challenge = r#"Bearer resource_metadata="https://tools.example/.well-known/oauth-protected-resource/mcp""#;
    assert_eq!((&refused["statusCode"], &refused["headers"]["www-authenticate"]), (&json!(401), &json!(challenge)));
}

#[tokio::test]
async fn a_test_calls_the_wire_in_one_line() {
    let router = kit::router();
    let service = router.with_state(State::default());
    let call = || testing::call(&service, "act", json!({"what": "who"})).on(Wire::Mcp);
    call().identity("customerId", "CUST-2").await.assert_ok(json!({"text": "CUST-2 none"}));
    call().await.assert_error("refused");
    testing::call(&service, "act", json!({"what": "conflict"}))
        .on(Wire::Mcp)
        .identity("customerId", "CUST-2")
        .await
        .assert_error("conflict");
}
