//! How an error shows a wrong value: unchanged if it is short, described if it is long or may be secret.

use serde_json::Value;

/// Maximum length of text that is shown, in characters.
const LIMIT: usize = 64;

/// Describes a value for `got`.
pub(crate) fn value(value: &Value, secret: bool) -> String {
    if secret && !value.is_null() {
        return "a value that is not repeated here".to_owned();
    }
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) => value.to_string(),
        Value::Number(number) => text(&number.to_string(), false),
        Value::String(string) => text(string, true),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Whether text is shown unchanged.
pub(crate) fn is_shown(text: &str) -> bool {
    text.chars().count() <= LIMIT && !looks_like_card(text)
}

fn text(text: &str, quoted: bool) -> String {
    let length = text.chars().count();
    if length == 0 {
        "empty text".to_owned()
    } else if length > LIMIT {
        format!("text of {length} characters")
    } else if looks_like_card(text) {
        "a value that is not repeated here".to_owned()
    } else if quoted {
        format!("`{text}`")
    } else {
        text.to_owned()
    }
}

/// A name that the caller invented, truncated and on one line.
pub(crate) fn name(name: &str) -> String {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(LIMIT).collect();
    match looks_like_card(&shown) {
        true => "(not repeated)".to_owned(),
        false => shown,
    }
}

/// Whether the text has 13 to 19 digits with a valid check digit (Luhn): probably a payment card number in the wrong
/// field.
pub(crate) fn looks_like_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let others = text.chars().any(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '-'));
    if others || !(13..=19).contains(&digits.len()) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}
