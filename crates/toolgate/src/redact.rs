//! Decides which deserialisation errors a model may read: only messages that serde itself writes. A custom
//! `Deserialize` may put any text into its error, such as a row of a table, so its text is not passed on. The schema
//! describes such a field instead.

/// Maximum length of a message from serde or `validator` that is passed on, in characters.
pub(crate) const LONGEST_MESSAGE: usize = 200;

/// The message if serde wrote it, otherwise an empty text.
///
/// Each form is matched as a whole (<https://docs.rs/serde/latest/serde/de/trait.Error.html>). Text before or after the
/// form does not come from serde. The values that a form quotes are already in the input or in the type's declaration.
pub(crate) fn serde_message(message: &str) -> &str {
    let known = quoted(message, "missing field ").is_some_and(str::is_empty)
        || quoted(message, "duplicate field ").is_some_and(str::is_empty)
        || ["unknown field ", "unknown variant "]
            .into_iter()
            .filter_map(|start| quoted(message, start))
            .any(is_list_of_names)
        || ["invalid type: ", "invalid value: ", "invalid length "]
            .into_iter()
            .filter_map(|start| message.strip_prefix(start))
            .any(is_unexpected);
    if known { message } else { "" }
}

/// The text after `start` and a name in backticks.
fn quoted<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.strip_prefix('`')?.split_once('`').map(|(_name, rest)| rest)
}

/// Whether `rest` is the end of an `unknown field` or `unknown variant` message: the list of declared names.
fn is_list_of_names(rest: &str) -> bool {
    let Some(names) = rest.strip_prefix(", ") else { return false };
    if matches!(names, "there are no fields" | "there are no variants") {
        return true;
    }
    let Some(names) = names.strip_prefix("expected ") else { return false };
    let names = names.strip_prefix("one of ").unwrap_or(names);
    let is_name = |name: &str| name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).is_some_and(is_plain);
    names.split(", ").flat_map(|names| names.split(" or ")).all(is_name)
}

/// Whether `rest` has the form `string "x", expected a number`: the received value, and the text that the type expects.
fn is_unexpected(rest: &str) -> bool {
    const CAME: [&str; 16] = [
        "boolean `",
        "integer `",
        "floating point `",
        "character `",
        "string ",
        "byte array",
        "unit value",
        "Option value",
        "newtype struct",
        "sequence",
        "map",
        "enum",
        "unit variant",
        "newtype variant",
        "tuple variant",
        "struct variant",
    ];
    let Some((came, expected)) = rest.rsplit_once(", expected ") else { return false };
    let is_length = !came.is_empty() && came.bytes().all(|byte| byte.is_ascii_digit());
    // `null` is the name that serde_json uses for a unit
    (is_length || came == "null" || CAME.iter().any(|start| came.starts_with(start))) && is_plain(expected)
}

/// Whether the text has no quotes and no line breaks, as in a declaration.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_control() || matches!(c, '`' | '"' | '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_s_own_messages_pass() {
        for message in [
            "missing field `orderId`",
            "duplicate field `orderId`",
            "unknown field `wat`, expected `a` or `b`",
            "unknown field `wat`, expected one of `a`, `b`, `c`",
            "unknown field `wat`, there are no fields",
            "unknown variant `red`, expected `low`",
            "invalid type: string \"x\", expected a number",
            "invalid type: null, expected a string",
            "invalid value: integer `300`, expected u8",
            "invalid type: floating point `1.5`, expected i64",
            "invalid length 3, expected a tuple of size 2",
        ] {
            assert_eq!(serde_message(message), message);
        }
    }

    #[test]
    fn no_other_message_passes_in_whole_or_in_part() {
        for message in [
            "",
            "the account of Jane Doe is not known",
            "missing field `a` in row 7 of accounts",
            "no such thing: missing field `a`",
            "unknown variant `red`, expected Jane's favourite",
            "unknown field `wat`, expected `a` or jane@example.com",
            "invalid type: jane@example.com, expected a number",
            "invalid value: the row is \"secret\"",
            "invalid value: string \"x\", expected \"secret\"",
            "invalid length secret, expected 3",
            "data did not match any variant of untagged enum Internal",
        ] {
            assert_eq!(serde_message(message), "", "{message}");
        }
    }
}
