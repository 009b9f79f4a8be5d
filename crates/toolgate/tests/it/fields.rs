//! Gates 2 and 11: fields that no caller may set, and fields that may leave.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Router, Tool, ToolError, Wire, testing};
use validator::Validate;

use super::kit::{body, call, counted, error, event, problems, send};

#[tokio::test]
async fn a_refused_field_is_refused_by_name_and_the_tool_never_runs() {
    for spelling in ["accountStatus", "account_status", "AccountStatus", "ACCOUNT-STATUS", "account status"] {
        for wire in Wire::ALL {
            let (service, state) = counted();
            let arguments = json!({"customerId": "CUST-1", "email": "a@b.example", spelling: "closed"});
            let reply = send(&service, &event(wire, "update", arguments)).await;
            let body = body(wire, &reply);
            assert_eq!(error(&body)["kind"], "refused", "{wire} {spelling}");
            assert_eq!(error(&body)["message"], "You don't have permission to modify `accountStatus`");
            assert_eq!(state.ran(), 0);
        }
    }
}

#[tokio::test]
async fn several_refused_fields_are_named_together() {
    let arguments = json!({"customerId": "CUST-1", "role": "admin", "credit_limit": 9, "creditLimit": 9});
    let body = call(Wire::Gateway, "update", arguments).await;
    assert_eq!(error(&body)["message"], "You don't have permission to modify `creditLimit`, `role`");
}

#[tokio::test]
async fn a_refused_field_comes_before_all_other_problems() {
    let body = call(Wire::Direct, "update", json!({"role": "admin", "nonsense": 1})).await;
    assert_eq!(error(&body)["kind"], "refused");
    assert_eq!(error(&body)["problems"], json!([]));
}

#[tokio::test]
async fn a_refused_field_inside_of_a_field_is_unknown_there() {
    let (service, state) = counted();
    let arguments = json!({"customerId": {"accountStatus": "closed"}});
    let body = body(Wire::Direct, &send(&service, &event(Wire::Direct, "update", arguments)).await);
    assert_eq!(error(&body)["kind"], "invalid");
    assert_eq!(state.ran(), 0);
}

#[tokio::test]
async fn an_unknown_field_gets_the_nearest_name() {
    for wire in Wire::ALL {
        let (service, state) = counted();
        let arguments = json!({"customerId": "CUST-1", "e_mail": "a@b.example", "zzz": 1});
        let body = body(wire, &send(&service, &event(wire, "update", arguments)).await);
        assert_eq!(
            problems(&body),
            [
                "e_mail: no such field; did you mean `email`?, got an unknown field",
                "zzz: no such field; the fields are `customerId`, `email`, got an unknown field",
            ]
        );
        assert_eq!(state.ran(), 0);
    }
}

#[tokio::test]
async fn only_exposed_fields_leave() {
    for wire in Wire::ALL {
        let reply = send(&counted().0, &event(wire, "take_order", json!({"orderId": "O-1"}))).await;
        assert_eq!(body(wire, &reply), json!({"orderId": "O-1", "secrets": [{"shown": "a"}, {"shown": "b"}]}));
        assert!(!reply.to_string().contains("SECRET"), "{reply}");
    }
}

#[tokio::test]
async fn errors_carry_no_source_and_no_panic_text() {
    for wire in Wire::ALL {
        for what in ["internal", "panic"] {
            let reply = send(&counted().0, &event(wire, "act", json!({"what": what}))).await;
            assert_eq!(error(&body(wire, &reply))["message"], "failed; it has been logged");
            assert!(!reply.to_string().contains("SECRET"), "{reply}");
        }
    }
}

#[tokio::test]
async fn invisible_characters_are_stripped_from_outputs_and_from_errors() {
    for wire in Wire::ALL {
        assert_eq!(call(wire, "act", json!({"what": "invisible"})).await, json!({"text": "abcd\né"}), "{wire}");
        let body =
            call(wire, "take_order", json!({"orderId": "O", "big": "7\u{202e}8\u{200b}", "a\u{e0041}b": 1})).await;
        let mut found = problems(&body);
        found.sort();
        assert_eq!(found[1], "big: an integer, got `78`", "{wire}");
        assert!(found[0].starts_with("ab: no such field"), "{found:?}");
    }
}

/// Nothing to say.
#[derive(Deserialize, JsonSchema, Validate)]
struct Nothing {}

/// Unchanged JSON, under the schema of a customer.
#[derive(Serialize)]
#[serde(transparent)]
struct Raw(Value);

impl JsonSchema for Raw {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Raw".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Customer::json_schema(generator)
    }
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Customer {
    name: String,
    address: Option<Home>,
    orders: Vec<Past>,
    matrix: Vec<Vec<Past>>,
    notes: std::collections::BTreeMap<String, Past>,
    contact: Contact,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Home {
    city: String,
    street: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Past {
    status: String,
    secret: String,
}

#[derive(JsonSchema)]
#[serde(tag = "by", rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used")]
enum Contact {
    Mail { address: String },
    Phone { number: String },
}

/// The part of `output` that leaves when `paths` are exposed.
async fn exposed(paths: &[&str], output: Value) -> Value {
    let tool = Tool::new("get", move |_: Nothing| {
        let output = Raw(output.clone());
        async move { Ok::<_, ToolError>(output) }
    });
    let router = Router::<()>::builder().group("g").tool(tool.expose(paths.iter().copied())).build().unwrap();
    let event = json!({"toolName": "get", "toolInput": {}});
    let reply = router.with_state(()).handle(event, &testing::context(None)).await.unwrap();
    serde_json::from_str(reply["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn paths_go_into_objects_lists_and_maps() {
    let past = json!({"status": "shipped", "secret": "S"});
    let customer = json!({
        "name": "n", "address": {"city": "Oslo", "street": "S"}, "orders": [past, past], "matrix": [[past]],
        "notes": {"a": past, "b": past}, "contact": {"by": "phone", "number": "7"},
    });
    let shipped = json!({"status": "shipped"});
    assert_eq!(exposed(&["address.city"], customer.clone()).await, json!({"address": {"city": "Oslo"}}));
    assert_eq!(exposed(&["orders[].status"], customer.clone()).await, json!({"orders": [shipped, shipped]}));
    assert_eq!(exposed(&["matrix[][].status"], customer.clone()).await, json!({"matrix": [[shipped]]}));
    assert_eq!(exposed(&["notes.a.status"], customer.clone()).await, json!({"notes": {"a": shipped}}));
    assert_eq!(exposed(&["contact.number"], customer.clone()).await, json!({"contact": {"number": "7"}}));
    assert_eq!(exposed(&["address", "address.city"], customer.clone()).await, json!({"address": customer["address"]}));
}

#[tokio::test]
async fn what_is_not_as_its_schema_says_leaves_nothing() {
    assert_eq!(exposed(&["address.city"], json!({"address": "SECRET"})).await, json!({"address": null}));
    assert_eq!(exposed(&["address.city"], json!({"address": ["SECRET"]})).await, json!({"address": []}));
    assert_eq!(exposed(&["orders[].status"], json!({"orders": {"status": "SECRET"}})).await, json!({"orders": {}}));
    assert_eq!(
        exposed(&["orders[].status"], json!({"orders": ["SECRET", null]})).await,
        json!({"orders": [null, null]})
    );
    assert_eq!(exposed(&["name"], json!(["SECRET"])).await, json!([]));
    assert_eq!(exposed(&["name"], json!("SECRET")).await, json!(null));
}
