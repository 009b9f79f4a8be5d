//! Exact numbers. Integers never pass through a float. NaN and Infinity are rejected.

use serde_json::{Number, Value};

use crate::schema::compiled::CompiledSchema;

/// Converts a JSON number to a type of the schema.
pub(super) fn native(shape: &CompiledSchema, number: &Number) -> Option<Value> {
    let is_integer = number.is_i64() || number.is_u64();
    if shape.number || shape.integer && is_integer {
        return Some(Value::Number(number.clone()));
    }
    if shape.integer {
        // a float of this size or more may stand for a different integer than the caller wrote
        let exact = number.as_f64().is_some_and(|n| n.abs() < 9_007_199_254_740_992.0);
        return exact.then(|| integer(&number.to_string()).map(Value::Number)).flatten();
    }
    // a caller may leave out the quotes
    shape.text.then(|| Value::String(number.to_string()))
}

/// An integer from text. Accepts ` 7 `, `+7` and `7.0`. Rejects `7.5` and values that do not fit into 64 bits.
pub(super) fn integer(text: &str) -> Option<Number> {
    let text = text.trim();
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        Some(_) => return None,
        None => text,
    };
    whole.parse::<i64>().map(Number::from).or_else(|_| whole.parse::<u64>().map(Number::from)).ok()
}

/// A finite number from text, in decimal or exponent form.
pub(super) fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    if !text.contains('.')
        && let Some(whole) = integer(text)
    {
        return Some(whole);
    }
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if !(digits && plain) {
        return None;
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}
