//! What a failed request to a model server means, and whether another try may pass.
//!
//! A server's own words are handed on, shortened, and never with the key: OpenAI repeats a part of a wrong one.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::address::Address;
use crate::models::{
    ModelErrorKind as Kind,
    patience::{Again, Fault},
};

/// Longer words of a server are a web page.
const WORDS: usize = 300;

/// The server's answer is a refusal.
pub(super) fn refused(
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
    address: &Address,
    key: Option<&str>,
) -> Fault {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let code = json.pointer("/error/code").and_then(Value::as_str).unwrap_or_default();
    let (kind, mut again) = match status.as_u16() {
        401 | 403 => {
            let message = format!("the model server at `{address}` refuses the key: check OPENAI_API_KEY ({status})");
            return Fault::new(Kind::AccessDenied, message, Again::Never);
        }
        400 | 413 | 422 if is_too_long(&json, code) => (Kind::TooLong, Again::Never),
        404 => (Kind::NotFound, Again::Never),
        429 if code == "insufficient_quota" => (Kind::Throttled, Again::Never),
        429 => (Kind::Throttled, Again::Soon),
        408 | 409 | 500..=599 => (Kind::Unavailable, Again::Soon),
        _ => (Kind::Invalid, Again::Never),
    };
    if let (Again::Soon, Some(wait)) = (again, retry_after(headers)) {
        again = Again::After(wait);
    }
    let said = words(&json, body);
    let said = key.map_or(said.clone(), |key| said.replace(key, "(the key)"));
    Fault::new(kind, format!("model `{address}`: {said} ({status})"), again)
}

/// OpenAI's code, llama.cpp's type, and the words of those who copy OpenAI's.
fn is_too_long(json: &Value, code: &str) -> bool {
    let text = |place: &str| json.pointer(place).and_then(Value::as_str).unwrap_or_default();
    code == "context_length_exceeded"
        || text("/error/type") == "exceed_context_size_error"
        || ["/error/message", "/message"].iter().any(|place| text(place).contains("maximum context length"))
}

/// The server failed in the middle of a stream, or says so in an answer that otherwise looks well.
pub(super) fn in_answer(error: &Value, address: &Address) -> Fault {
    let said = words(error, &error.to_string());
    Fault::new(Kind::Unavailable, format!("model `{address}`: {said}"), Again::Soon)
}

/// The server's answer is none.
pub(super) fn unreadable(address: &Address, what: &str) -> Fault {
    Fault::new(Kind::BadAnswer, format!("model `{address}`: {what}"), Again::Never)
}

/// The server was not reached, or lost.
pub(super) fn unreachable(error: &reqwest::Error, address: &Address) -> Fault {
    if error.is_connect() {
        let message = format!("no model server answers at `{address}`: is it running?");
        return Fault::new(Kind::Unavailable, message, Again::Never);
    }
    Fault::new(Kind::Unavailable, format!("the connection to model `{address}` broke off"), Again::Soon)
}

fn words(json: &Value, body: &str) -> String {
    let places = ["/error/message", "/message", "/error", "/detail"];
    let said = places.iter().find_map(|place| json.pointer(place).and_then(Value::as_str)).unwrap_or(body).trim();
    match said.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", said.get(..end).unwrap_or_default()),
        None if said.is_empty() => "no message".to_owned(),
        None => said.to_owned(),
    }
}

/// Seconds, or OpenAI's milliseconds. A date is not read: no model server sends one.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok();
    let wait = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(wait).ok()
}
