//! Maps failed requests to a model server to errors, and decides whether a retry may succeed.
//!
//! A server's own message is passed on, truncated, and without the key: OpenAI repeats a part of a wrong key.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

use super::address::Address;
use crate::{
    model::ModelErrorKind as Kind,
    retry::{AttemptError, RetryAfter},
};

/// Maximum length of a server's message. A longer one is a web page.
const WORDS: usize = 300;

/// The server refused the request.
pub(super) fn refused(
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
    address: &Address,
    key: Option<&str>,
) -> AttemptError {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let code = json.pointer("/error/code").and_then(Value::as_str).unwrap_or_default();
    let (kind, mut again) = match status.as_u16() {
        401 | 403 => {
            let message = format!("the model server at `{address}` refuses the key: check OPENAI_API_KEY ({status})");
            return AttemptError::new(Kind::AccessDenied, message, RetryAfter::Never);
        }
        400 | 413 | 422 if is_too_long(&json, code) => (Kind::TooLong, RetryAfter::Never),
        300..=399 => {
            let message = format!(
                "the model server at `{address}` redirects, which is not followed: give its final address ({status})"
            );
            return AttemptError::new(Kind::Invalid, message, RetryAfter::Never);
        }
        404 => (Kind::NotFound, RetryAfter::Never),
        429 if code == "insufficient_quota" => (Kind::Throttled, RetryAfter::Never),
        429 => (Kind::Throttled, RetryAfter::Soon),
        408 | 409 | 500..=599 => (Kind::Unavailable, RetryAfter::Soon),
        _ => (Kind::Invalid, RetryAfter::Never),
    };
    if let (RetryAfter::Soon, Some(wait)) = (again, retry_after(headers)) {
        again = RetryAfter::After(wait);
    }
    let message = words(&json, body);
    let message = key.map_or(message.clone(), |key| message.replace(key, "(the key)"));
    AttemptError::new(kind, format!("model `{address}`: {message} ({status})"), again)
}

/// OpenAI's code, llama.cpp's type, and the messages of compatible servers.
fn is_too_long(json: &Value, code: &str) -> bool {
    let text = |place: &str| json.pointer(place).and_then(Value::as_str).unwrap_or_default();
    code == "context_length_exceeded"
        || text("/error/type") == "exceed_context_size_error"
        || ["/error/message", "/message"].iter().any(|place| text(place).contains("maximum context length"))
}

/// The server failed in the middle of a stream, or reports an error in a response with a success status.
pub(super) fn in_answer(error: &Value, address: &Address) -> AttemptError {
    let message = words(error, &error.to_string());
    AttemptError::new(Kind::Unavailable, format!("model `{address}`: {message}"), RetryAfter::Soon)
}

/// The server's response is not a valid completion.
pub(super) fn unreadable(address: &Address, what: &str) -> AttemptError {
    AttemptError::new(Kind::BadAnswer, format!("model `{address}`: {what}"), RetryAfter::Never)
}

/// The server cannot be reached, or the connection broke.
pub(super) fn unreachable(error: &reqwest::Error, address: &Address) -> AttemptError {
    if error.is_connect() {
        let message = format!("no model server answers at `{address}`: is it running?");
        return AttemptError::new(Kind::Unavailable, message, RetryAfter::Never);
    }
    AttemptError::new(Kind::Unavailable, format!("the connection to model `{address}` broke off"), RetryAfter::Soon)
}

fn words(json: &Value, body: &str) -> String {
    let places = ["/error/message", "/message", "/error", "/detail"];
    let message = places.iter().find_map(|place| json.pointer(place).and_then(Value::as_str)).unwrap_or(body).trim();
    match message.char_indices().nth(WORDS) {
        Some((end, _)) => format!("{}…", message.get(..end).unwrap_or_default()),
        None if message.is_empty() => "no message".to_owned(),
        None => message.to_owned(),
    }
}

/// Seconds, OpenAI's milliseconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok();
    if let Some(wait) = number("retry-after-ms").map(|ms| ms / 1000.0).or_else(|| number("retry-after")) {
        return Duration::try_from_secs_f64(wait).ok();
    }
    let date = jiff::fmt::rfc2822::parse(text("retry-after")?).ok()?;
    // A date in the past means now.
    Some(Duration::try_from(date.timestamp().duration_since(Timestamp::now())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_seconds_milliseconds_or_a_date() {
        let pause = |name: &'static str, value: &str| {
            retry_after(&HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())]))
        };
        assert_eq!(pause("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(pause("retry-after-ms", "20"), Some(Duration::from_millis(20)));
        assert_eq!(pause("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        let later = Timestamp::now() + Duration::from_secs(100);
        let later = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&later).unwrap();
        let wait = pause("retry-after", &later).unwrap().as_secs();
        assert!((95..=100).contains(&wait), "{later}: {wait}");
        assert_eq!(pause("retry-after", "soon"), None);
    }
}
