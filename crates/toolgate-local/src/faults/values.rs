//! Values in the spellings that Bedrock and its models produce. The meaning of a value does not change.

use serde_json::Value;

use super::{java, seeded_rng::SeededRng};

/// The value in another spelling with the name of the mutation; `None` if it stays unchanged.
pub(super) fn mutate(kind: &str, value: &str, seeded_rng: SeededRng) -> Option<(String, &'static str)> {
    // Half of the values stay unchanged, because functions must handle both.
    if !seeded_rng.of("at all").one_in(2) {
        return None;
    }
    match kind {
        "boolean" => boolean(value, seeded_rng),
        "integer" | "number" => number(value, seeded_rng),
        "array" | "object" => structure(value),
        _ => None,
    }
}

fn boolean(value: &str, seeded_rng: SeededRng) -> Option<(String, &'static str)> {
    let words = match value {
        "true" => ["True", "TRUE", " true "],
        "false" => ["False", "FALSE", " false "],
        _ => return None,
    };
    let word = words.get(usize::try_from(seeded_rng.of("word").below(3)).ok()?)?;
    Some(((*word).to_owned(), "boolean"))
}

fn number(value: &str, seeded_rng: SeededRng) -> Option<(String, &'static str)> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    // A value that a float cannot represent exactly must not get a float spelling.
    if !plain(whole) || !plain(fraction) || whole.len() + fraction.len() > 15 {
        return None;
    }
    match seeded_rng.of("form").below(3) {
        0 => Some((format!(" {value}"), "spaces")),
        1 => Some((format!(" {value} "), "spaces")),
        _ if digits.contains('.') => Some((format!("{value}0"), "decimals")),
        _ => Some((format!("{value}.0"), "decimals")),
    }
}

fn structure(value: &str) -> Option<(String, &'static str)> {
    let read: Value = serde_json::from_str(value).ok()?;
    let text = matches!(read, Value::Array(_) | Value::Object(_)).then(|| java::text(&read)).flatten()?;
    (text != value).then_some((text, "java text"))
}
