//! Gate 3: the tool's schema converts text to typed values, and all problems are returned at once.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Router, Tool, ToolError, Wire, testing};
use validator::Validate;

use super::kit::{body, call, event, problems};

/// The value of `field` in `take_order` after conversion, when `text` arrives on an Agents wire.
async fn from_text(field: &str, text: &str) -> Value {
    given(Wire::Function, field, text.into()).await
}

pub(crate) async fn given(wire: Wire, field: &str, value: Value) -> Value {
    let mut arguments = json!({"orderId": "O-1"});
    arguments[field] = value;
    let body = call(wire, "take_order", arguments).await;
    assert!(body.get("error").is_none(), "{field}: {body}");
    body[field].clone()
}

/// The only problem that `value` causes, as `expected, got`.
pub(crate) async fn refusal(wire: Wire, field: &str, value: impl Into<Value>) -> String {
    let mut arguments = json!({"orderId": "O-1"});
    arguments[field] = value.into();
    let body = call(wire, "take_order", arguments).await;
    match problems(&body).as_slice() {
        [one] => one.strip_prefix(&format!("{field}: ")).unwrap_or_else(|| panic!("{one}")).to_owned(),
        several => panic!("{several:?}"),
    }
}

#[tokio::test]
async fn whole_numbers_are_exact() {
    let big = 9_007_199_254_740_993_i64; // 2^53 + 1
    assert_eq!(from_text("big", "9007199254740993").await, json!(big));
    assert_eq!(from_text("big", "9007199254740993.0").await, json!(big));
    assert_eq!(given(Wire::Gateway, "big", json!(big)).await, json!(big));
    assert_eq!(given(Wire::Direct, "counts", json!([big, "9007199254740993"])).await, json!([big, big]));
    assert_eq!(from_text("counts", "[9007199254740993, -9223372036854775808]").await, json!([big, i64::MIN]));
}

#[tokio::test]
async fn a_float_that_may_have_been_another_whole_number_is_refused() {
    assert_eq!(given(Wire::Gateway, "big", json!(1e3)).await, json!(1000));
    assert_eq!(
        refusal(Wire::Gateway, "big", json!(9_007_199_254_740_992.0)).await,
        "an integer, got 9007199254740992.0"
    );
}

#[tokio::test]
async fn whole_numbers_may_have_spaces_a_sign_and_zeros() {
    for (text, number) in [(" 7 ", 7), ("7.0", 7), ("+7", 7), ("-7", -7), ("7.000", 7), ("007", 7), ("\n7\t", 7)] {
        assert_eq!(from_text("big", text).await, json!(number), "{text}");
    }
    for text in ["7.5", "seven", "0x7", "7,000", "7e2", "--7", "7 7", "٧", "7.", "."] {
        assert_eq!(refusal(Wire::Function, "big", text).await, format!("an integer, got `{text}`"));
    }
}

#[tokio::test]
async fn what_64_bits_cannot_hold_is_no_integer() {
    assert_eq!(
        refusal(Wire::Function, "big", "9223372036854775808").await,
        "an integer that fits 64 bits, got 9223372036854775808"
    );
    assert_eq!(refusal(Wire::Function, "big", "92233720368547758080").await, "an integer, got `92233720368547758080`");
}

#[tokio::test]
async fn numbers_are_finite_and_decimal() {
    for (text, number) in [("12.5", 12.5), (" 1e3 ", 1000.0), (".5", 0.5), ("-0.25", -0.25), ("+2.5E-1", 0.25)] {
        assert_eq!(from_text("weight", text).await.as_f64(), Some(number), "{text}");
    }
    for text in ["NaN", "nan", "inf", "-Infinity", "infinity", "0x1F", "1e999", "12,5", "e", "1_000", "12.5kg"] {
        assert_eq!(refusal(Wire::Function, "weight", text).await, format!("a number, got `{text}`"));
    }
}

#[tokio::test]
async fn booleans_are_read_in_any_case() {
    for (text, truth) in [("true", true), ("True", true), ("TRUE", true), (" false ", false), ("FaLsE", false)] {
        assert_eq!(from_text("express", text).await, json!(truth), "{text}");
    }
    for text in ["yes", "1", "truee", "on"] {
        assert_eq!(refusal(Wire::Function, "express", text).await, format!("true or false, got `{text}`"));
    }
    assert_eq!(refusal(Wire::Gateway, "express", json!(1)).await, "true or false, got 1");
}

#[tokio::test]
async fn lists_come_as_json_or_as_java_writes_them() {
    for text in [r#"["a","b"]"#, "[a, b]", "[a,b]", " [ 'a' , \"b\" ] ", r#"["a", b]"#] {
        assert_eq!(from_text("tags", text).await, json!(["a", "b"]), "{text}");
    }
    assert_eq!(from_text("tags", "[]").await, json!([]));
    assert_eq!(from_text("tags", "single").await, json!(["single"]));
    assert_eq!(from_text("tags", "[19\" rack, cable]").await, json!(["19\" rack", "cable"]));
    assert_eq!(from_text("counts", "[1, 2]").await, json!([1, 2]));
    assert_eq!(from_text("counts", r#"["1", 2.0]"#).await, json!([1, 2]));
    assert_eq!(from_text("counts", "7").await, json!([7]));
    assert_eq!(given(Wire::Gateway, "tags", json!("[a, b]")).await, json!(["a", "b"]));
}

#[tokio::test]
async fn lists_of_objects_come_as_json_or_as_java_writes_them() {
    let lines = json!([{"itemName": "item1", "quantity": 2}, {"itemName": "b, c", "quantity": 1}]);
    for text in [
        r#"[{"itemName": "item1", "quantity": 2}, {"itemName": "b, c", "quantity": "1"}]"#,
        "[{itemName=item1, quantity=2}, {itemName=b, c, quantity=1}]",
        "[{quantity=2, itemName=item1}, {itemName=\"b, c\", quantity=1}]",
    ] {
        assert_eq!(from_text("lines", text).await, lines, "{text}");
    }
    assert_eq!(from_text("lines", "{itemName=item1, quantity=2}").await, json!([lines[0]]));
}

#[tokio::test]
async fn objects_come_as_json_or_as_java_writes_them() {
    for text in
        [r#"{"city": "Oslo", "street": "A=B, 5"}"#, "{city=Oslo, street=A=B, 5}", " {city = Oslo, street = A=B, 5} "]
    {
        assert_eq!(from_text("address", text).await, json!({"city": "Oslo", "street": "A=B, 5"}), "{text}");
    }
    assert_eq!(refusal(Wire::Function, "address", "Oslo").await, "an object, got `Oslo`");
    let body = call(Wire::Function, "take_order", json!({"orderId": "O", "address": "{city=a, city=b}"})).await;
    assert_eq!(problems(&body), ["address.city: one value, got two different values"]);
}

#[tokio::test]
async fn nothing_is_absent_for_optional_fields_and_missing_for_required_ones() {
    for wire in Wire::ALL {
        // Bedrock cannot distinguish these; on the other wires only `null` is absent
        let texts = [Wire::Function, Wire::Api].contains(&wire);
        for nothing in [json!(null), json!(""), json!("null")].into_iter().take(if texts { 3 } else { 1 }) {
            assert_eq!(given(wire, "quantity", nothing.clone()).await, Value::Null, "{wire} {nothing}");
            assert_eq!(given(wire, "tags", nothing.clone()).await, Value::Null, "{wire} {nothing}");
            let body = call(wire, "take_order", json!({"orderId": nothing})).await;
            assert_eq!(problems(&body), ["orderId: text of 1 to 40 characters, got missing"], "{wire}");
        }
        let body = call(wire, "take_order", json!({})).await;
        assert_eq!(problems(&body), ["orderId: text of 1 to 40 characters, got missing"], "{wire}");
    }
    let body = call(Wire::Function, "take_order", json!({"orderId": "O", "address": "{city=, street=null}"})).await;
    assert_eq!(problems(&body), ["address.city: text, got missing"]);
}

/// `levels` lists around a number.
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({"a": inner}) })
}

#[tokio::test]
async fn free_json_has_at_most_32_levels_on_every_wire() {
    for wire in Wire::ALL {
        for (field, around) in [("anything", 0), ("map", 1)] {
            let value = |levels: usize| if around == 0 { nested(levels) } else { json!({"m": nested(levels)}) };
            let fits = loose(wire, field, value(32)).await;
            // text stays text where the schema accepts anything
            let text = field == "anything" && [Wire::Function, Wire::Api].contains(&wire);
            assert_eq!(fits, if text { json!(value(32).to_string()) } else { value(32) }, "{wire} {field}");
            for levels in [33, 60, 120] {
                if text {
                    continue;
                }
                let converted = loose(wire, field, value(levels)).await;
                let path = if around == 0 { field.to_owned() } else { format!("{field}.m") };
                assert_eq!(
                    converted,
                    json!([format!("{path}: at most 32 levels of lists and objects, got more levels")]),
                    "{wire} {field} {levels}"
                );
            }
        }
    }
}

#[tokio::test]
async fn named_values_are_exactly_those() {
    assert_eq!(from_text("priority", "low").await, json!("low"));
    assert_eq!(refusal(Wire::Function, "priority", "urgent").await, "one of `low`, `high`, got `urgent`");
    assert_eq!(refusal(Wire::Gateway, "priority", json!(7)).await, "one of `low`, `high`, got `7`");
}

#[tokio::test]
async fn text_takes_what_a_caller_forgot_to_quote() {
    assert_eq!(given(Wire::Gateway, "orderId", json!(12345)).await, json!("12345"));
    assert_eq!(given(Wire::Gateway, "orderId", json!(true)).await, json!("true"));
    let body = call(Wire::Gateway, "take_order", json!({"orderId": ["a"]})).await;
    assert_eq!(problems(&body), ["orderId: text of 1 to 40 characters, got a list of 1"]);
}

#[tokio::test]
async fn unknown_fields_are_denied_at_every_depth_with_their_path() {
    let arguments = json!({
        "orderId": "O", "address": {"city": "Oslo", "zip": "0150"},
        "lines": [{"itemName": "a", "quantity": 1}, {"itemName": "b", "quantity": 1, "discount": 50}],
    });
    for wire in Wire::ALL {
        let body = call(wire, "take_order", arguments.clone()).await;
        assert_eq!(
            problems(&body),
            [
                "address.zip: no such field; the fields are `city`, `street`, got an unknown field",
                "lines[1].discount: no such field; the fields are `itemName`, `quantity`, got an unknown field",
            ],
            "{wire}"
        );
    }
}

#[tokio::test]
async fn all_problems_come_back_at_once() {
    for wire in Wire::ALL {
        let arguments = json!({
            "quantity": "9", "big": "many", "email": "nobody", "adress": "Oslo", "tags": "[a]",
            "lines": [{"quantity": 0}], "priority": "urgent",
        });
        let body = call(wire, "take_order", arguments).await;
        let mut found = problems(&body);
        found.sort();
        let unknown = "adress: no such field; did you mean `address`?, got an unknown field";
        let expected = [
            unknown,
            "big: an integer, got `many`",
            "email: an e-mail address, got `nobody`",
            "lines[0].itemName: text, got missing",
            "lines[0].quantity: an integer 1 or more, got 0",
            "orderId: text of 1 to 40 characters, got missing",
            "priority: one of `low`, `high`, got `urgent`",
            "quantity: an integer from 1 to 5, got 9",
        ];
        assert_eq!(found, expected, "{wire}");
        assert_eq!(body["error"]["message"], "the input has 8 problems; correct what is listed and call again");
    }
}

#[tokio::test]
async fn of_a_great_many_problems_the_first_are_reported() {
    let counts: Vec<&str> = vec!["x"; 100_000];
    let mut arguments = json!({"orderId": "O", "counts": counts, "quantity": 9});
    for number in 0..100_000 {
        arguments[format!("unknown{number}")] = 1.into();
    }
    let started = std::time::Instant::now();
    let body = call(Wire::Gateway, "take_order", arguments).await;
    assert_eq!(problems(&body).len(), 20);
    let text = "the input has 200001 problems, of which 20 are listed; correct what is listed and call again";
    assert_eq!(body["error"]["message"], text);
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn long_text_is_described_and_not_repeated() {
    let long = "x".repeat(100);
    for field in ["orderId", "big", "priority", "address"] {
        let body = call(Wire::Function, "take_order", json!({"orderId": "O", field: long})).await;
        assert!(problems(&body)[0].ends_with("got text of 100 characters"), "{body}");
        assert!(!body.to_string().contains(&long[..65]));
    }
    let body = call(Wire::Direct, "take_order", json!({"orderId": "O", long.clone(): 1})).await;
    assert!(!body.to_string().contains(&long[..65]), "{body}");
}

#[tokio::test]
async fn secrets_are_not_repeated() {
    for wire in Wire::ALL {
        // the error of the type itself quotes the value
        let body = call(wire, "take_order", json!({"orderId": "O", "password": "hunter2"})).await;
        assert_eq!(problems(&body), ["password: text, got a value that is not repeated here"], "{wire}");
        let body = call(wire, "take_order", json!({"orderId": "O", "password": ["hunter2"]})).await;
        assert!(!body.to_string().contains("hunter2"), "{wire}: {body}");
    }
}

#[tokio::test]
async fn a_card_number_in_the_wrong_field_is_not_repeated() {
    for card in ["4111111111111111", "4111 1111 1111 1111", "5500-0055-5555-5559"] {
        for field in ["quantity", "email", "priority", "address", "express"] {
            let body = call(Wire::Function, "take_order", json!({"orderId": "O", field: card})).await;
            assert!(problems(&body)[0].ends_with("got a value that is not repeated here"), "{field}: {body}");
            assert!(!body.to_string().contains(&card[..9]), "{body}");
        }
        let body = call(Wire::Direct, "take_order", json!({"orderId": "O", card: "x"})).await;
        assert!(!body.to_string().contains(&card[..9]), "{body}");
    }
    let body = call(Wire::Gateway, "take_order", json!({"orderId": "O", "quantity": 4_111_111_111_111_111_u64})).await;
    assert!(!body.to_string().contains("4111"), "{body}");
}

#[tokio::test]
async fn deep_nesting_is_refused_and_does_no_harm() {
    for (open, close) in [("[", "]"), ("{a=", "}"), ("{\"a\":", "}"), ("[{", "}]")] {
        for deep in [open.repeat(10_000) + &close.repeat(10_000), open.repeat(10_000)] {
            for field in ["tags", "counts", "lines", "address", "big", "orderId"] {
                for wire in [Wire::Function, Wire::Api, Wire::Direct, Wire::Gateway] {
                    let body = call(wire, "take_order", json!({"orderId": "O", field: deep})).await;
                    let kind = &body["error"]["kind"];
                    assert!(kind.is_null() && field == "tags" || kind == "invalid", "{field}: {kind}");
                }
            }
        }
    }
}

/// Types that are no plain ones.
#[derive(Default, Deserialize, Serialize, JsonSchema, Validate)]
#[serde(default)]
struct Loose {
    anything: Value,
    map: BTreeMap<String, Value>,
    numbered: HashMap<u32, i64>,
    choice: Option<Choice>,
    either: Option<Either>,
    single: f32,
    pair: (f64, f64),
    grid: Vec<Vec<i64>>,
    #[schemars(schema_with = "code")]
    code: Option<String>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(tag = "by", rename_all = "lowercase")]
enum Choice {
    Mail { address: String },
    Phone { number: i64 },
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Words(Vec<String>),
}

fn code(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"anyOf": [{"type": "string", "pattern": "^[A-Z]{2}$"}, {"type": "null"}]})
}

async fn loose(wire: Wire, field: &str, value: Value) -> Value {
    let tool = Tool::new("loose", async |input: Loose| Ok::<_, ToolError>(input)).describe("Try types.").expose_all();
    let service = Router::<()>::builder().group("g").tool(tool).build().unwrap().with_state(()).wires(Wire::ALL);
    let event = event(wire, "loose", json!({field: value}));
    let context = testing::context(event.client_context.as_ref());
    let body = body(wire, &service.handle(event.event, &context).await.unwrap());
    if body.get("error").is_some() { json!(problems(&body)) } else { body[field].clone() }
}

#[tokio::test]
async fn what_may_be_anything_stays_as_it_came() {
    let deep = json!({"a": [1, {"b": null, "c": ""}], "d": {"e": {"f": "null"}}});
    for wire in [Wire::Direct, Wire::Gateway] {
        assert_eq!(loose(wire, "anything", deep.clone()).await, deep);
        assert_eq!(loose(wire, "map", deep.clone()).await, deep);
    }
    assert_eq!(loose(Wire::Function, "map", deep.clone()).await, deep);
    assert_eq!(loose(Wire::Function, "anything", json!("[1, 2]")).await, json!("[1, 2]"));
}

#[tokio::test]
async fn maps_alternatives_and_nested_lists_are_read() {
    for wire in Wire::ALL {
        assert_eq!(loose(wire, "numbered", json!({"7": "8"})).await, json!({"7": 8}), "{wire}");
        let phone = json!({"by": "phone", "number": "7"});
        assert_eq!(loose(wire, "choice", phone).await, json!({"by": "phone", "number": 7}), "{wire}");
        assert_eq!(loose(wire, "either", json!("7")).await, json!(7), "{wire}");
        assert_eq!(loose(wire, "either", json!("[a, b]")).await, json!(["a", "b"]), "{wire}");
        assert_eq!(loose(wire, "grid", json!("[[1, 2], [3]]")).await, json!([[1, 2], [3]]), "{wire}");
        assert_eq!(loose(wire, "pair", json!([1.5, 2])).await, json!([1.5, 2.0]), "{wire}");
        assert_eq!(loose(wire, "code", json!("AB")).await, json!("AB"), "{wire}");
        let no_code = json!(["code: text matching `^[A-Z]{2}$`, got `ab`"]);
        assert_eq!(loose(wire, "code", json!("ab")).await, no_code, "{wire}");
        let infinite = json!(["single: a number, got 1e+300"]);
        assert_eq!(loose(wire, "single", json!("1e300")).await, infinite, "{wire}");
        let wrong = loose(wire, "choice", json!({"by": "phone", "number": "7", "admin": true})).await;
        let unknown = "choice.admin: no such field; the fields are `by`, `number`, got an unknown field";
        assert_eq!(wrong, json!([unknown]), "{wire}");
        let neither = json!(["either: an integer, got true"]);
        assert_eq!(loose(wire, "either", json!({"a": 1})).await.as_array().unwrap().len(), 1, "{wire}");
        if wire == Wire::Gateway {
            assert_eq!(loose(wire, "either", json!(true)).await, neither);
        }
    }
}
