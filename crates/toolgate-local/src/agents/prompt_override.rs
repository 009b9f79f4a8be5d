//! A template's own prompt (`BasePromptTemplate`). Converse supports only its system text.
//!
//! The text is JSON of the model's native API, with placeholders between `$`, and with line breaks inside of strings,
//! as the console writes it. Bedrock fills in the placeholders. Placeholders without a meaning on a laptop become
//! empty.

use serde_json::Value;

/// The system text of a base prompt with its placeholders filled in; `None` if the prompt has no system text.
pub(crate) fn system(base: &str, fill: impl Fn(&str) -> String) -> Option<String> {
    let native: Value = serde_json::from_str(&one_line_strings(base)).ok()?;
    let system = match native.get("system")? {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part.get("text")?.as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => return None,
    };
    Some(tidy(&filled(&system, fill)))
}

/// Escapes line breaks and tabs inside of strings, because JSON does not allow them there.
fn one_line_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for character in text.chars() {
        match character {
            '\n' if inside => out.push_str("\\n"),
            '\r' if inside => {}
            '\t' if inside => out.push_str("\\t"),
            other => out.push(other),
        }
        if character == '"' && !escaped {
            inside = !inside;
        }
        escaped = character == '\\' && !escaped;
    }
    out
}

/// Replaces `$name$`. A single `$` is kept, as in an amount of money.
fn filled(text: &str, fill: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        match after.split_once('$').filter(|(name, _)| is_name(name)) {
            Some((name, after)) => {
                out.push_str(&fill(name));
                rest = after;
            }
            None => {
                out.push('$');
                rest = after;
            }
        }
    }
    out + rest
}

/// Removes the indentation of the file and the gaps that empty placeholders leave.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for line in text.trim().lines().map(str::trim) {
        if line.is_empty() {
            gap = true;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if std::mem::take(&mut gap) { "\n\n" } else { "\n" });
        }
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_text_is_rendered_with_its_placeholders_filled_in() {
        let base = "{\n  \"anthropic_version\": \"x\",\n  \"system\": \"\n    $instruction$\n\n    $nothing$\n    Pay $5 for \\\"this\\\".\n  \",\n  \"messages\": []\n}";
        let fill = |name: &str| if name == "instruction" { "You are kind.\nVery.".to_owned() } else { String::new() };
        assert_eq!(system(base, fill).unwrap(), "You are kind.\nVery.\n\nPay $5 for \"this\".");
    }

    #[test]
    fn a_prompt_that_is_not_of_a_messages_api_is_not_used() {
        for base in ["Human: $question$", "{\"prompt\": \"x\"}", "{\"system\": 1}"] {
            assert_eq!(system(base, |_| String::new()), None);
        }
    }
}
