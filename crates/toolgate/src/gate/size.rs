//! Gate 12, size: the reply fits its wire. An output that is too long is truncated visibly: lists end at an item, and
//! the reply contains the number of omitted items.

use std::io::{self, Write};

use serde_json::Value;

use crate::{cx::Cx, error::ToolError, registered::RegisteredTool, wire::kind::Wire};

/// Maximum size of an output on the Agents wires, in bytes. Lambda itself accepts 6 MB
/// (<https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html>). The documented limit was 25 KB for a
/// long time, and every token that the model reads costs money.
const AGENTS: usize = 24 * 1024;
/// Maximum size of an output on the other wires, in bytes.
const OTHERS: usize = 256 * 1024;

/// Members that this gate adds to a truncated output. A tool must not use these names.
pub(crate) const RESERVED: [&str; 2] = ["truncated", "omitted"];

pub(crate) fn leave<S>(tool: &RegisteredTool<S>, cx: &Cx<S>, mut output: Value) -> Result<Value, ToolError> {
    let limit = tool.max_reply.unwrap_or_else(|| default_limit(cx.wire()));
    match fit(&mut output, limit) {
        true => Ok(output),
        false => Err(ToolError::too_large("the output is too large; narrow your query")),
    }
}

const fn default_limit(wire: Wire) -> usize {
    if wire.is_agents() { AGENTS } else { OTHERS }
}

/// Truncates an output to `limit` bytes of JSON. Returns `false` where that is not possible.
fn fit(output: &mut Value, limit: usize) -> bool {
    let mut size = bytes(output);
    if size <= limit {
        return true;
    }
    // room for the members that mark the truncation, with the longest possible count
    let limit = limit.saturating_sub(r#","truncated":true,"omitted":18446744073709551615"#.len());
    let mut lists = Vec::new();
    outermost(output, &mut Vec::new(), &mut lists);
    lists.sort_by_key(|(bytes, _)| std::cmp::Reverse(*bytes));
    let mut omitted = 0;
    for (_, path) in lists {
        if size <= limit {
            break;
        }
        let list = path.iter().try_fold(&mut *output, |value, name| value.get_mut(name.as_str()));
        let Some(list) = list.and_then(Value::as_array_mut) else { return false };
        let before = list.len();
        while size > limit
            && let Some(item) = list.pop()
        {
            // the item and its comma
            size = size.saturating_sub(bytes(&item) + usize::from(!list.is_empty()));
        }
        omitted += before - list.len();
    }
    if size > limit {
        return false;
    }
    let Some(members) = output.as_object_mut() else { return false };
    members.insert(RESERVED[0].into(), true.into());
    members.insert(RESERVED[1].into(), omitted.into());
    true
}

/// The lists in the value that have items, each with its size in bytes and its path. Nested lists are not returned,
/// since they are removed with their items.
fn outermost(value: &Value, path: &mut Vec<String>, lists: &mut Vec<(usize, Vec<String>)>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                path.push(name.clone());
                outermost(member, path, lists);
                path.pop();
            }
        }
        Value::Array(items) if !items.is_empty() => lists.push((bytes(value), path.clone())),
        _ => {}
    }
}

/// The length of a value's JSON text.
fn bytes(value: &Value) -> usize {
    struct Counter(usize);

    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut counter = Counter(0);
    // neither the counter nor the serialisation of a value can fail
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_longest_list_is_cut_at_an_item() {
        let item = json!({"name": "x".repeat(50)});
        let mut output = json!({"count": 100, "short": [1, 2], "items": vec![item.clone(); 100]});
        assert!(fit(&mut output, 1_000));
        assert!(bytes(&output) <= 1_000);
        let kept = output["items"].as_array().unwrap();
        assert!(kept.len() > 10 && kept.iter().all(|kept| *kept == item));
        assert_eq!(output["omitted"], 100 - kept.len());
        assert_eq!(output["truncated"], true);
        assert_eq!(output["short"], json!([1, 2]));
    }

    #[test]
    fn the_longest_lists_go_first_and_those_inside_of_them_too() {
        let mut output = json!({
            "short": ["a"], "deep": {"long": vec![json!({"inner": vec!["y"; 20]}); 20]}, "middle": vec!["z"; 40],
        });
        assert!(fit(&mut output, 200));
        assert_eq!((&output["short"], output["deep"]["long"].as_array().map(Vec::len)), (&json!(["a"]), Some(0)));
        assert!(output["middle"].as_array().is_some_and(|list| !list.is_empty() && list.len() < 40));
        assert_eq!(output["omitted"], 20 + 40 - output["middle"].as_array().map_or(0, Vec::len));
    }

    #[test]
    fn what_has_no_list_cannot_be_cut() {
        assert!(!fit(&mut json!({"text": "x".repeat(2_000)}), 1_000));
        assert!(!fit(&mut json!(vec!["x"; 2_000]), 1_000));
    }

    proptest! {
        #[test]
        fn what_fits_is_left_alone_and_what_is_cut_fits(
            lengths in prop::collection::vec(0_usize..60, 0..60), limit in 80_usize..2_000,
        ) {
            let before = json!({"a": lengths.iter().map(|n| "é".repeat(*n)).collect::<Vec<_>>(), "b": {"c": lengths}});
            let mut output = before.clone();
            if fit(&mut output, limit) {
                prop_assert!(bytes(&output) <= limit);
                prop_assert_eq!(output == before, bytes(&before) <= limit);
            } else {
                prop_assert!(bytes(&before) > limit);
            }
        }
    }
}
