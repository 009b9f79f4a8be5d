//! A field is present to a policy if and only if it is present to the tool. Otherwise a spelling that only one of them
//! treats as absent could bypass a condition on presence.

use std::sync::LazyLock;

use proptest::{collection, prelude::*, sample};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use toolgate::{Router, Service, Tool, ToolError, testing};
use toolgate_policy::{Mode, Policies, Reason};
use validator::Validate;

use crate::kit::{one_tool, user};

/// Find things.
#[derive(Deserialize, JsonSchema, Validate)]
struct Find {
    text: Option<String>,
    word: Option<Word>,
    whole: Option<i64>,
    number: Option<f64>,
    truth: Option<bool>,
    texts: Option<Vec<String>>,
    place: Option<Place>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Word {
    Low,
    Null,
}

#[derive(Deserialize, JsonSchema, Validate)]
struct Place {
    city: Option<String>,
    street: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Present {
    names: Vec<String>,
}

const FIELDS: [&str; 7] = ["text", "word", "whole", "number", "truth", "texts", "place"];
const INSIDE: [&str; 2] = ["city", "street"];

/// The fields that the tool sees.
async fn find(input: Find) -> Result<Present, ToolError> {
    let place = input.place.as_ref();
    let seen = [
        ("text", input.text.is_some()),
        ("word", input.word.is_some()),
        ("whole", input.whole.is_some()),
        ("number", input.number.is_some()),
        ("truth", input.truth.is_some()),
        ("texts", input.texts.is_some()),
        ("place", place.is_some()),
        ("place.city", place.is_some_and(|place| place.city.is_some())),
        ("place.street", place.is_some_and(|place| place.street.is_some())),
    ];
    let names = seen.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name.to_owned());
    Ok(Present { names: names.collect() })
}

static TOOL: LazyLock<Service<()>> = LazyLock::new(|| {
    let tool = Tool::new("call", find).expose(["names"]);
    Router::<()>::builder().group("t").tool(tool).build().unwrap().with_state(())
});

/// A policy for each field, which permits calls that have the field.
static POLICIES: LazyLock<Vec<(String, Policies)>> = LazyLock::new(|| {
    let tool = Tool::new("call", find).expose(["names"]);
    let catalog = Router::<()>::builder().group("t").tool(tool).build().unwrap().catalog();
    let schema = toolgate::schema::gateway(&catalog)["InlinePayload"][0]["InputSchema"].clone();
    let policy = |(name, condition): (String, String)| {
        let statement = format!("permit (principal, action, resource) when {{ {condition} }};");
        (name, one_tool(&schema, &[&statement], Mode::Enforce))
    };
    let fields = FIELDS.into_iter().map(|name| (name.to_owned(), format!("context.input has {name}")));
    let inside = INSIDE
        .into_iter()
        .map(|name| (format!("place.{name}"), format!("context.input has place && context.input.place has {name}")));
    fields.chain(inside).map(policy).collect()
});

/// Spellings of an absent value, and values that only look like one.
fn spelling() -> impl Strategy<Value = Value> {
    let spelt = vec![
        json!(null),
        json!(""),
        json!("null"),
        json!("Null"),
        json!("NULL"),
        json!(" "),
        json!("\0"),
        json!("\u{200b}"),
        json!("none"),
        json!("undefined"),
        json!("low"),
        json!("false"),
        json!("0"),
        json!("[]"),
        json!("{}"),
        json!("[null]"),
        json!(0),
        json!(-0.0),
        json!(false),
        json!(1.5),
        json!([]),
        json!([""]),
        json!(["null"]),
        json!([null]),
        json!({}),
        json!({"city": ""}),
        json!({"city": "null"}),
        json!({"city": null}),
        json!({"street": ""}),
        json!({"street": 0}),
        json!("{city=, street=null}"),
        json!("{\"city\": \"\"}"),
    ];
    sample::select(spelt)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn what_is_present_to_cedar_is_present_to_the_tool(
        arguments in collection::btree_map(sample::select(FIELDS.to_vec()), spelling(), 0..4),
    ) {
        let arguments: Map<String, Value> = arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let call = testing::call(&TOOL, "call", json!(arguments)).on(toolgate::Wire::Gateway);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let reply = runtime.block_on(async { call.await });
        // A call that either of them rejects does not run, so the other's view does not matter.
        if reply.kind().is_some() {
            return Ok(());
        }
        let seen: Vec<&str> = reply["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        for (name, policies) in POLICIES.iter() {
            let decision = policies.decide(&user(), "t___call", &arguments);
            if !matches!(decision.reason(), Reason::Unfit(_)) {
                prop_assert_eq!(decision.permitted(), seen.contains(&name.as_str()), "{} in {:?}", name, arguments);
            }
        }
    }
}

#[test]
fn an_empty_text_is_present_to_both() {
    let arguments = json!({"text": ""});
    let (_, policies) = POLICIES.iter().find(|(name, _)| name == "text").unwrap();
    assert!(policies.decide(&user(), "t___call", arguments.as_object().unwrap()).permitted());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let call = testing::call(&TOOL, "call", arguments).on(toolgate::Wire::Gateway);
    let reply = runtime.block_on(async { call.await });
    assert_eq!(reply.ok()["names"], json!(["text"]));
}
