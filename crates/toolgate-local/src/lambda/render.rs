//! Renders a function's log line: time, level, function, request id, and message.
//!
//! `12:39:51.050Z INFO  billing   8dcca068  request_refund: ok in 17.5 ms (function, replayed)`, in UTC

use serde_json::{Map, Value};

use toolgate::sanitize;

use super::line::Line;
use crate::turns::LogLine;

/// Fields that are not repeated, because another part of the line shows them.
const ELSEWHERE: [&str; 7] = ["timestamp", "level", "target", "message", "request_id", "requestId", "AWSRequestId"];
/// Fields that the text of a call line contains.
const OF_A_CALL: [&str; 8] = ["tool", "wire", "outcome", "gate", "duration_ms", "dropped", "replayed", "cached"];

/// The line, with colours for a terminal.
pub(super) fn render(line: &Line<'_>, colours: bool) -> String {
    let paint = |code: &str, text: &str| if colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let fields: Option<Map<String, Value>> = serde_json::from_str(line.text).ok();
    let fields = fields.filter(|fields| fields.contains_key("level") || fields.contains_key("message"));
    let field = |name: &str| fields.as_ref().and_then(|fields| fields.get(name)?.as_str());
    let time = field("timestamp").and_then(time_of_day).unwrap_or_else(now);
    let level = field("level").unwrap_or("").to_uppercase();
    let request = ELSEWHERE.iter().skip(4).find_map(|name| field(name)).or(line.request).unwrap_or("");
    let request: String = request.chars().take(8).collect();
    let text = fields.as_ref().map_or_else(|| line.text.to_owned(), words);
    let grave = match level.as_str() {
        "ERROR" => "31",
        "WARN" => "33",
        "INFO" => "32",
        _ => "2",
    };
    let request = if request.is_empty() { request } else { format!("{}  ", paint("2", &format!("{request:<8}"))) };
    let (time, level) = (paint("2", &time), paint(grave, &format!("{level:<5}")));
    let function = paint(colour(line.function), &format!("{:<9}", line.function));
    format!("{time} {level} {function} {request}{}", sanitize::line(&text))
}

/// The line as it is recorded.
pub(super) fn recorded(line: &Line<'_>) -> LogLine {
    let fields: Option<Map<String, Value>> = serde_json::from_str(line.text).ok();
    let field = |name: &str| fields.as_ref().and_then(|fields| fields.get(name)?.as_str());
    let at = field("timestamp").map_or_else(|| format!("{:.3}", jiff::Timestamp::now()), str::to_owned);
    let is_structured = field("level").is_some() || field("message").is_some();
    let text = fields.as_ref().filter(|_| is_structured).map_or_else(|| line.text.to_owned(), words);
    LogLine::new(at, field("level").unwrap_or_default().to_lowercase(), &text)
}

/// The message and its fields.
fn words(fields: &Map<String, Value>) -> String {
    let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let message = text("message").unwrap_or_default();
    let call = text("tool").zip(text("outcome")).filter(|_| message == "call");
    let mut words = match call {
        Some((tool, outcome)) => called(fields, tool, outcome),
        None => message.to_owned(),
    };
    for (name, value) in fields {
        let known = ELSEWHERE.contains(&name.as_str()) || call.is_some() && OF_A_CALL.contains(&name.as_str());
        if !known {
            words.push_str(&match value {
                Value::String(text) => format!(" {name}=`{text}`"),
                other => format!(" {name}={other}"),
            });
        }
    }
    words.trim_start().to_owned()
}

/// The log line of a call.
fn called(fields: &Map<String, Value>, tool: &str, outcome: &str) -> String {
    let mut words = format!("{tool}: {outcome}");
    if let Some(gate) = fields.get("gate").and_then(Value::as_str).filter(|gate| !gate.is_empty()) {
        words.push_str(&format!(" at the gate `{gate}`"));
    }
    if let Some(duration) = fields.get("duration_ms").and_then(Value::as_f64) {
        words.push_str(&format!(" in {duration:.1} ms"));
    }
    let mut more: Vec<String> = fields.get("wire").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
    let is = |name: &str| fields.get(name).and_then(Value::as_bool) == Some(true);
    more.extend(["replayed", "cached"].into_iter().filter(|name| is(name)).map(str::to_owned));
    if let Some(dropped) = fields.get("dropped").and_then(Value::as_u64).filter(|dropped| *dropped > 0) {
        more.push(format!("{dropped} fields dropped"));
    }
    if !more.is_empty() {
        words.push_str(&format!(" ({})", more.join(", ")));
    }
    words
}

/// `12:39:51.050Z` of a timestamp.
fn time_of_day(timestamp: &str) -> Option<String> {
    let time = timestamp.split_once('T')?.1.get(..12)?;
    time.bytes().all(|byte| byte.is_ascii_digit() || b":.".contains(&byte)).then(|| format!("{time}Z"))
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%H:%M:%S%.3fZ").to_string()
}

/// One colour per function, independent of the order in which functions start.
fn colour(function: &str) -> &'static str {
    let colours = ["36", "35", "34", "33", "32", "96", "95", "94"];
    let hash = function.bytes().fold(7_usize, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    colours.get(hash % colours.len()).copied().unwrap_or("36")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line<'_> {
        Line { function: "billing", request: Some("1a1920f0-758b-4841"), text }
    }

    #[test]
    fn the_line_of_a_call_is_a_sentence() {
        let call = r#"{"timestamp":"2026-11-23T18:39:50.715570Z","level":"INFO","message":"call","tool":"request_refund","wire":"function","outcome":"ok","gate":"","duration_ms":7.459,"request_id":"8dcca068-67db-41ec","dropped":2,"replayed":true,"cached":false,"target":"toolgate::telemetry"}"#;
        let rendered = "18:39:50.715Z INFO  billing   8dcca068  request_refund: ok in 7.5 ms \
                        (function, replayed, 2 fields dropped)";
        assert_eq!(render(&line(call), false), rendered);
        let refused = r#"{"timestamp":"2026-11-23T18:39:50.715570Z","level":"ERROR","message":"call","tool":"pay","wire":"api","outcome":"internal","gate":"once","duration_ms":1.0,"cause":"no table"}"#;
        let rendered =
            "18:39:50.715Z ERROR billing   1a1920f0  pay: internal at the gate `once` in 1.0 ms (api) cause=`no table`";
        assert_eq!(render(&line(refused), false), rendered);
    }

    #[test]
    fn other_lines_keep_their_fields_and_the_request_that_was_running() {
        let own = r#"{"level":"warn","message":"a slow table","table":"Orders","items":7}"#;
        assert!(render(&line(own), false).ends_with(" WARN  billing   1a1920f0  a slow table table=`Orders` items=7"));
        for plain in ["thread 'main' panicked", r#"{"own":"json"}"#, "[1]"] {
            assert!(render(&line(plain), false).ends_with(&format!("billing   1a1920f0  {plain}")), "{plain}");
        }
    }

    #[test]
    fn colours_are_for_terminals_and_nothing_else_steers_one() {
        assert!(render(&line("x"), true).contains("\x1b[2m"));
        let evil = "a\x1b[2Jb\rc\u{9b}8m\u{202e}d";
        assert!(render(&line(evil), false).ends_with(" a[2Jbc8md"), "{}", render(&line(evil), false));
        let evil = render(&line(r#"{"message":"\u001b[2J\u202e","field":"\u009d0;x\u0007"}"#), false);
        assert!(evil.ends_with("  [2J field=`0;x`"), "{evil}");
    }
}
