//! Absent values, by wire: where a caller sends JSON, only `null` is absent.

use serde_json::json;
use toolgate::Wire;

use super::{
    coercion::{given, refusal},
    kit::{call, problems},
};

#[tokio::test]
async fn where_a_caller_sends_json_an_empty_text_and_the_word_null_are_values() {
    for wire in [Wire::Gateway, Wire::Direct] {
        for text in ["", "null"] {
            let body = call(wire, "act", json!({"what": text})).await;
            assert_eq!(body, json!({"text": text}), "{wire}");
            assert_eq!(given(wire, "tags", json!([text])).await, json!([text]), "{wire}");
            let address = given(wire, "address", json!({"city": text, "street": text})).await;
            assert_eq!(address, json!({"city": text, "street": text}), "{wire}");
            let got = if text.is_empty() { "empty text".to_owned() } else { format!("`{text}`") };
            assert_eq!(refusal(wire, "big", text).await, format!("an integer, got {got}"), "{wire}");
            assert_eq!(refusal(wire, "express", text).await, format!("true or false, got {got}"), "{wire}");
            assert_eq!(refusal(wire, "priority", text).await, format!("one of `low`, `high`, got {got}"), "{wire}");
        }
        assert_eq!(given(wire, "orderId", json!("null")).await, json!("null"), "{wire}");
        assert_eq!(refusal(wire, "tags", "").await, "a list, each text, got empty text", "{wire}");
        // in the format of Java's `toString` an absent value cannot be distinguished, on any wire
        let body = call(wire, "take_order", json!({"orderId": "O", "address": "{city=, street=null}"})).await;
        assert_eq!(problems(&body), ["address.city: text, got missing"], "{wire}");
    }
}
