//! Parked calls as text. Their inputs were written by a model, which may try to deceive the person who decides. So nothing
//! in them can move the cursor, hide a part, or look like another line of the list.

use std::fmt::Write;

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use serde::Serialize;
use serde_json::Value;
use toolgate_dynamodb::{Decision, PendingApproval, UnreadableApproval};

use crate::terminal;

/// The parked calls, one per line. Inputs are never truncated, since a person approves all of an input.
pub(super) fn table(pending: &[PendingApproval], now: DateTime) -> String {
    let head = ["ID", "TOOL", "FOR", "EXPIRES IN", "INPUT"].map(str::to_owned);
    let rows = pending.iter().map(|parked| {
        let time_left = time_left(&parked.expires_at, now);
        [visible(&parked.id), visible(&parked.tool), visible(&owner(parked)), visible(&time_left), input(parked)]
    });
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let line: String = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A call as several lines, for the question before it is approved.
pub(super) fn call(parked: &PendingApproval, now: DateTime) -> String {
    let mut text = format!("{}: {} for {}, ", visible(&parked.id), visible(&parked.tool), visible(&owner(parked)));
    text.push_str(&format!("expires in {}\n", visible(&time_left(&parked.expires_at, now))));
    for (name, value) in &parked.input {
        text.push_str(&format!("  {} = {}\n", visible(name), visible(&value.to_string())));
    }
    text
}

/// One line about a call that cannot be read.
pub(super) fn unreadable(call: &UnreadableApproval) -> String {
    let id = call.id.as_deref().unwrap_or("without an id");
    format!("cannot be read, and never runs: {} (`{}`): {}", visible(id), visible(&call.key), visible(&call.reason))
}

/// One line about a decision.
pub(super) fn decided(parked: &PendingApproval, decision: Decision, by: &str) -> String {
    let [id, tool, owner, by] = [&parked.id, &parked.tool, &owner(parked), by].map(visible);
    format!("{} {id} by {by}: {tool} {} for {owner}", decision.as_str(), input(parked))
}

/// A call with what `approve --digest` takes.
#[derive(Debug, Serialize)]
pub(super) struct WithDigest<'a> {
    #[serde(flatten)]
    call: &'a PendingApproval,
    digest: String,
}

impl<'a> WithDigest<'a> {
    pub(super) fn of(call: &'a PendingApproval) -> Self {
        Self { call, digest: call.digest() }
    }
}

/// JSON on one line, in ASCII where a terminal might act on it.
pub(super) fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(|text| escape(&text, is_unsafe))
}

fn input(parked: &PendingApproval) -> String {
    visible(&Value::Object(parked.input.clone()).to_string())
}

/// The caller of a call: its declared identity and session.
fn owner(parked: &PendingApproval) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let caller = parked.caller.iter().flatten().map(|(name, value)| format!("{name} {}", text(value)));
    let session = parked.session.iter().map(|session| format!("session {session}"));
    let parts: Vec<String> = caller.chain(session).collect();
    if parts.is_empty() { "anybody".to_owned() } else { parts.join(", ") }
}

/// The time until the expiry, in its two largest units.
fn time_left(until: &str, now: DateTime) -> String {
    let Ok(until) = DateTime::from_str(until, DateTimeFormat::DateTime) else { return until.to_owned() };
    let seconds = (until.secs() - now.secs()).max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Text with JSON escapes for unsafe characters, and for white space that could imitate another line of the list.
fn visible(text: &str) -> String {
    let mut before = '\0';
    escape(text, |c| {
        let space = if c == ' ' { before == ' ' } else { c.is_whitespace() };
        before = c;
        space || is_unsafe(c)
    })
}

fn escape(text: &str, mut is: impl FnMut(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match is(c) {
            false => escaped.push(c),
            true => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // writing to a text cannot fail
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
        }
    }
    escaped
}

/// Control characters, and invisible and bidirectional ones.
fn is_unsafe(c: char) -> bool {
    !terminal::is_printable(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parked(value: Value) -> PendingApproval {
        serde_json::from_value(value).unwrap()
    }

    fn plain() -> Value {
        json!({
            "id": "APR-7M2KQ4XWZA", "tool": "request_refund", "input": {"amount": "129.95", "orderId": "ORD-123"},
            "session": null, "caller": {"customerId": "CUST-12345"}, "expiresAt": "2026-03-01T12:00:00Z",
        })
    }

    fn at(text: &str) -> DateTime {
        DateTime::from_str(text, DateTimeFormat::DateTime).unwrap()
    }

    #[test]
    fn a_list_is_a_table_with_whole_inputs() {
        let mut other = plain();
        other["session"] = json!("s-1");
        other["caller"] = Value::Null;
        other["input"] = json!({"reason": "x".repeat(400)});
        let text = table(&[parked(plain()), parked(other)], at("2026-03-01T10:29:30Z"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ID              TOOL            FOR                    EXPIRES IN  INPUT");
        assert_eq!(
            lines[1],
            "APR-7M2KQ4XWZA  request_refund  customerId CUST-12345  1 h 30 min  \
             {\"amount\":\"129.95\",\"orderId\":\"ORD-123\"}"
        );
        assert!(
            lines[2].contains("  session s-1            1 h 30 min  ")
                && lines[2].ends_with(&format!("{}\"}}", "x".repeat(400)))
        );
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn the_time_left_has_two_units() {
        let time_left = |now| time_left("2026-03-01T12:00:00Z", at(now));
        assert_eq!(time_left("2026-02-27T10:59:00Z"), "2 d 1 h");
        assert_eq!(time_left("2026-03-01T09:59:59Z"), "2 h 0 min");
        assert_eq!(time_left("2026-03-01T11:58:59Z"), "1 min");
        assert_eq!(time_left("2026-03-01T11:59:18Z"), "42 s");
        assert_eq!(time_left("2026-03-01T12:00:01Z"), "0 s");
    }

    /// A reason that would clear the screen, turn text around, or look like a harmless line of its own.
    const HOSTILE: &str =
        "a\u{1b}[2J\u{9b}1A\r\nAPR-AAAAAAAAAA\u{202e}x\u{200b}\u{7f}\u{e0041}  \u{2003}\u{a0}b \\ \" \u{fc}";

    #[test]
    fn a_hostile_input_stays_text() {
        let mut value = plain();
        value["input"] = json!({"reason": HOSTILE, "\u{1b}]0;title\u{7}": 1});
        value["session"] = json!("s\u{1b}[2J\nAPR-BBBBBBBBBB  x");
        value["caller"] = json!({"customerId": "c\r\u{1b}c"});
        let parked = parked(value);
        let text = table(std::slice::from_ref(&parked), at("2026-03-01T10:29:30Z"));
        assert_eq!(text.lines().count(), 2, "{text}");
        let line = decided(&parked, Decision::Approve, "dana\u{1b}[2J");
        let json = json(&parked).unwrap();
        let asked = call(&parked, at("2026-03-01T10:29:30Z"));
        assert_eq!(asked.lines().count(), 3, "{asked}");
        for shown in [text, asked]
            .map(|text| text.trim_end_matches('\n').replace('\n', ""))
            .into_iter()
            .chain([line.clone(), json.clone()])
        {
            assert!(!shown.contains(is_unsafe), "{shown:?}");
        }
        assert!(
            line.contains(
                r#"a\u001b[2J\u009b1A\r\nAPR-AAAAAAAAAA\u202ex\u200b\u007f\udb40\udc41 \u0020\u2003\u00a0b \\ \" ü"#
            ),
            "{line}"
        );
        let back: PendingApproval = serde_json::from_str(&json).unwrap();
        assert_eq!(back, parked);
    }
}
