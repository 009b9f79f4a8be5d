//! The request fields that a model server accepts: some reject a field that others require.

use std::sync::atomic::{AtomicBool, Ordering};

use super::address::Address;

/// The phrases with which servers report an unknown field, as opposed to an invalid value.
const UNKNOWN: [&str; 8] =
    ["unsupported", "not supported", "unrecognized", "unknown", "unexpected", "not permitted", "extra", "instead"];

/// The fields of a request that depend on the server.
#[derive(Debug)]
pub(super) struct Habits {
    new_limit: AtomicBool,
    no_stream_options: AtomicBool,
}

impl Habits {
    /// OpenAI itself has renamed a field that other servers still use under its old name.
    pub(super) fn of(address: &Address) -> Self {
        Self { new_limit: AtomicBool::new(address.is_openai()), no_stream_options: AtomicBool::new(false) }
    }

    /// The field for the maximum number of tokens of an answer.
    pub(super) fn limit(&self) -> &'static str {
        if self.new_limit.load(Ordering::Relaxed) { "max_completion_tokens" } else { "max_tokens" }
    }

    /// Whether a stream may request its token usage.
    pub(super) fn stream_options(&self) -> bool {
        !self.no_stream_options.load(Ordering::Relaxed)
    }

    /// Learns from a refusal. Returns whether the next request will differ.
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
