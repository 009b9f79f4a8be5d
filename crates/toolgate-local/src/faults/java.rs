//! Lists and objects as Java's `toString` writes them, which is how Bedrock often sends them: `[a, b]`, `{k=v}`.
//!
//! That text has no escapes. A value is therefore only written in this form if it can be parsed from it without
//! ambiguity. A text with a comma, for example, would be read as another value.

use serde_json::Value;

/// The text of a value; `None` if the value cannot be parsed from it again.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(text).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| Some(format!("{}={}", plain(name)?, text(value)?));
            let members: Option<Vec<String>> = members.iter().map(member).collect();
            Some(format!("{{{}}}", members?.join(", ")))
        }
        Value::String(text) => plain(text).map(str::to_owned),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null => None,
    }
}

/// The text, if its end is unambiguous and it cannot be read as another type.
fn plain(text: &str) -> Option<&str> {
    let marks = |c: char| matches!(c, ',' | '=' | '[' | ']' | '{' | '}' | '"' | '\'') || c.is_control();
    if text.is_empty() || text.trim() != text || text.contains(marks) {
        return None;
    }
    // `1.50` without quotes is the number 1.5.
    let same = match serde_json::from_str::<Value>(text).map(|read| read.to_string()) {
        Ok(again) => again == text && text != "null",
        Err(_) => true,
    };
    same.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_and_objects_lose_their_quotes() {
        assert_eq!(text(&json!(["a", "b c", 3, true])).unwrap(), "[a, b c, 3, true]");
        assert_eq!(
            text(&json!([{"item": "x", "quantity": 2}, {"tags": ["p"]}])).unwrap(),
            "[{item=x, quantity=2}, {tags=[p]}]"
        );
    }

    #[test]
    fn what_would_become_another_value_is_left_alone() {
        for value in [
            json!(["a, b"]),
            json!([""]),
            json!(["null"]),
            json!([null]),
            json!(["1.50"]),
            json!([" a"]),
            json!({"k": "a=b"}),
            json!(["19\" rack"]),
        ] {
            assert_eq!(text(&value), None, "{value}");
        }
    }
}
