//! What a model server turns out to take: some refuse a field that others need.

use std::sync::atomic::{AtomicBool, Ordering};

use super::address::Address;

/// How servers say that they do not know a field, rather than that its value is wrong.
const UNKNOWN: [&str; 8] =
    ["unsupported", "not supported", "unrecognized", "unknown", "unexpected", "not permitted", "extra", "instead"];

/// The fields of a request that depend on the server.
#[derive(Debug)]
pub(super) struct Habits {
    new_limit: AtomicBool,
    no_stream_options: AtomicBool,
}

impl Habits {
    /// OpenAI itself has given up a name that all others still go by.
    pub(super) fn of(address: &Address) -> Self {
        Self { new_limit: AtomicBool::new(address.is_openai()), no_stream_options: AtomicBool::new(false) }
    }

    /// The field for the most tokens of an answer.
    pub(super) fn limit(&self) -> &'static str {
        if self.new_limit.load(Ordering::Relaxed) { "max_completion_tokens" } else { "max_tokens" }
    }

    /// Whether a stream may be asked for its tokens.
    pub(super) fn stream_options(&self) -> bool {
        !self.no_stream_options.load(Ordering::Relaxed)
    }

    /// Takes note of a refusal. Whether there was something to learn from it.
    pub(super) fn learn(&self, refusal: &str) -> bool {
        let refusal = refusal.to_lowercase();
        if self.stream_options() && refusal.contains("stream_options") {
            self.no_stream_options.store(true, Ordering::Relaxed);
            return true;
        }
        let unknown = UNKNOWN.iter().any(|word| refusal.contains(word));
        if unknown && refusal.contains(self.limit()) {
            self.new_limit.fetch_xor(true, Ordering::Relaxed);
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_unknown_is_told_from_a_value_that_is_wrong() {
        let habits = Habits::of(&Address::parse("http://127.0.0.1:1/v1#m").unwrap());
        assert_eq!(habits.limit(), "max_tokens");
        assert!(!habits.learn(r#"{"error":{"message":"max_tokens is too large: 99999"}}"#));
        assert!(habits.learn("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."));
        assert_eq!(habits.limit(), "max_completion_tokens");
        assert!(habits.learn("Unrecognized request argument supplied: stream_options") && !habits.stream_options());
        assert!(!habits.learn("stream_options"), "learned once");
    }
}
