//! Requests: what is a turn, and what is refused before anybody is asked who calls.

use base64::{Engine, prelude::BASE64_STANDARD};
use chat::event::{Answer, UrlEvent, What};
use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn event(body: &Value) -> Value {
    raw("POST", "application/json", &body.to_string())
}

fn raw(method: &str, kind: &str, body: &str) -> Value {
    json!({
        "version": "2.0",
        "rawPath": "/",
        "headers": {"content-type": kind},
        "requestContext": {"http": {"method": method, "path": "/"}},
        "body": body,
        "isBase64Encoded": false,
    })
}

fn status(event: Value) -> u16 {
    let asked = UrlEvent::read(event).and_then(|event| event.asked());
    asked.map_or_else(|refusal| refusal.status().as_u16(), |_| 200)
}

#[test]
fn a_turn_is_a_text_or_answers() {
    let asked = |body: Value| UrlEvent::read(event(&body)).unwrap().asked().unwrap();
    let first = asked(json!({"text": "Where is my order?"}));
    assert_eq!((first.session, first.what), (None, What::Text("Where is my order?".to_owned())));
    let next = asked(json!({"sessionId": "s-1", "answers": [{"id": "q", "approved": false}]}));
    assert_eq!(next.what, What::Answers(vec![Answer { id: "q".to_owned(), approved: false }]));
    let mut encoded = event(&json!(null));
    encoded["body"] = BASE64_STANDARD.encode(r#"{"text": "Grüße"}"#).into();
    encoded["isBase64Encoded"] = true.into();
    assert_eq!(UrlEvent::read(encoded).unwrap().asked().unwrap().what, What::Text("Grüße".to_owned()));
}

#[test]
fn anything_else_is_refused() {
    for (body, expected) in [
        (json!({}), 400),
        (json!([]), 400),
        (json!({"text": "a", "answers": [{"id": "q", "approved": true}]}), 400),
        (json!({"text": " \n"}), 400),
        (json!({"text": 7}), 400),
        (json!({"text": "a", "sessionID": "s"}), 400),
        (json!({"text": "x".repeat(8_001)}), 400),
        (json!({"text": "x".repeat(70_000)}), 413),
        (json!({"text": "a", "sessionId": ""}), 400),
        (json!({"text": "a", "sessionId": "../other"}), 400),
        (json!({"text": "a", "sessionId": "x".repeat(129)}), 400),
        (json!({"text": "a", "customerId": ""}), 400),
        (json!({"text": "a", "customerId": "CUST-1\n"}), 400),
        (json!({"text": "a", "customerId": " CUST-1"}), 400),
        (json!({"answers": [{"id": "q", "approved": true}]}), 400),
        (json!({"sessionId": "s", "answers": []}), 400),
        (json!({"sessionId": "s", "answers": [{"id": "q"}]}), 400),
        (json!({"sessionId": "s", "answers": [{"id": "q", "approved": "yes"}]}), 400),
        (json!({"sessionId": "s", "answers": vec![json!({"id": "q", "approved": true}); 6]}), 400),
        (json!({"sessionId": "s", "answers": [{"id": "q".repeat(4_097), "approved": true}]}), 400),
        (json!({"text": "x".repeat(8_000), "sessionId": "x".repeat(128)}), 200),
    ] {
        assert_eq!(status(event(&body)), expected, "{body}");
    }
    assert_eq!(status(raw("GET", "application/json", "")), 405);
    assert_eq!(status(raw("POST", "text/plain", r#"{"text": "a"}"#)), 415, "a form of a foreign page");
    assert_eq!(status(raw("POST", "application/json; charset=utf-8", r#"{"text": "a"}"#)), 200);
    assert_eq!(status(json!({"text": "a"})), 400, "an event of something else");
}

#[test]
fn an_error_repeats_nothing_of_the_body() {
    let refusal = UrlEvent::read(event(&json!({"text": {"secret": "4111-1111"}}))).unwrap().asked().unwrap_err();
    assert!(!refusal.body().to_string().contains("4111"), "{}", refusal.body());
    let debug = format!("{:?}", UrlEvent::read(event(&json!({"text": "4111"}))).unwrap().asked().unwrap().what);
    assert!(!debug.contains("4111"), "{debug}");
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused(body in any::<String>(), session in any::<String>(), base64 in any::<bool>()) {
        let mut odd = raw("POST", "application/json", &body);
        odd["isBase64Encoded"] = base64.into();
        let _ = status(odd);
        let asked = UrlEvent::read(event(&json!({"text": "a", "sessionId": session}))).unwrap().asked();
        prop_assert!(asked.is_err() || session.chars().all(|c| c.is_ascii_graphic()));
    }
}
