//! The text that Bedrock sends for lists and objects: the output of Java's `toString`, such as `[a, b]` and
//! `[{itemName=item1, quantity=2}]`. It has no escapes, so the conversion needs heuristics. Commas inside of brackets
//! or quotes do not split. A quote counts only at the start of a value, so that `19" rack` is text. A piece without `=`
//! belongs to the value before it.

/// The items of `[a, b]`.
pub(super) fn list(text: &str) -> Option<Vec<&str>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    Some(match inner.trim() {
        "" => Vec::new(),
        inner => split(inner).into_iter().map(unquote).collect(),
    })
}

/// The members of `{a=b, c=d}`.
pub(super) fn object(text: &str) -> Option<Vec<(&str, String)>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut members: Vec<(&str, String)> = Vec::new();
    if inner.trim().is_empty() {
        return Some(members);
    }
    for piece in split(inner) {
        match (piece.split_once('='), members.last_mut()) {
            (Some((name, value)), _) => members.push((unquote(name), unquote(value).to_owned())),
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(piece);
            }
            (None, None) => return None,
        }
    }
    Some(members)
}

/// Splits at commas outside of brackets and double quotes.
fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut depth, mut quoted, mut begins) = (0, 0_usize, false, true);
    for (at, character) in text.char_indices() {
        match character {
            '"' if quoted => quoted = false,
            '"' if begins => quoted = true,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                pieces.extend(text.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
        begins = matches!(character, ',' | '=' | '[' | '{') || begins && character.is_whitespace();
    }
    pieces.extend(text.get(start..));
    pieces
}

/// Trims white space and one pair of quotes.
fn unquote(text: &str) -> &str {
    let text = text.trim();
    let strip = |quote| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    strip('"').or_else(|| strip('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_split_outside_of_brackets_and_quotes() {
        assert_eq!(list("[a, b]").unwrap(), ["a", "b"]);
        assert_eq!(list("[\"a, b\", 'c']").unwrap(), ["a, b", "c"]);
        assert_eq!(list("[{a=1, b=2}, {a=3}]").unwrap(), ["{a=1, b=2}", "{a=3}"]);
        assert!(list("[]").unwrap().is_empty());
        assert_eq!(list("[19\" rack, cable]").unwrap(), ["19\" rack", "cable"]);
        assert_eq!(list("[{a=\"x, y\", b=2}, {a=3}]").unwrap(), ["{a=\"x, y\", b=2}", "{a=3}"]);
        assert!(list("a, b").is_none());
    }

    #[test]
    fn a_piece_without_a_name_belongs_to_the_value_before_it() {
        let members = object("{note=hello, world, quantity=2}").unwrap();
        assert_eq!(members, [("note", "hello, world".to_owned()), ("quantity", "2".to_owned())]);
    }
}
