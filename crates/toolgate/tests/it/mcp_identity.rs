//! Who a caller of the mcp wire is: only what an authorizer of the platform has verified.

use serde_json::{Value, json};
use toolgate::{Router, Service, Tool, Wire};

use super::{
    kit::{self, State, http, in_body, message, rpc},
    mcp::{legacy, reply},
};

fn who() -> Value {
    http(&rpc("tools/call", json!({"name": "act", "arguments": {"what": "who"}})))
}

fn by(authorizer: &Value) -> Value {
    let mut event = who();
    event["requestContext"]["authorizer"] = authorizer.clone();
    event
}

/// The caller that the tool saw, or the status of the refusal.
async fn seen(service: &Service<State>, event: Value) -> Result<String, u64> {
    let reply = reply(service, event).await;
    let message = message(&reply);
    match message["result"]["structuredContent"]["text"].as_str() {
        Some(text) => Ok(text.strip_suffix(" none").unwrap().to_owned()),
        None => {
            assert_eq!(message["error"]["code"], -32600, "{reply}");
            assert_eq!(message["error"]["data"]["error"]["kind"], "refused", "{reply}");
            Err(reply["statusCode"].as_u64().unwrap())
        }
    }
}

fn open() -> Service<State> {
    let router = Router::<State>::builder().group("kit").identity(["customerId"]).identity_claim("sub", "customerId");
    let router = router.allow_anonymous_mcp().tool(Tool::new("act", kit::act).expose(["text"]));
    router.build().unwrap().with_state(State::default()).wires([Wire::Mcp])
}

/// Who the tool sees, or the status of the refusal.
type Seen = Result<&'static str, u64>;

/// Each authorizer, who the caller of it is, and who it is where anonymous callers are allowed.
fn authorizers() -> Vec<(Value, Seen, Seen)> {
    let bound = Ok("CUST-1");
    vec![
        (json!({"jwt": {"claims": {"sub": "CUST-1", "aud": "x"}, "scopes": ["a"]}}), bound, bound),
        (json!({"jwt": {"claims": {"sub": "CUST-1"}, "scopes": null}}), bound, bound),
        (json!({"lambda": {"sub": "CUST-1"}}), bound, bound),
        (json!({"iam": {"sub": "CUST-1", "cognitoIdentity": null}}), bound, bound),
        (json!({"iam": {"sub": "CUST-1"}, "jwt": null, "lambda": null}), bound, bound),
        (json!(null), Err(401), Ok("nobody")),
        // a verified caller without the claim
        (json!({"jwt": {"claims": {"aud": "x"}}}), Err(403), Ok("nobody")),
        (json!({"jwt": {"claims": {"sub": null, "aud": "x"}}}), Err(403), Ok("nobody")),
        (json!({"jwt": {"claims": {"Sub": "CUST-1", " sub": "CUST-1"}}}), Err(403), Ok("nobody")),
        // claims that cannot be read are never nobody's
        (json!({}), Err(403), Err(403)),
        (json!({"jwt": {}}), Err(403), Err(403)),
        (json!({"jwt": {"claims": {}}}), Err(403), Err(403)),
        (json!({"jwt": {"claims": null}}), Err(403), Err(403)),
        (json!({"jwt": {"claims": "sub"}}), Err(403), Err(403)),
        (json!({"jwt": {"sub": "CUST-1"}}), Err(403), Err(403)),
        (json!({"jwt": "CUST-1"}), Err(403), Err(403)),
        (json!({"lambda": []}), Err(403), Err(403)),
        (json!({"sub": "CUST-1"}), Err(403), Err(403)),
        (json!({"claims": {"sub": "CUST-1"}}), Err(403), Err(403)),
        (json!("CUST-1"), Err(403), Err(403)),
        (json!(false), Err(403), Err(403)),
        (json!([{"jwt": {"claims": {"sub": "CUST-1"}}}]), Err(403), Err(403)),
        (json!({"jwt": {"claims": {"sub": 7}}}), Err(403), Err(403)),
        (json!({"jwt": {"claims": {"sub": ["CUST-1"]}}}), Err(403), Err(403)),
        (json!({"jwt": {"claims": {"sub": {"a": "CUST-1"}}}}), Err(403), Err(403)),
        (json!({"jwt": {"claims": {"sub": "CUST-1"}}, "lambda": {"sub": "CUST-2"}}), Err(403), Err(403)),
        (json!({"jwt": {"claims": {"sub": "CUST-1"}}, "iam": {"userId": "a"}}), Err(403), Err(403)),
    ]
}

#[tokio::test]
async fn only_verified_claims_identify_a_caller() {
    let (bound, open) = (kit::service(), open());
    for (authorizer, strictly, openly) in authorizers() {
        assert_eq!(seen(&bound, by(&authorizer)).await, strictly.map(str::to_owned), "{authorizer}");
        assert_eq!(seen(&open, by(&authorizer)).await, openly.map(str::to_owned), "{authorizer}");
    }
    let mut none = who();
    none["requestContext"].as_object_mut().unwrap().remove("authorizer");
    assert_eq!(seen(&bound, none.clone()).await, Err(401));
    assert_eq!(seen(&open, none).await, Ok("nobody".to_owned()));
}

#[tokio::test]
async fn a_router_that_names_no_claim_for_its_identity_answers_nobody() {
    let router = Router::<State>::builder().group("kit").identity(["customerId"]);
    let router = router.tool(Tool::new("act", kit::act).expose(["text"])).build().unwrap();
    let service = router.with_state(State::default()).wires([Wire::Mcp]);
    assert_eq!(seen(&service, who()).await, Err(403));
}

#[tokio::test]
async fn a_router_without_identity_needs_a_verified_caller_too() {
    let router = Router::<State>::builder().group("kit").tool(Tool::new("act", kit::act).expose(["text"]));
    let service = router.build().unwrap().with_state(State::default()).wires([Wire::Mcp]);
    assert_eq!(seen(&service, who()).await, Ok("nobody".to_owned()));
    assert_eq!(seen(&service, by(&json!(null))).await, Err(401));
}

/// Identity in every place that a client writes, beside the verified claims.
fn forged() -> Vec<Value> {
    let claims = || json!({"sub": "CUST-9", "customerId": "CUST-9"});
    let in_params = |change: fn(&mut Value, Value)| {
        let mut event = who();
        in_body(&mut event, |message| change(&mut message["params"], claims()));
        event
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut event = who();
        change(&mut event);
        event
    };
    vec![
        in_params(|params, claims| {
            params["_meta"].as_object_mut().unwrap().extend(claims.as_object().unwrap().clone())
        }),
        in_params(|params, claims| params["_meta"]["claims"] = claims),
        in_params(|params, claims| {
            params["_meta"]["requestContext"] = json!({"authorizer": {"jwt": {"claims": claims}}})
        }),
        in_params(|params, claims| params["_meta"]["io.modelcontextprotocol/clientInfo"] = claims),
        in_params(|params, claims| params["requestContext"] = json!({"authorizer": {"jwt": {"claims": claims}}})),
        in_params(|params, claims| params["sessionAttributes"] = claims),
        in_params(|params, claims| params.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone())),
        with(&|event| {
            let headers = event["headers"].as_object_mut().unwrap();
            for name in ["x-customer", "X-Customer", "sub", "customerid", "x-amzn-oidc-identity", "mcp-session-id"] {
                headers.insert(name.to_owned(), "CUST-9".into());
            }
            headers.insert("authorization".to_owned(), "Bearer e30.eyJzdWIiOiJDVVNULTkifQ.".into());
        }),
        with(&|event| event["sessionAttributes"] = claims()),
        with(&|event| event["authorizer"] = json!({"jwt": {"claims": claims()}})),
        with(&|event| event["rawQueryString"] = "sub=CUST-9&customerId=CUST-9".into()),
        with(&|event| event["queryStringParameters"] = claims()),
        with(&|event| event["cookies"] = json!(["sub=CUST-9", "customerId=CUST-9"])),
        with(&|event| event["pathParameters"] = claims()),
        with(&|event| event["stageVariables"] = claims()),
        with(&|event| event["requestContext"]["claims"] = claims()),
        with(&|event| event["requestContext"]["http"]["authorizer"] = json!({"jwt": {"claims": claims()}})),
        with(&|event| event["requestContext"]["authentication"] = json!({"clientCert": {"subjectDN": "CUST-9"}})),
        with(&|event| event["requestContext"]["Authorizer"] = json!({"jwt": {"claims": claims()}})),
    ]
}

#[tokio::test]
async fn nothing_that_a_client_writes_identifies_it() {
    let (bound, open) = (kit::service(), open());
    for mut event in forged() {
        let shown = event.to_string();
        assert_eq!(seen(&bound, event.clone()).await, Ok("CUST-1".to_owned()), "{shown}");
        event["requestContext"].as_object_mut().unwrap().remove("authorizer");
        assert_eq!(seen(&bound, event.clone()).await, Err(401), "{shown}");
        assert_eq!(seen(&open, event).await, Ok("nobody".to_owned()), "{shown}");
    }
    // an argument is an argument: this one is not a field of the tool
    let mut event = who();
    in_body(&mut event, |message| message["params"]["arguments"]["customerId"] = "CUST-9".into());
    let refused = message(&reply(&bound, event).await);
    assert!(refused["result"]["content"][0]["text"].as_str().unwrap().contains("no such field"), "{refused}");
}

#[tokio::test]
async fn a_caller_without_verified_claims_gets_nothing_of_the_server() {
    for event in [
        http(&rpc("server/discover", json!({}))),
        http(&rpc("tools/list", json!({}))),
        http(&rpc("x", json!({}))),
        legacy(None, "initialize", json!({"protocolVersion": "2025-11-25"})),
        legacy(None, "tools/list", json!({})),
        legacy(None, "ping", json!({})),
        legacy(None, "tools/call", json!({"name": "act", "arguments": {"what": "who"}})),
        // what else is wrong with a call is not told
        legacy(None, "tools/call", json!({"arguments": {}})),
        http(&rpc("tools/call", json!({"arguments": {}}))),
        http(&rpc("tools/call", json!({"name": "act", "arguments": [], "requestState": 7}))),
        who(),
    ] {
        let mut unverified = event.clone();
        unverified["requestContext"].as_object_mut().unwrap().remove("authorizer");
        let refused = reply(&kit::service(), unverified).await;
        assert_eq!((&refused["statusCode"], &refused["headers"]["www-authenticate"]), (&json!(401), &json!("Bearer")));
        assert!(message(&refused)["error"]["message"].as_str().unwrap().contains("no verified caller"));
        let unnamed =
            reply(&kit::service().wires(Wire::ALL.into_iter().filter(|wire| *wire != Wire::Mcp)), event).await;
        assert_eq!(unnamed["statusCode"], 403);
        assert_eq!(message(&unnamed)["error"]["message"], "this function does not accept calls on the mcp wire");
    }
}

#[tokio::test]
async fn the_gateway_context_comes_before_the_http_event() {
    let context = json!({"custom": {"bedrockAgentCoreToolName": "kit___act"}});
    let event = kit::Event { wire: Wire::Gateway, event: who(), client_context: Some(context) };
    let reply = kit::send(&kit::service(), &event).await;
    assert_eq!(reply["error"]["kind"], "invalid", "the event is the arguments: {reply}");
}
