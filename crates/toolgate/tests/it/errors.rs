//! The one table of errors: each kind on every wire.

use serde_json::{Value, json};
use toolgate::{Problem, ToolError, Wire};

use super::kit::{Event, body, error, event, message, send, service};

/// Kind, `responseState` of the function wire, status of the api and direct wires.
const TABLE: [(&str, Option<&str>, u16); 9] = [
    ("invalid", Some("REPROMPT"), 400),
    ("refused", None, 403),
    ("not found", None, 404),
    ("conflict", None, 409),
    ("in progress", None, 409),
    ("waiting for approval", None, 202),
    ("too large", Some("REPROMPT"), 413),
    ("timed out", None, 504),
    ("internal", None, 500),
];

async fn check(event: Event, kind: &str, state: Option<&str>, status: u16) {
    let reply = send(&service(), &event).await;
    let body = body(event.wire, &reply);
    assert_eq!(error(&body)["kind"], kind);
    assert!(error(&body)["message"].is_string() && error(&body)["problems"].is_array(), "{body}");
    assert_eq!((body.as_object().unwrap().len(), error(&body).as_object().unwrap().len()), (1, 3), "{body}");
    match event.wire {
        Wire::Function => {
            let actual = reply["response"]["functionResponse"].get("responseState").and_then(Value::as_str);
            assert_eq!(actual, state, "{kind}");
        }
        Wire::Api => assert_eq!(reply["response"]["httpStatusCode"], status, "{kind}"),
        Wire::Gateway => assert_eq!(reply, body),
        Wire::Mcp => {
            assert_eq!(reply["statusCode"], 200, "{kind}");
            let message = message(&reply);
            match kind {
                "unknown tool" => assert_eq!(message["error"]["code"], -32602),
                _ => assert_eq!(message["result"]["isError"], true, "{kind}"),
            }
        }
        _ => assert_eq!(reply["statusCode"], status, "{kind}"),
    }
}

#[tokio::test]
async fn every_kind_is_reported_on_every_wire_as_in_the_table() {
    for wire in Wire::ALL {
        for (kind, state, status) in TABLE {
            check(event(wire, "act", json!({"what": kind})), kind, state, status).await;
        }
        check(event(wire, "no_such_tool", json!({})), "unknown tool", Some("REPROMPT"), 404).await;
        check(event(wire, "act", json!({"wat": 1})), "invalid", Some("REPROMPT"), 400).await;
        check(event(wire, "update", json!({"role": "admin"})), "refused", None, 403).await;
    }
}

#[tokio::test]
async fn a_fatal_error_ends_the_turn_on_the_function_wire_only() {
    for wire in Wire::ALL {
        check(event(wire, "act", json!({"what": "fatal"})), "conflict", Some("FAILURE"), 409).await;
    }
}

#[test]
fn an_error_shows_neither_its_text_nor_its_source_in_debug() {
    let error = ToolError::internal("SECRET").with_problem(Problem::new("a", "SECRET", "SECRET"));
    assert!(!format!("{error:?}").contains("SECRET"));
    assert_eq!(error.to_string(), "failed; it has been logged");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "SECRET");
    assert_eq!(error.problems().len(), 1);
}

#[test]
fn an_error_cannot_be_made_from_any_error() {
    // a blanket conversion would make each `?` a possible leak; this compiles only without such a conversion
    trait Ambiguous<Marker> {
        fn check() {}
    }
    struct Converts;
    impl<T> Ambiguous<()> for T {}
    impl<T: Into<ToolError>> Ambiguous<Converts> for T {}
    <std::io::Error as Ambiguous<_>>::check();
}
