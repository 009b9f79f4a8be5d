//! The request fields that a model server accepts: some reject a field that others require.

use std::sync::atomic::{AtomicBool, Ordering};

use super::address::Address;

/// The phrases with which servers report an unknown field, as opposed to an invalid value.
const UNKNOWN: [&str; 8] =
    ["unsupported", "not supported", "unrecognized", "unknown", "unexpected", "not permitted", "extra", "instead"];

/// The fields of a request that depend on the server.
#[derive(Debug)]
pub(super) struct Compatibility {
    new_limit: AtomicBool,
    no_stream_options: AtomicBool,
}

impl Compatibility {
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
    fn an_unknown_field_is_distinguished_from_an_invalid_value() {
        let compatibility = Compatibility::of(&Address::parse("http://127.0.0.1:1/v1#m").unwrap());
        assert_eq!(compatibility.limit(), "max_tokens");
        assert!(!compatibility.learn(r#"{"error":{"message":"max_tokens is too large: 99999"}}"#));
        assert!(compatibility.learn("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."));
        assert_eq!(compatibility.limit(), "max_completion_tokens");
        assert!(
            compatibility.learn("Unrecognized request argument supplied: stream_options")
                && !compatibility.stream_options()
        );
        assert!(!compatibility.learn("stream_options"), "learned once");
    }
}
