//! Who calls: forged and foreign tokens, new keys, a provider that fails, and the application's backend.

use std::sync::{Arc, Mutex};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chat::{
    caller::{Authorization, Caller},
    door::Door,
    event::UrlEvent,
    keys::KeySource,
};
use serde_json::{Value, json};
use toolgate::Metrics;
use toolgate_token::Expected;

use crate::{
    desk::Desk,
    identity_provider::{Provider, now},
    requests::event,
};

fn by_token(provider: &Provider) -> Authorization {
    Authorization::Jwt {
        keys: Box::new(KeySource::new(&provider.discovery()).unwrap()),
        expected: Expected { audiences: vec!["desk".to_owned()], ..Expected::default() },
        claim: "customer_id".to_owned(),
    }
}

/// The caller, or the status of the refusal.
async fn caller(authorization: &Authorization, mut event: Value, header: Option<&str>) -> Result<Caller, u16> {
    if let Some(header) = header {
        event["headers"]["authorization"] = header.into();
    }
    let event = UrlEvent::read(event).unwrap();
    let asked = event.asked().unwrap();
    authorization.caller(&event, &asked).await.map_err(|refusal| refusal.status().as_u16())
}

fn text() -> Value {
    event(&json!({"text": "Hello"}))
}

#[tokio::test]
async fn a_token_says_who_the_customer_is() {
    let provider = Provider::start().await;
    let door = by_token(&provider);
    let token = provider.token(&json!({}));
    for header in [format!("Bearer {token}"), format!("bearer   {token} ")] {
        let caller = caller(&door, text(), Some(&header)).await.unwrap();
        assert_eq!((caller.customer.as_str(), caller.token.as_deref()), ("CUST-1", Some(token.as_str())));
        assert!(!format!("{caller:?}").contains("CUST-1"));
    }
    assert_eq!(provider.asked(), 1, "the keys are kept");
}

#[tokio::test]
async fn a_forged_or_foreign_token_is_refused() {
    let (provider, other) = (Provider::start().await, Provider::start().await);
    let door = by_token(&provider);
    let right = provider.token(&json!({}));
    let mut parts: Vec<&str> = right.split('.').collect();
    let claims =
        json!({"sub": "user-1", "iss": provider.address, "aud": "desk", "customer_id": "CUST-2", "exp": now() + 600});
    let forged = BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
    let unsigned = format!("{}.{forged}.", BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#));
    parts[1] = &forged;
    let changed = parts.join(".");
    for (header, status) in [
        (None, 401),
        (Some(String::new()), 401),
        (Some(right.clone()), 401),
        (Some(format!("Basic {right}")), 401),
        (Some("Bearer".to_owned()), 401),
        (Some("Bearer a.b.c".to_owned()), 401),
        (Some(format!("Bearer {changed}")), 401),
        (Some(format!("Bearer {unsigned}")), 401),
        (Some(format!("Bearer {right}, Bearer {right}")), 401),
        // the key of another provider with the same id, and its whole token
        (Some(format!("Bearer {}", other.token(&json!({"iss": provider.address})))), 401),
        (Some(format!("Bearer {}", other.token(&json!({})))), 401),
        (Some(format!("Bearer {}", provider.token(&json!({"iss": "https://other.example.com"})))), 401),
        (Some(format!("Bearer {}", provider.token(&json!({"aud": "other"})))), 401),
        (Some(format!("Bearer {}", provider.token(&json!({"aud": null})))), 401),
        (Some(format!("Bearer {}", provider.token(&json!({"exp": now() - 60})))), 401),
        (Some(format!("Bearer {}", provider.token(&json!({"nbf": now() + 60})))), 401),
        (Some(format!("Bearer {}", provider.token(&json!({"customer_id": null})))), 403),
        (Some(format!("Bearer {}", provider.token(&json!({"customer_id": ""})))), 403),
        (Some(format!("Bearer {}", provider.token(&json!({"customer_id": ["CUST-1"]})))), 403),
        (Some(format!("Bearer {}", provider.token(&json!({"customer_id": "CUST-1\n"})))), 403),
    ] {
        assert_eq!(caller(&door, text(), header.as_deref()).await, Err(status), "{header:?}");
    }
    // a body does not name the customer
    let body = event(&json!({"text": "Hello", "customerId": "CUST-1"}));
    assert_eq!(caller(&door, body, Some(&format!("Bearer {right}"))).await, Err(400));
    // neither does a signature of IAM
    let mut signed = text();
    signed["requestContext"]["authorizer"] = json!({"iam": {"userArn": "arn:aws:iam::123456789012:user/x"}});
    assert_eq!(caller(&door, signed, None).await, Err(401));
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_an_invented_one_causes_no_flood() {
    let provider = Provider::start().await;
    let door = by_token(&provider);
    let bearer = |token: String| format!("Bearer {token}");
    assert!(caller(&door, text(), Some(&bearer(provider.token(&json!({}))))).await.is_ok());
    let stranger = Provider::start().await;
    stranger.add_key("invented");
    for _ in 0..10 {
        let token = bearer(stranger.token(&json!({"iss": provider.address})));
        assert_eq!(caller(&door, text(), Some(&token)).await, Err(401));
    }
    assert_eq!(provider.asked(), 1, "within 30 seconds");
    // a start of the function with the new key
    provider.add_key("2");
    let door = by_token(&provider);
    assert!(caller(&door, text(), Some(&bearer(provider.token(&json!({}))))).await.is_ok());
}

#[tokio::test]
async fn without_the_provider_nobody_comes_in_and_its_return_is_noticed() {
    let provider = Provider::start().await;
    let door = by_token(&provider);
    let bearer = format!("Bearer {}", provider.token(&json!({})));
    let keys = format!("{}/keys", provider.address);
    for broken in [
        Value::Null,
        json!({}),
        json!([]),
        json!({"issuer": "", "jwks_uri": keys}),
        json!({"issuer": provider.address, "jwks_uri": "http://idp.example.com/keys"}),
        json!({"issuer": provider.address, "jwks_uri": "file:///etc/passwd"}),
        json!({"issuer": provider.address, "jwks_uri": format!("{}/nothing", provider.address)}),
        json!({"issuer": provider.address, "jwks_uri": keys, "filler": "x".repeat(300_000)}),
    ] {
        provider.answer_with(Some(broken.clone()));
        assert_eq!(caller(&door, text(), Some(&bearer)).await, Err(503), "{}", broken.to_string().len());
    }
    provider.answer_with(None);
    assert!(caller(&door, text(), Some(&bearer)).await.is_ok());
}

#[tokio::test]
async fn a_front_door_that_admits_nobody_counts_failed_turns() {
    let provider = Provider::start().await;
    provider.answer_with(Some(Value::Null));
    let lines = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&lines);
    let mut front = Desk::agent([]).await.front;
    front.metrics = Metrics::new("n", move |line| written.lock().unwrap().push(line.to_owned()));
    let door = Door::new(by_token(&provider), front);
    for (header, status) in [(format!("Bearer {}", provider.token(&json!({}))), 503), ("Basic x".to_owned(), 401)] {
        let mut event = text();
        event["headers"]["authorization"] = header.into();
        assert_eq!(door.answer(event).await.metadata_prelude.status_code.as_u16(), status);
    }
    let lines = lines.lock().unwrap();
    let [line] = lines.as_slice() else { panic!("a caller without a token is no failed turn: {lines:?}") };
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["Turns"], &line["TurnErrors"], &line["CostMicroUsd"]), (&json!(1), &json!(1), &json!(0)));
}

#[tokio::test]
async fn a_backend_signs_and_names_the_customer() {
    let named = event(&json!({"text": "Hello", "customerId": "CUST-1"}));
    let signed = |mut event: Value, authorizer: Value| {
        event["requestContext"]["authorizer"] = authorizer;
        event
    };
    let iam = json!({"iam": {"userArn": "arn:aws:sts::123456789012:assumed-role/backend/x", "accountId": "1"}});
    let door = Authorization::Iam;
    assert_eq!(caller(&door, signed(named.clone(), iam.clone()), None).await.unwrap().customer, "CUST-1");
    assert_eq!(caller(&door, signed(text(), iam), None).await, Err(400), "no customer");
    for authorizer in
        [Value::Null, json!({}), json!({"iam": null}), json!({"iam": {"userArn": ""}}), json!({"jwt": {}})]
    {
        assert_eq!(caller(&door, signed(named.clone(), authorizer.clone()), None).await, Err(401), "{authorizer}");
    }
    assert_eq!(caller(&door, named, Some("Bearer x")).await, Err(401));
}
