//! A tool's reply: its value, whether it is an error, and the approval for which a parked call waits.

use serde_json::Value;

use crate::progress::Progress;

/// The kind of the error with which a tool parks a call.
const WAITING: &str = "waiting for approval";

/// What a tool's reply means: an output, and an approval if the call is parked.
pub(super) fn progress(call: &str, text: &str, is_error: bool) -> Vec<Progress> {
    // a reply that is not JSON is text
    let output = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let parked = approval(&output).map(|approval| Progress::Parked { approval, id: call.to_owned() });
    let is_error = is_error || output.get("error").is_some_and(|error| error.get("kind").is_some());
    let output = Progress::Output { id: call.to_owned(), output, is_error };
    [Some(output), parked].into_iter().flatten().collect()
}

/// The id of the approval, if a reply says that its call was parked.
fn approval(output: &Value) -> Option<String> {
    let error = output.get("error")?;
    if error.get("kind")?.as_str()? != WAITING {
        return None;
    }
    let (_, rest) = error.get("message")?.as_str()?.split_once("APR-")?;
    let end: String = rest.chars().take_while(|c| matches!(c, 'A'..='Z' | '2'..='7')).take(10).collect();
    (end.len() == 10).then(|| format!("APR-{end}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_error_of_a_parked_call_names_an_approval() {
        let of = |kind: &str, message: &str| approval(&json!({"error": {"kind": kind, "message": message}}));
        assert_eq!(of(WAITING, "it is parked as `APR-7M2KQ4XWZA`; repeat").as_deref(), Some("APR-7M2KQ4XWZA"));
        assert_eq!(of("refused", "`APR-7M2KQ4XWZA`"), None);
        assert_eq!(of(WAITING, "`APR-7M2KQ4`"), None);
        assert_eq!(approval(&json!("APR-7M2KQ4XWZA")), None);
    }

    #[test]
    fn a_reply_that_is_no_json_is_text() {
        let expected = Progress::Output { id: "c".to_owned(), output: json!("{not json"), is_error: false };
        assert_eq!(progress("c", "{not json", false), [expected]);
    }
}
