//! An input that is only read is read as a call reads it.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use toolgate::Wire;

use super::kit::{call, problems, router};

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("null".to_owned()), "[0-9]{1,3}", "[a-z \\[\\],{}=:.-]{0,12}"]
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        texts().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        prop::collection::vec(texts(), 0..3).prop_map(|items| json!(items)),
    ]
}

/// The problems as the call's error lists them: `path: expected, got`.
fn read(input: &Map<String, Value>, wire: Wire) -> Result<Map<String, Value>, Vec<String>> {
    let catalog = router().catalog();
    let tool = catalog.tools.iter().find(|tool| tool.name == "take_order").unwrap();
    let listed = |found: Vec<toolgate::Problem>| {
        found.iter().map(|one| format!("{}: {}, got {}", one.path, one.expected, one.got)).collect()
    };
    tool.understand(input.clone(), wire).map_err(listed)
}

proptest! {
    #[test]
    fn the_problems_are_those_of_a_call(
        fields in prop::collection::btree_map(
            prop_oneof![Just("orderId"), Just("big"), Just("counts"), Just("nosuch")], values(), 0..4),
        agents in any::<bool>(),
    ) {
        let mut input: Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let wire = if agents { Wire::Function } else { Wire::Direct };
        if agents {
            // this wire has texts only
            input.values_mut().filter(|value| !value.is_string()).for_each(|value| *value = value.to_string().into());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let body = runtime.block_on(call(wire, "take_order", Value::Object(input.clone())));
        match read(&input, wire) {
            Err(found) => prop_assert_eq!(found, problems(&body), "{}", body),
            // the function's own types and rules may find more
            Ok(understood) if body.get("error").is_none() => {
                for (name, value) in understood.iter().filter(|(_, value)| !value.is_null()) {
                    prop_assert_eq!(body.get(name), Some(value), "{}", body);
                }
            }
            Ok(_) => {}
        }
    }
}
